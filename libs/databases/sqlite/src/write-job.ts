import type { Connection } from './connection.ts';
import { failureOf } from './verdict.ts';
import type { Queued } from './write-queue.ts';

/** A piece of work that waits for the writer. Settled once: after the commit that holds it, or when it has been rolled back. */
export interface WriteJob extends Queued {
  /** Does the work and keeps what it gave. Rejects with what went wrong. */
  readonly run: (connection: Connection) => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** @returns the job, and what becomes of it */
export const createWriteJob = <T>(
  work: (connection: Connection) => Promise<T>,
  shares: boolean,
): { readonly job: WriteJob; readonly done: Promise<T> } => {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let settle = (): void => undefined;
  const run = async (connection: Connection): Promise<void> => {
    const result = await work(connection);
    settle = () => resolve(result);
  };
  return { job: { shares, run, resolve: () => settle(), reject }, done: promise };
};

/** SQLite may have rolled back by itself: on a full disk, for example. */
export const rollBack = (connection: Connection): void => {
  if (connection.inTransaction) connection.exec('ROLLBACK');
};

/** One job of several: what it did is undone when it fails, and its neighbours stand. @returns false when it failed */
const runSharing = async (connection: Connection, file: string, job: WriteJob): Promise<boolean> => {
  connection.exec('SAVEPOINT job');
  try {
    await job.run(connection);
    connection.exec('RELEASE job');
    return true;
  } catch (error) {
    if (!connection.inTransaction) throw error;
    connection.exec('ROLLBACK TO job; RELEASE job');
    job.reject(failureOf(error, { file }));
    return false;
  }
};

/**
 * Runs jobs one after the other in the transaction that has begun, and commits them together: a commit costs a sync of the disk, which takes
 * as long as hundreds of rows. Each job is settled when this resolves.
 */
export const commitTogether = async (connection: Connection, file: string, jobs: readonly WriteJob[]): Promise<void> => {
  let open = jobs;
  try {
    for (const job of jobs) {
      if (jobs.length === 1) await job.run(connection);
      else if (!(await runSharing(connection, file, job))) open = open.filter((other) => other !== job);
    }
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    for (const job of open) job.reject(failureOf(error, { file }));
    return;
  }
  for (const job of open) job.resolve();
};
