import { Failure } from '@dsf/ports';
import type { LoneJob, SharedJob, WriteJob } from './write-job.ts';

/** Lanes of one process that wait for the file's only writer; a process has at most a few hundred lanes. */
const waitersMax = 10_000;

/** Most jobs that share a transaction, so that other processes are not kept waiting for long. */
const sharersMax = 16;

export interface WriteQueue {
  /** @throws Failure `retry` `warehouse.busy` when too many wait */
  add(job: WriteJob): void;
  /** Resolves when no job waits or runs any more. */
  idle(): Promise<void>;
}

/** Neither rejects. */
export interface RunJobs {
  readonly together: (jobs: readonly SharedJob[]) => Promise<void>;
  readonly alone: (job: LoneJob) => Promise<void>;
}

/**
 * Hands out jobs in the order of arrival, one group at a time. A transaction may span awaits, and SQLite has one writer: a second
 * BEGIN IMMEDIATE in the same thread would block the thread on which the first one must finish.
 */
export const createWriteQueue = ({ together, alone }: RunJobs): WriteQueue => {
  const waiting: WriteJob[] = [];
  let running: Promise<void> | null = null;

  const takeSharers = (): readonly SharedJob[] => {
    const jobs: SharedJob[] = [];
    for (let [next] = waiting; next?.shares === true && jobs.length < sharersMax; [next] = waiting) {
      jobs.push(next);
      waiting.shift();
    }
    return jobs;
  };
  const runAll = async (): Promise<void> => {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      if (next.shares) {
        await together(takeSharers());
      } else {
        waiting.shift();
        await alone(next);
      }
    }
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
