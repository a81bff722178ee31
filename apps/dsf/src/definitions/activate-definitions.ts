import {
  buildCatalog,
  formatChange,
  freshSnapshot,
  planChanges,
  type Catalog,
  type Change,
  type Definitions,
  type Problem,
  type Snapshot,
} from '@dsf/metadata';
import type { Installation } from '@dsf/wiring';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { customMeasures, type Session } from '../session.ts';
import type { ReadFiles } from './read-files.ts';
import { refuseErrors, sayProblems } from './say-problems.ts';

/** What activating definitions has done, or would do. */
export interface Activated {
  readonly kind: 'activated' | 'unchanged' | 'planned';
  readonly version: number;
  readonly changes: readonly Change[];
}

/** The version in force; null before the first. */
export const loadCurrent = async ({ metadata }: Installation): Promise<Snapshot | null> => {
  const version = await metadata.currentVersion();
  return version === 0 ? null : metadata.loadVersion(version);
};

const catalogOf = (snapshot: Snapshot | null, version: number): Catalog | null =>
  snapshot === null ? null : buildCatalog(snapshot, version, { customMeasures: 'any' }).catalog;

/** What would change, without changing it. `previous` is null where nothing was ever activated. @throws CommandError `refused` */
export const planFiles = async (
  session: Session,
  files: ReadFiles,
  { json, ...previous }: { readonly snapshot: Snapshot | null; readonly version: number; readonly json: boolean },
): Promise<Activated> => {
  const version = previous.version + 1;
  const facts = { paths: files.knownPaths, customMeasures: await customMeasures(session) };
  const { catalog, problems } = buildCatalog(freshSnapshot(previous.snapshot, files.definitions), version, facts);
  await refuseErrors(session, problems.map(files.withLocation), { texts: files.texts, json });
  const changes = catalog === null ? [] : planChanges(catalogOf(previous.snapshot, previous.version), catalog);
  return { kind: 'planned', version, changes };
};

/** Edits by plain SQL that no version has; null when the tables stand as they were activated. */
const pendingEdits = async ({ metadata }: Installation, current: Snapshot | null): Promise<readonly string[] | null> => {
  const { definitions, problems } = await metadata.readTables();
  if (definitions === null) return problems.map(({ message }) => message);
  const next = buildCatalog(freshSnapshot(current, definitions), 0, { customMeasures: 'any' });
  if (next.catalog === null) return next.problems.map(({ message }) => message);
  const changes = planChanges(catalogOf(current, 0), next.catalog);
  return changes.length === 0 ? null : changes.map(formatChange);
};

/** @throws CommandError when the tables hold edits that replacing them would lose */
export const assertNothingPending = async (session: Session, installation: Installation, current: Snapshot | null): Promise<void> => {
  const edits = await pendingEdits(installation, current);
  if (edits === null) return;
  for (const line of edits) await session.talk.line(`  ${line}`);
  throw new CommandError(
    exitCodes.failure,
    'the config tables hold the edits above, which were never activated and would be lost',
    'keep them with `dsf activate`, look at them with `dsf export`, or replace them with --overwrite',
  );
};

export interface Activating {
  /** Null takes the config tables as they stand. */
  readonly files: Pick<ReadFiles, 'definitions' | 'knownPaths' | 'withLocation' | 'texts'> | null;
  readonly comment: string;
  /** Say warnings too; an older version's were said when it was made. */
  readonly warn: boolean;
  /** Print what is refused as JSON too. */
  readonly json: boolean;
}

/** Makes definitions the version in force. @throws CommandError `refused`, after saying every problem; nothing has changed then */
export const activateDefinitions = async (
  session: Session,
  installation: Installation,
  { files, comment, warn, json }: Activating,
): Promise<Activated> => {
  const { metadata, clock } = installation;
  const before = { version: await metadata.currentVersion(), snapshot: await loadCurrent(installation) };
  const locate = files?.withLocation ?? ((problem: Problem) => problem);
  const texts = files?.texts ?? new Map<string, string>();
  const measures = await customMeasures(session);
  let warnings: readonly Problem[] = [];
  const result = await metadata.activate({
    ...(files === null ? {} : { definitions: files.definitions }),
    comment,
    now: clock.now(),
    check: (snapshot, version) => {
      const built = buildCatalog(snapshot, version, { customMeasures: measures, ...(files !== null && { paths: files.knownPaths }) });
      warnings = built.problems;
      return built;
    },
  });
  if (result.kind === 'refused') {
    await refuseErrors(session, result.problems.map(locate), { texts, json });
    throw new CommandError(exitCodes.refused, 'refused; nothing was changed');
  }
  if (warn) await sayProblems(session, warnings.map(locate), texts);
  if (result.kind === 'unchanged') return { ...result, changes: [] };
  const next = catalogOf(await metadata.loadVersion(result.version), result.version);
  return { ...result, changes: next === null ? [] : planChanges(catalogOf(before.snapshot, before.version), next) };
};

/** The definitions of an older version, to be activated again. */
export const definitionsOnly = (definitions: Definitions): NonNullable<Activating['files']> => ({
  definitions,
  knownPaths: new Map(),
  withLocation: (problem) => problem,
  texts: new Map(),
});

const verdicts: Readonly<Record<Activated['kind'], (version: number) => string>> = {
  activated: (version) => `version ${version} is in force; running services take it up within a second`,
  unchanged: (version) => `nothing differs from version ${version}, so no version was made`,
  planned: (version) => `nothing was changed; \`dsf apply\` would make this version ${version}`,
};

/** Changes are data, the verdict is talk. */
export const sayActivated = async ({ out, talk }: Session, { kind, version, changes }: Activated, json: boolean): Promise<void> => {
  if (json) return out.line(jsonText({ kind, version, changes }));
  for (const change of changes) await out.line(formatChange(change));
  await talk.line(kind === 'planned' && changes.length === 0 ? 'nothing would change' : verdicts[kind](version));
};
