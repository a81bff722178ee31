import type { Clock } from './clock.ts';

/** Wakes whoever waits for something to happen. */
export interface Bell {
  /** How many wait. */
  readonly waiting: number;
  ring(): void;
  /** Resolves when the bell rings, after `ms`, or when one of the signals aborts. */
  wait(ms: number, signals: readonly AbortSignal[]): Promise<void>;
}

/** @param clock - whose sleep bounds the waits */
export const makeBell = (clock: Clock): Bell => {
  const sleepers = new Set<AbortController>();
  return {
    get waiting() {
      return sleepers.size;
    },
    ring: () => {
      for (const sleeper of sleepers) sleeper.abort();
      sleepers.clear();
    },
    wait: async (ms, signals) => {
      const sleeper = new AbortController();
      const wake = (): void => sleeper.abort();
      sleepers.add(sleeper);
      for (const signal of signals) {
        if (signal.aborted) wake();
        signal.addEventListener('abort', wake, { once: true });
      }
      await clock.sleep(ms, sleeper.signal);
      sleepers.delete(sleeper);
      for (const signal of signals) signal.removeEventListener('abort', wake);
    },
  };
};
