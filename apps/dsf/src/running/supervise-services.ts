import { runFlattener } from '@dsf/flattener';
import { runIngestor } from '@dsf/ingestor';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import { runPublisher } from '@dsf/publisher';
import type { RuntimeSettings } from '@dsf/runtime';
import { runSummariser } from '@dsf/summariser';
import type { Installation } from '@dsf/wiring';

type RunService = (installation: Installation, settings: RuntimeSettings, telemetry: Telemetry, stop: AbortSignal) => Promise<void>;

const services: Readonly<Record<PhaseName, RunService>> = {
  ingest: runIngestor,
  flatten: runFlattener,
  summarise: runSummariser,
  publish: runPublisher,
};

export interface Supervising {
  readonly settings: RuntimeSettings;
  readonly telemetry: Telemetry;
  readonly stop: AbortController;
}

export const asFailure = (error: unknown): Failure =>
  error instanceof Failure
    ? error
    : new Failure('fatal', 'internal', error instanceof Error ? error.message : String(error), {}, { cause: error });

/** Runs services until `stop` aborts; the first that breaks stops the rest. @returns why, or null */
export const superviseServices = async (
  installation: Installation,
  phases: readonly PhaseName[],
  { settings, telemetry, stop }: Supervising,
): Promise<Failure | null> => {
  let first: Failure | null = null;
  await Promise.all(
    phases.map(async (phase) => {
      try {
        await services[phase](installation, settings, telemetry, stop.signal);
      } catch (error) {
        first ??= asFailure(error);
        stop.abort();
      }
    }),
  );
  return first;
};
