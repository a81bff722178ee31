import { Failure, type Clock, type PhaseName, type Telemetry } from '@dsf/ports';
import { createBreaker } from './breaker.ts';
import type { RuntimeSettings } from './settings.ts';

export interface BackoffContext {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly settings: RuntimeSettings;
  /** Number in [0, 1); spreads the attempts of many workers. */
  readonly random: () => number;
  /** What is tried, as metrics know it: the name of the source, or the topic of an inner hop. */
  readonly source: string;
}

/** Turns whatever was thrown into a Failure: what nobody foresaw is a bug of ours, and a bug stops the lane rather than being retried for ever. */
export const asFailure = (error: unknown): Failure =>
  error instanceof Failure
    ? error
    : new Failure('fatal', 'internal', error instanceof Error ? error.message : String(error), {}, { cause: error });

/**
 * Calls `attempt` until it succeeds. `retry` failures are repeated with doubling, spread pauses; others are thrown. `recover` runs before
 * each further attempt. After `breakerFailures` in a row the breaker is open: the pauses go on as they were, and each attempt is a probe.
 * @returns undefined when `signal` aborted before an attempt succeeded
 */
export const withBackoff = async <T>(
  context: BackoffContext & { readonly phase: PhaseName; readonly lane: string },
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T | undefined> => {
  const { clock, telemetry, settings, random, phase, lane } = context;
  const breaker = createBreaker(context, settings.breakerFailures);
  let pauseMs = settings.retryMinMs;
  try {
    for (let count = 1; !signal.aborted; count += 1) {
      try {
        return await attempt();
      } catch (error) {
        const failure = asFailure(error);
        if (failure.kind !== 'retry') throw failure;
        telemetry.emit({ name: 'beat', phase, lane });
        const waitMs = Math.round(pauseMs * (0.5 + random() / 2));
        telemetry.emit({ name: 'retry', phase, lane, attempt: count, waitMs, code: failure.code, message: failure.message });
        breaker.failed(count, failure);
        await clock.sleep(waitMs, signal);
        pauseMs = Math.min(pauseMs * 2, settings.retryMaxMs);
      }
    }
    return undefined;
  } finally {
    // Also where it is given up, or fails in another way: nobody waits any more.
    breaker.close();
  }
};
