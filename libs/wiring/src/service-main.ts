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
import {
  createHealth,
  createLogger,
  createRegistry,
  createTelemetry,
  fanOut,
  startHealthServer,
  startTracing,
  type HealthServer,
  type HealthServerOptions,
} from '@dsf/observability';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import type { RuntimeSettings } from '@dsf/runtime';
import { exitCodeOf } from './exit-codes.ts';
import { openInstallation, type Installation } from './installation.ts';
import { keepHeapLean } from './lean-heap.ts';
import { createReadings } from './readings.ts';
import { systemClock } from './system-clock.ts';

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

/** A lane whose loop has not come round for so long hangs; far longer than any batch. */
const stallMs = 120_000;

/** Exit codes of the services, as docs/configuration.md has them. */
const exit = { done: 0, failed: 1, misconfigured: 2 } as const;

const listen = async (options: HealthServerOptions): Promise<HealthServer> => {
  try {
    return await startHealthServer(options);
  } catch (error) {
    const { port, host } = options;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('fatal', 'service.port', `${host}:${port} cannot be listened on: ${reason}`, { port, host }, { cause: error });
  }
};

const runConfigured = async (main: ServiceMain, config: ConfigOf<ServiceMain['settings']>): Promise<void> => {
  const { phase, run, environment, stop } = main;
  const registry = createRegistry();
  const tracing = await startTracing(environment, `dsf-${main.prefix.toLowerCase()}`);
  const { home, measures } = config;
  const installation = await openInstallation({ home, measures, environment, internal: config, tracer: tracing.tracer });
  const health = createHealth({ clock: systemClock, phases: [phase], stallMs });
  const logger = createLogger({ level: config.logLevel, service: phase });
  const telemetry = fanOut([health, createTelemetry({ phase, logger, registry, read: createReadings(installation, [phase]) })]);
  for (const warning of unknownVariables(
    { settings: configSections.map(({ settings }) => settings), prefixes: ['DSF_', `${main.prefix}_`] },
    environment,
  )) {
    logger.warn({ event: 'configuration' }, warning);
  }
  const serve = async (): Promise<void> => {
    const server = await listen({
      port: config.httpPort,
      host: config.httpHost,
      startup: () => health.startup(),
      live: () => health.live(),
      ready: () => health.ready(),
      registry,
    });
    logger.info({ event: 'listening', url: server.url }, `${phase}: /startup, /live, /ready and /metrics at ${server.url}`);
    try {
      await run(installation, config, telemetry, stop);
    } finally {
      await server.close();
    }
  };
  try {
    await serve();
  } finally {
    await installation.close();
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
