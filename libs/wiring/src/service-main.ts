import {
  ConfigError,
  configSections,
  internalProblems,
  parseConfig,
  unknownVariables,
  type ConfigOf,
  type Environment,
  type ingestorSettings,
} from '@dsf/config';
import { createLogger, startTracing } from '@dsf/observability';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import type { RuntimeSettings } from '@dsf/runtime';
import { exitCodeOf } from './exit-codes.ts';
import { serveHealth } from './health-serving.ts';
import type { Installation } from './installation.ts';
import { keepHeapLean } from './lean-heap.ts';
import { reachInstallation } from './reach-installation.ts';

export interface ServiceMain {
  readonly phase: PhaseName;
  /** First part of the service's variables: `INGESTOR`. */
  readonly prefix: string;
  readonly settings: typeof ingestorSettings;
  readonly environment: Environment;
  /** Aborts when the service is asked to stop, perhaps before it is called. */
  readonly stop: AbortSignal;
  readonly run: (installation: Installation, settings: RuntimeSettings, telemetry: Telemetry, stop: AbortSignal) => Promise<void>;
}

/** Exit codes of the services, as docs/configuration.md has them. */
const exit = { done: 0, failed: 1, misconfigured: 2 } as const;

const runConfigured = async (main: ServiceMain, config: ConfigOf<ServiceMain['settings']>): Promise<void> => {
  const { phase, run, environment, stop } = main;
  const logger = createLogger({ level: config.logLevel, service: phase });
  for (const warning of unknownVariables(
    { settings: configSections.map(({ settings }) => settings), prefixes: ['DSF_', `${main.prefix}_`] },
    environment,
  )) {
    logger.warn({ event: 'configuration' }, warning);
  }
  const tracing = await startTracing(environment, `dsf-${main.prefix.toLowerCase()}`);
  try {
    // Before the database is asked: whoever watches the process sees that it lives, and what it waits for.
    const health = await serveHealth({ phases: [phase], logger, port: config.httpPort, host: config.httpHost });
    const { url, telemetry } = health;
    logger.info({ event: 'listening', url }, `${phase}: /startup, /live, /ready and /metrics at ${url}`);
    const { home, measures } = config;
    try {
      const installation = await reachInstallation(
        { home, measures, environment, internal: config, tracer: tracing.tracer },
        { phase, settings: config, telemetry, stop },
      );
      if (installation === undefined) return;
      health.opened(installation);
      try {
        await run(installation, config, telemetry, stop);
      } finally {
        await installation.close();
      }
    } finally {
      await health.close();
    }
  } finally {
    await tracing.close();
  }
};

/**
 * A service's whole life: configuration in, exit code out.
 * @returns 0 after a drain, 1 when a person must act, 2 when the configuration is wrong, 11 to 13 as `exitCodeOf` says
 */
export const serviceMain = async (main: ServiceMain): Promise<number> => {
  keepHeapLean();
  try {
    const config = parseConfig(main.settings, main.environment);
    const problems = internalProblems(config);
    if (problems.length > 0) throw new ConfigError(problems);
    // Asked to stop before there was anything to stop.
    if (!main.stop.aborted) await runConfigured(main, config);
    return exit.done;
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      return exit.misconfigured;
    }
    const known = error instanceof Failure && error.code !== 'internal';
    const words = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${main.phase} stopped: ${words}${known ? ` (${error.code})` : ''}\n`);
    return (known ? exitCodeOf(error.code) : null) ?? exit.failed;
  }
};
