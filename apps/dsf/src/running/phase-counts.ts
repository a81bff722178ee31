import { createProgress, fanOut, type PhaseProgress } from '@dsf/observability';
import { phaseNames, type Clock, type PhaseName, type Telemetry } from '@dsf/ports';

/** What one phase has done since this process began. */
export interface PhaseCounts extends PhaseProgress {
  /** Records a second, over the last few seconds. */
  readonly rate: number;
}

/** Telemetry of all phases of one process, counted. */
export interface PhaseCounter {
  readonly telemetry: Telemetry;
  readonly counts: (phase: PhaseName) => PhaseCounts;
  /** Aborts when a source or service has stopped because a person must act. */
  readonly stopped: AbortSignal;
}

/** Time over which a rate is taken, and the steps that it moves in. */
const rateWindowMs = 3000;
const rateStepMs = 200;

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

/** @param report - told each stop of a source or service, in words */
export const createPhaseCounter = (clock: Clock, report: (line: string) => void): PhaseCounter => {
  const progress = createProgress();
  const rates = new Map(phaseNames.map((phase) => [phase, createRate(clock)]));
  const stopped = new AbortController();
  const watcher: Telemetry = {
    emit(event) {
      if (event.name === 'batch') rates.get(event.phase)?.add(event.received);
      if (event.name !== 'stopped') return;
      report(`${event.phase}${event.lane === '' ? '' : ` of ${event.lane}`} stopped: ${event.message} (${event.code})`);
      stopped.abort();
    },
  };
  return {
    telemetry: fanOut([progress, watcher]),
    counts: (phase) => ({ ...progress.totals()[phase], rate: rates.get(phase)?.perSecond() ?? 0 }),
    stopped: stopped.signal,
  };
};
