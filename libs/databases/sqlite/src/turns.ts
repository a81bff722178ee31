import { threadId } from 'node:worker_threads';

/*
 * SQLite has one writer per file, and whoever waits for another's lock sleeps and asks again: 1 to 60 ms. Threads of one process can do
 * better: they take turns, and the next one is woken at once. Only a convenience: SQLite's own lock is what protects the file.
 */

const held = 0;
const waiters = 1;
/** Thread that had the last turn. */
const last = 2;

/** How long the thread that had the last turn lets another one go first, ms. */
const yieldMs = 5;
/** A thread that has died in its turn must not stop the others, ms. */
const patienceMs = 10_000;
const lookEveryMs = 1000;

/** What threads share to take turns; to be handed to each. */
export const createTurns = (): SharedArrayBuffer => new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);

/** Runs `work` when it is this thread's turn. */
export type TakeTurn = <T>(work: () => Promise<T>) => Promise<T>;

const pause = async (state: Int32Array, seen: number, ms: number): Promise<void> => {
  Atomics.add(state, waiters, 1);
  await Atomics.waitAsync(state, held, seen, ms).value;
  Atomics.sub(state, waiters, 1);
};

export const turnsOf = (shared: SharedArrayBuffer): TakeTurn => {
  const state = new Int32Array(shared);
  // 0 is nobody; the main thread has the id 0.
  const me = threadId + 1;
  const end = (): void => {
    Atomics.store(state, held, 0);
    Atomics.notify(state, held);
  };
  const wait = async (): Promise<boolean> => {
    if (Atomics.load(state, last) === me && Atomics.load(state, waiters) > 0) await pause(state, 0, yieldMs);
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookEveryMs) {
      if (Atomics.compareExchange(state, held, 0, 1) === 0) {
        Atomics.store(state, last, me);
        return true;
      }
      await pause(state, 1, lookEveryMs);
    }
    return false;
  };
  return async (work) => {
    const isOurs = await wait();
    try {
      return await work();
    } finally {
      if (isOurs) end();
    }
  };
};
