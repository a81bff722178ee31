import { createProgress, fanOut, type PhaseProgress } from '@dsf/observability';
import { phaseNames, type Clock, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';

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
  /** Code of the first failure that was the reason; null while nothing has stopped. */
  readonly stopCode: () => string | null;
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

/** A first failure or two are nothing that a person must hear of. */
const attemptsUnsaid = 2;
/** Many lanes wait for the same broker: said once. */
const sayAgainMs = 30_000;

/**
 * @param report - told in words what stops a source or service, and what one waits for
 * @param hopeless - codes of failures that count as a stop though services would try again
 */
export const createPhaseCounter = (clock: Clock, report: (line: string) => void, hopeless: readonly string[] = []): PhaseCounter => {
  const progress = createProgress();
  const rates = new Map(phaseNames.map((phase) => [phase, createRate(clock)]));
  const stopped = new AbortController();
  const saidAt = new Map<string, number>();
  let stopCode: string | null = null;
  const stop = (code: string, line: string): void => {
    report(line);
    stopCode ??= code;
    stopped.abort();
  };
  const wait = ({ phase, lane, code, message }: Extract<TelemetryEvent, { name: 'retry' }>): void => {
    const who = `${phase}${lane === '' ? '' : ` of ${lane}`}`;
    if (hopeless.includes(code)) return stop(code, `${who} stopped: ${message} (${code})`);
    const what = `${phase} ${code}`;
    if (clock.now() - (saidAt.get(what) ?? -Infinity) < sayAgainMs) return;
    saidAt.set(what, clock.now());
    report(`${who} waits: ${message} (${code}); it goes on by itself`);
  };
  const watcher: Telemetry = {
    emit(event) {
      if (event.name === 'batch') rates.get(event.phase)?.add(event.received);
      if (event.name === 'retry' && event.attempt > attemptsUnsaid && event.code.startsWith('transport.')) wait(event);
      if (event.name !== 'stopped') return;
      stop(event.code, `${event.phase}${event.lane === '' ? '' : ` of ${event.lane}`} stopped: ${event.message} (${event.code})`);
    },
  };
  return {
    telemetry: fanOut([progress, watcher]),
    counts: (phase) => ({ ...progress.totals()[phase], rate: rates.get(phase)?.perSecond() ?? 0 }),
    stopped: stopped.signal,
    stopCode: () => stopCode,
  };
};
