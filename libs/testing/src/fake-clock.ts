import type { Clock } from '@dsf/ports';

export interface FakeClock extends Clock {
  /** How many sleep now. */
  readonly sleeping: number;
  /** Moves time on by `ms` and wakes, in the order of their hours, all whose time has come; lets each act before the next wakes. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Lets everything that is ready run: promises, and what was put off to the next turn of the event loop. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until it is told to move. @param start - UTC ms */
export const fakeClock = (start = Date.UTC(2026, 0, 1)): FakeClock => {
  let now = start;
  const sleepers = new Set<Sleeper>();
  const nextUntil = (end: number): Sleeper | undefined => [...sleepers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  return {
    get sleeping() {
      return sleepers.size;
    },
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const sleeper = { at: now + Math.max(0, ms), wake: () => done() };
        const done = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', done);
          resolve();
        };
        signal.addEventListener('abort', done);
        sleepers.add(sleeper);
      }),
    advance: async (ms) => {
      const end = now + ms;
      await settle();
      for (let sleeper = nextUntil(end); sleeper !== undefined; sleeper = nextUntil(end)) {
        now = Math.max(now, sleeper.at);
        sleeper.wake();
        await settle();
      }
      now = end;
    },
  };
};
