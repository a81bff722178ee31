import { Failure } from '@dsf/ports';

/** Lanes of one process that wait for the file's only writer; a process has at most a few hundred lanes. */
const waitersMax = 10_000;

/** Most jobs that share a transaction, so that other processes are not kept waiting for long. */
const sharersMax = 16;

export interface Queued {
  /** True when the job may share a transaction with its neighbours. */
  readonly shares: boolean;
}

export interface WriteQueue<Job extends Queued> {
  /** @throws Failure `retry` `warehouse.busy` when too many wait */
  add(job: Job): void;
  /** Resolves when no job waits or runs any more. */
  idle(): Promise<void>;
}

/**
 * Hands out jobs in the order of arrival, one group at a time. A transaction spans awaits, and SQLite has one writer: a second
 * BEGIN IMMEDIATE in the same thread would block the thread on which the first one must finish.
 * @param run - one job, or several that share; never rejects
 */
export const createWriteQueue = <Job extends Queued>(run: (jobs: readonly Job[]) => Promise<void>): WriteQueue<Job> => {
  const waiting: Job[] = [];
  let running: Promise<void> | null = null;

  const takeGroup = (): readonly Job[] => {
    const alone = waiting.findIndex(({ shares }) => !shares);
    return waiting.splice(0, alone === 0 ? 1 : Math.min(sharersMax, alone < 0 ? waiting.length : alone));
  };
  const runAll = async (): Promise<void> => {
    while (waiting.length > 0) await run(takeGroup());
    running = null;
  };

  return {
    add: (job) => {
      if (waiting.length >= waitersMax)
        throw new Failure('retry', 'warehouse.busy', 'too many transactions wait for the writer', { waiters: waiting.length });
      waiting.push(job);
      // A moment later, so that the lanes that are ready in this turn of the event loop share the commit.
      running ??= new Promise<void>((go) => setImmediate(go)).then(runAll);
    },
    idle: async () => {
      await running;
    },
  };
};
