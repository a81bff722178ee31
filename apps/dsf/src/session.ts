import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { Readable } from 'node:stream';
import { parseDatabase, type ConfigOf, type embeddedSettings, type Environment, type InternalConfig } from '@dsf/config';
import { buildCatalog, type Catalog } from '@dsf/metadata';
import { startTracing } from '@dsf/observability';
import { loadCustomMeasures, openInstallation, type Installation, type InstallationOptions } from '@dsf/wiring';
import { CommandError, exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';

/** What a command may touch of the world outside. */
export interface Session {
  /** Folder of the installation, absolute. */
  readonly home: string;
  /** Settings of `run` and `demo`. @throws ConfigError that lists everything that is wrong */
  readonly config: () => ConfigOf<typeof embeddedSettings>;
  /** True when the environment asks for health and metrics over HTTP. */
  readonly wantsHttp: boolean;
  /** Modules with custom measures, separated by commas. */
  readonly measures: string | null;
  /** What carries the internal topics. @throws ConfigError that lists everything that is wrong */
  readonly internal: () => InternalConfig;
  /** Where connections find the secrets that they name. */
  readonly environment: Environment;
  /** Show where unexpected errors came from. */
  readonly debug: boolean;
  readonly input: Readable;
  /** Data. */
  readonly out: Output;
  /** Everything that is said to a person. */
  readonly talk: Output;
  /** From here on the first Ctrl-C or SIGTERM asks to finish, by this signal, and the second ends the process at once. The same signal each time. */
  readonly drainOnSignal: () => AbortSignal;
}

/** A path as the user would write it. */
export const shownPath = (path: string): string => {
  const short = relative('.', path);
  return short === '' ? '.' : short.startsWith('..') ? path : `./${short}`;
};

type Open = (options: InstallationOptions) => Promise<Installation>;

/** Opens the installation, makes it when it is not there, and closes it whatever happens. */
export const withInstallation = async <T>(
  session: Session,
  work: (installation: Installation) => Promise<T>,
  open: Open = openInstallation,
): Promise<T> => {
  const { home, measures, environment } = session;
  const tracing = await startTracing(environment, 'dsf');
  try {
    const installation = await open({ home, measures, environment, internal: session.internal(), tracer: tracing.tracer });
    try {
      return await work(installation);
    } finally {
      await installation.close();
    }
  } finally {
    await tracing.close();
  }
};

/** With a database elsewhere there is an installation, whatever is in the folder. */
const isThere = ({ home, environment }: Session): boolean => existsSync(home) || parseDatabase(environment).database !== 'sqlite';

/** The same for commands that make no sense without one: a mistyped folder must not look like an empty installation. */
export const withExisting = async <T>(session: Session, work: (installation: Installation) => Promise<T>, open?: Open): Promise<T> => {
  if (!isThere(session)) {
    throw new CommandError(
      exitCodes.failure,
      `there is no installation in ${shownPath(session.home)}`,
      'make one with `dsf apply <path>` or `dsf demo`, or set DSF_HOME to where it is',
    );
  }
  return withInstallation(session, work, open);
};

/** Works with the installation where there is one, and makes none where there is not. */
export const existingOrNull = async <T>(session: Session, work: (installation: Installation | null) => Promise<T>): Promise<T> =>
  isThere(session) ? withInstallation(session, work) : work(null);

/** The catalog in force; without sources, drivers and publications when nothing was ever activated. */
export const loadCatalog = async ({ metadata }: Installation): Promise<Catalog> => {
  const version = await metadata.currentVersion();
  const { catalog } =
    version === 0 ? { catalog: null } : buildCatalog(await metadata.loadVersion(version), version, { customMeasures: 'any' });
  return catalog ?? { version, settings: { lanes: 1 }, sources: [], drivers: [], publications: [] };
};

/** Names of the custom measures that definitions may use. @throws Failure `fatal` when a module or a measure in it is not what it should be */
export const customMeasures = async (session: Session): Promise<ReadonlySet<string>> => {
  if (session.measures === null) return new Set();
  // Loaded when needed: most commands start without the summariser.
  const { checkMeasures } = await import('@dsf/summariser');
  const measures = await loadCustomMeasures(session.measures);
  checkMeasures(measures);
  return new Set(measures.keys());
};
