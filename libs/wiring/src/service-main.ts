import { ConfigError, parseConfig, type ConfigOf, type Environment, type ingestorSettings } from '@dsf/config';
import { createHealth, createLogger, createRegistry, createTelemetry, fanOut, startHealthServer } from '@dsf/observability';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import type { RuntimeSettings } from '@dsf/runtime';
import { openInstallation, type Installation } from './installation.ts';
import { readLag } from './status.ts';
import { systemClock } from './system-clock.ts';

export interface ServiceMain {
  readonly phase: PhaseName;
  readonly settings: typeof ingestorSettings;
  readonly environment: Environment;
  readonly run: (installation: Installation, settings: RuntimeSettings, telemetry: Telemetry, stop: AbortSignal) => Promise<void>;
}

/** A lane whose loop has not come round for so long hangs; far longer than any batch. */
const stallMs = 120_000;

/** Exit codes of the services, as docs/configuration.md has them. */
const exit = { done: 0, failed: 1, misconfigured: 2 } as const;

/** SIGTERM and SIGINT ask a service to finish what it has begun. */
const stopOnSignal = (): AbortSignal => {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
};

const runConfigured = async (main: ServiceMain, config: ConfigOf<ServiceMain['settings']>, stop: AbortSignal): Promise<void> => {
  const { phase, run } = main;
  const registry = createRegistry();
  const installation = await openInstallation({ home: config.home, measures: config.measures });
  const health = createHealth({ clock: systemClock, phases: [phase], stallMs });
  const logger = createLogger({ level: config.logLevel, service: phase });
  const telemetry = fanOut([health, createTelemetry({ phase, logger, registry, lag: () => readLag(installation, phase) })]);
  const server = await startHealthServer({
    port: config.httpPort,
    host: config.httpHost,
    live: () => health.live(),
    ready: () => health.ready(),
    registry,
  });
  logger.info({ event: 'listening', url: server.url }, `${phase}: /live, /ready and /metrics at ${server.url}`);
  try {
    await run(installation, config, telemetry, stop);
  } finally {
    await server.close();
    await installation.close();
  }
};

/**
 * A service's whole life: configuration in, exit code out.
 * @returns 0 after a drain, 1 when a person must act, 2 when the configuration is wrong
 */
export const serviceMain = async (main: ServiceMain): Promise<number> => {
  const stop = stopOnSignal();
  try {
    await runConfigured(main, parseConfig(main.settings, main.environment), stop);
    return exit.done;
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      return exit.misconfigured;
    }
    const known = error instanceof Failure && error.code !== 'internal';
    const words = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${main.phase} stopped: ${words}${known ? ` (${error.code})` : ''}\n`);
    return exit.failed;
  }
};
