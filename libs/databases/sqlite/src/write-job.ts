import type { Connection } from './connection.ts';
import { failureOf } from './verdict.ts';

/*
 * Pieces of work that wait for the writer. Each is settled once: when the commit that holds it is on the disk, or when it has been rolled back.
 */

interface Settled {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** May share a transaction with its neighbours. It does not await, so that the file's lock is held no longer than SQLite works. */
export interface SharedJob extends Settled {
  readonly shares: true;
  readonly run: (connection: Connection) => void;
}

/** Has a transaction to itself, and may await in it. */
export interface LoneJob extends Settled {
  readonly shares: false;
  readonly run: (connection: Connection) => Promise<void>;
}

export type WriteJob = SharedJob | LoneJob;

/** @returns the job, and what becomes of it */
export const createSharedJob = <T>(work: (connection: Connection) => T): { readonly job: SharedJob; readonly done: Promise<T> } => {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let settle = (): void => undefined;
  const run = (connection: Connection): void => {
    const result = work(connection);
    settle = () => resolve(result);
  };
  return { job: { shares: true, run, resolve: () => settle(), reject }, done: promise };
};

/** @returns the job, and what becomes of it */
export const createLoneJob = <T>(work: (connection: Connection) => Promise<T>): { readonly job: LoneJob; readonly done: Promise<T> } => {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let settle = (): void => undefined;
  const run = async (connection: Connection): Promise<void> => {
    const result = await work(connection);
    settle = () => resolve(result);
  };
  return { job: { shares: false, run, resolve: () => settle(), reject }, done: promise };
};

/** Is told at once, in the same step as the COMMIT, which jobs are in the file now; it settles them. */
export type Confirm = (committed: readonly WriteJob[]) => void;

interface Place {
  readonly connection: Connection;
  readonly file: string;
  readonly confirm: Confirm;
}

/** SQLite may have rolled back by itself: on a full disk, for example. */
export const rollBack = (connection: Connection): void => {
  if (connection.inTransaction) connection.exec('ROLLBACK');
};

/** One job of several: what it did is undone when it fails, and its neighbours stand. @returns false when it failed */
const runSharing = (connection: Connection, file: string, job: SharedJob): boolean => {
  connection.exec('SAVEPOINT job');
  try {
    job.run(connection);
    connection.exec('RELEASE job');
    return true;
  } catch (error) {
    if (!connection.inTransaction) throw error;
    connection.exec('ROLLBACK TO job; RELEASE job');
    job.reject(failureOf(error, { file }));
    return false;
  }
};

/** How long a transaction takes in further jobs, ms: other processes and threads wait for the file. */
const togetherMsMax = 100;

/**
 * Runs jobs one after the other in the transaction that has begun, and commits them together: a commit costs a sync of the disk, which takes
 * as long as hundreds of rows.
 * @returns how many jobs were done with; the others had to wait for the next transaction
 */
export const commitTogether = ({ connection, file, confirm }: Place, jobs: readonly SharedJob[]): number => {
  const open: SharedJob[] = [];
  const startedAt = performance.now();
  let taken = 0;
  try {
    for (const job of jobs) {
      if (taken > 0 && performance.now() - startedAt > togetherMsMax) break;
      taken += 1;
      open.push(job);
      if (jobs.length === 1) job.run(connection);
      else if (!runSharing(connection, file, job)) open.pop();
    }
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    for (const job of open) job.reject(failureOf(error, { file }));
    return taken;
  }
  confirm(open);
  return taken;
};

/** As `commitTogether`, for a job that has the transaction to itself. */
export const commitAlone = async ({ connection, file, confirm }: Place, job: LoneJob): Promise<void> => {
  try {
    await job.run(connection);
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    job.reject(failureOf(error, { file }));
    return;
  }
  confirm([job]);
};
