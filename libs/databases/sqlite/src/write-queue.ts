import { Failure } from '@dsf/ports';

/** Lanes of one process that wait for the file's only writer; a process has at most a few hundred lanes. */
const waitersMax = 10_000;

/**
 * Runs one piece of work at a time, in the order of arrival. A transaction spans awaits, and SQLite has one writer: a second
 * BEGIN IMMEDIATE in the same thread would block the thread on which the first one must finish.
 */
export const createWriteQueue = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  let waiters = 0;

  return async (work) => {
    if (waiters >= waitersMax) throw new Failure('retry', 'warehouse.busy', 'too many transactions wait for the writer', { waiters });
    waiters += 1;
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await before;
    try {
      return await work();
    } finally {
      waiters -= 1;
      resolve();
    }
  };
};
