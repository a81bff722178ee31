import { Failure } from '@dsf/ports';
import type { LoneJob, SharedJob, WriteJob } from './write-job.ts';

/** Lanes of one process that wait for the file's only writer; a process has at most a few hundred lanes. */
const waitersMax = 10_000;

/** Most jobs that share a transaction: all lanes of a phase, so that few records wait for two commits of one phase. */
const sharersMax = 64;

export interface WriteQueue {
  /** @throws Failure `retry` `warehouse.busy` when too many wait */
  add(job: WriteJob): void;
  /** Resolves when no job waits or runs any more. */
  idle(): Promise<void>;
}

/** Neither rejects. */
export interface RunJobs {
  /** @returns how many of the jobs, from the first on, are done with */
  readonly together: (jobs: readonly SharedJob[]) => Promise<number>;
  readonly alone: (job: LoneJob) => Promise<void>;
}

/**
 * Hands out jobs in the order of arrival, one group at a time. A transaction may span awaits, and SQLite has one writer: a second
 * BEGIN IMMEDIATE in the same thread would block the thread on which the first one must finish.
 */
export const createWriteQueue = ({ together, alone }: RunJobs): WriteQueue => {
  const waiting: WriteJob[] = [];
  let running: Promise<void> | null = null;

  const sharers = (): readonly SharedJob[] => {
    const jobs: SharedJob[] = [];
    for (const job of waiting) {
      if (!job.shares || jobs.length >= sharersMax) break;
      jobs.push(job);
    }
    return jobs;
  };
  const runAll = async (): Promise<void> => {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      if (next.shares) {
        waiting.splice(0, await together(sharers()));
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
