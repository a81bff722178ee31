import { phaseNames, type Clock, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';

/** What one phase has done since this process began. */
export interface PhaseCounts {
  readonly received: number;
  readonly written: number;
  readonly failed: number;
  readonly filtered: number;
  readonly duplicates: number;
  readonly sent: number;
  readonly refills: number;
  /** Records a second, over the last few seconds. */
  readonly rate: number;
}

type Totals = { -readonly [Name in Exclude<keyof PhaseCounts, 'rate'>]: number };
type Stopped = Extract<TelemetryEvent, { name: 'stopped' }>;

/** Telemetry of all phases of one process, counted. */
export interface PhaseCounter {
  readonly telemetry: Telemetry;
  readonly counts: (phase: PhaseName) => PhaseCounts;
  /** Records refused, by phase and code. */
  readonly refusals: () => ReadonlyMap<string, number>;
  /** Aborts when a source or service has stopped because a person must act; the reason is the event. */
  readonly stopped: AbortSignal;
}

/** Seconds over which a rate is taken. */
const rateWindowMs = 3000;
/** Steps that it moves in. */
const rateStepMs = 200;

const zero = (): Totals => ({ received: 0, written: 0, failed: 0, filtered: 0, duplicates: 0, sent: 0, refills: 0 });

/** Records per second over the last few seconds, from sums per step. */
const createRate = (clock: Clock) => {
  const steps: { readonly at: number; records: number }[] = [];
  const startedAt = clock.now();
  const prune = (now: number): void => {
    while ((steps[0]?.at ?? Infinity) <= now - rateWindowMs) steps.shift();
  };
  return {
    add(records: number): void {
      const now = clock.now();
      const at = now - (now % rateStepMs);
      const last = steps.at(-1);
      if (last?.at === at) last.records += records;
      else steps.push({ at, records });
      prune(now);
    },
    perSecond(): number {
      const now = clock.now();
      prune(now);
      const seconds = Math.max(rateStepMs, Math.min(rateWindowMs, now - startedAt)) / 1000;
      return steps.reduce((sum, { records }) => sum + records, 0) / seconds;
    },
  };
};

/** @param report - told each stop of a source or service, and each first refusal of a kind, in words */
export const createPhaseCounter = (clock: Clock, report: (line: string) => void): PhaseCounter => {
  const phases = new Map(phaseNames.map((phase) => [phase, { totals: zero(), rate: createRate(clock) }]));
  const refusals = new Map<string, number>();
  const stopped = new AbortController();

  const onBatch = (event: Extract<TelemetryEvent, { name: 'batch' }>): void => {
    const phase = phases.get(event.phase);
    if (phase === undefined) return;
    for (const name of ['received', 'written', 'failed', 'filtered', 'duplicates', 'sent'] as const) phase.totals[name] += event[name];
    phase.rate.add(event.received);
  };
  const onStopped = (event: Stopped): void => {
    report(`${event.phase}${event.lane === '' ? '' : ` of ${event.lane}`} stopped: ${event.message} (${event.code})`);
    stopped.abort(event);
  };

  return {
    telemetry: {
      emit(event) {
        if (event.name === 'batch') onBatch(event);
        else if (event.name === 'stopped') onStopped(event);
        else if (event.name === 'refill') {
          const phase = phases.get(event.phase);
          if (phase !== undefined) phase.totals.refills += 1;
        } else if (event.name === 'refused') {
          const reason = `${event.phase} ${event.code}`;
          refusals.set(reason, (refusals.get(reason) ?? 0) + event.count);
        }
      },
    },
    counts(phase) {
      const counted = phases.get(phase);
      return counted === undefined ? { ...zero(), rate: 0 } : { ...counted.totals, rate: counted.rate.perSecond() };
    },
    refusals: () => refusals,
    stopped: stopped.signal,
  };
};
