import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf, isBusy } from './verdict.ts';

export interface LockRetry {
  readonly file: string;
  readonly attemptsMax: number;
  /** Spreads the pauses of processes that wait for the same lock; in [0, 1). */
  readonly random: () => number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

/** The longest pause between two tries rises from the first to the last. */
const pauseMs = { first: 2, last: 60 } as const;

/**
 * Tries again while another process holds the lock, without blocking the event loop in between.
 * @throws Failure: `retry` `warehouse.busy` after the last attempt, or what the error means
 */
export const createLockRetry =
  ({ file, attemptsMax, random, signal }: LockRetry) =>
  async <T>(attempt: () => T | Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isBusy(error) || tries >= attemptsMax || signal.aborted) throw failureOf(error, { file, tries });
      }
      const ceilingMs = Math.min(pauseMs.last, pauseMs.first * tries);
      // Rejects when the signal aborts; the next try then is the last.
      await sleep(1 + random() * ceilingMs, undefined, { signal }).catch(() => undefined);
    }
  };
