import {
  createHealth,
  createRegistry,
  createTelemetry,
  fanOut,
  startHealthServer,
  type HealthServer,
  type HealthServerOptions,
  type TelemetryOptions,
} from '@dsf/observability';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import type { Installation } from './installation.ts';
import { createReadings } from './readings.ts';
import { systemClock } from './system-clock.ts';

export interface HealthServing {
  readonly url: string;
  /** What it is told becomes log lines, metrics and health. */
  readonly telemetry: Telemetry;
  /** From here on the metrics also tell what only the database knows. */
  opened(installation: Installation): void;
  close(): Promise<void>;
}

export interface HealthServingOptions {
  /** Phases of this process. */
  readonly phases: readonly PhaseName[];
  readonly logger: TelemetryOptions['logger'];
  readonly port: number;
  readonly host: string;
}

/** A lane whose loop has not come round for so long hangs; far longer than any batch. */
const stallMs = 120_000;

const listen = async (options: HealthServerOptions): Promise<HealthServer> => {
  try {
    return await startHealthServer(options);
  } catch (error) {
    const { port, host } = options;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('fatal', 'service.port', `${host}:${port} cannot be listened on: ${reason}`, { port, host }, { cause: error });
  }
};

/**
 * Serves /startup, /live, /ready and /metrics for the phases of this process. It needs no database, so that a process that waits for its own lives, and says
 * what it waits for.
 * @throws Failure `fatal` `service.port`
 */
export const serveHealth = async ({ phases, logger, port, host }: HealthServingOptions): Promise<HealthServing> => {
  const registry = createRegistry();
  const health = createHealth({ clock: systemClock, phases, stallMs });
  let read: ReturnType<typeof createReadings> | null = null;
  const [phase] = phases;
  const metrics = createTelemetry({
    ...(phases.length === 1 && phase !== undefined ? { phase } : {}),
    logger,
    registry,
    read: async () => (read === null ? null : read()),
  });
  const server = await listen({
    port,
    host,
    startup: () => health.startup(),
    live: () => health.live(),
    ready: () => health.ready(),
    registry,
  });
  return {
    url: server.url,
    telemetry: fanOut([health, metrics]),
    opened(installation) {
      read = createReadings(installation, phases);
    },
    close: () => server.close(),
  };
};
