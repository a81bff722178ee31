import { phaseNames, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';

/** What a phase has done since the process began. */
export interface PhaseProgress {
  readonly received: number;
  readonly written: number;
  readonly failed: number;
  readonly filtered: number;
  readonly duplicates: number;
  readonly sent: number;
  readonly bytes: number;
  readonly batches: number;
  readonly refills: number;
  readonly retries: number;
  readonly state: Extract<TelemetryEvent, { name: 'service' }>['state'] | null;
}

/** Running totals per phase, for a display. */
export interface Progress extends Telemetry {
  /** The totals as they are now; objects that do not change afterwards. */
  totals(): Readonly<Record<PhaseName, PhaseProgress>>;
}

const none: PhaseProgress = {
  received: 0,
  written: 0,
  failed: 0,
  filtered: 0,
  duplicates: 0,
  sent: 0,
  bytes: 0,
  batches: 0,
  refills: 0,
  retries: 0,
  state: null,
};

const addBatch = (total: PhaseProgress, batch: Extract<TelemetryEvent, { name: 'batch' }>): PhaseProgress => ({
  ...total,
  received: total.received + batch.received,
  written: total.written + batch.written,
  failed: total.failed + batch.failed,
  filtered: total.filtered + batch.filtered,
  duplicates: total.duplicates + batch.duplicates,
  sent: total.sent + batch.sent,
  bytes: total.bytes + batch.bytes,
  batches: total.batches + 1,
});

const add = (total: PhaseProgress, event: TelemetryEvent): PhaseProgress => {
  switch (event.name) {
    case 'batch':
      return addBatch(total, event);
    case 'refill':
      return { ...total, refills: total.refills + 1 };
    case 'retry':
      return { ...total, retries: total.retries + 1 };
    case 'service':
      return { ...total, state: event.state };
    default:
      return total;
  }
};

export const createProgress = (): Progress => {
  const totals = new Map<PhaseName, PhaseProgress>(phaseNames.map((phase) => [phase, none]));
  const totalOf = (phase: PhaseName): PhaseProgress => totals.get(phase) ?? none;
  return {
    emit: (event) => {
      if ('phase' in event) totals.set(event.phase, add(totalOf(event.phase), event));
    },
    totals: () => ({
      ingest: totalOf('ingest'),
      flatten: totalOf('flatten'),
      summarise: totalOf('summarise'),
      publish: totalOf('publish'),
    }),
  };
};
