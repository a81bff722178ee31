import { createHealth, createLogger, createRegistry, createTelemetry, fanOut, startHealthServer } from '@dsf/observability';
import type { PhaseName, Telemetry } from '@dsf/ports';
import { createReadings, type Installation } from '@dsf/wiring';
import { CommandError, exitCodes } from '../exit-codes.ts';

export interface HealthServing {
  readonly telemetry: Telemetry;
  readonly url: string;
  close(): Promise<void>;
}

/** A lane whose loop has not come round for so long hangs; far longer than any batch. */
const stallMs = 120_000;

/** Serves /startup, /live, /ready and /metrics for the phases of this process. @throws CommandError when the port cannot be had */
export const serveHealth = async (
  installation: Installation,
  phases: readonly PhaseName[],
  { port, host }: { readonly port: number; readonly host: string },
): Promise<HealthServing> => {
  const registry = createRegistry();
  const health = createHealth({ clock: installation.clock, phases, stallMs });
  // What happens is shown as progress; the log would only write between its lines.
  const logger = createLogger({ level: 'silent', service: 'dsf' });
  const metrics = createTelemetry({ logger, registry, read: createReadings(installation, phases) });
  try {
    const server = await startHealthServer({
      port,
      host,
      startup: () => health.startup(),
      live: () => health.live(),
      ready: () => health.ready(),
      registry,
    });
    return { telemetry: fanOut([health, metrics]), url: server.url, close: () => server.close() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      exitCodes.failure,
      `port ${port} on ${host} cannot be had: ${reason}`,
      'choose another with --http-port; 0 takes any that is free',
    );
  }
};
