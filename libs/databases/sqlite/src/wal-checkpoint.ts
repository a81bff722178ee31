import { Worker } from 'node:worker_threads';
import { integer } from './columns.ts';
import type { Connection } from './connection.ts';

/**
 * Carries the write-ahead log over into the database beside the transactions that follow. SQLite by itself does so within a commit: nothing else happens
 * while it copies 64 MB.
 *
 * A log that is written all the time is never carried over to its end beside its writer, and only there it is synced and begins anew
 * (https://sqlite.org/wal.html#ckpt). So what has come while the thread was at work, a small rest, is carried over between two transactions.
 */
export interface WalCheckpoint {
  /** Our writer has committed, in this very step, and has no transaction open. Never throws. */
  committed(): void;
  close(): Promise<void>;
}

export interface WalCheckpointOptions {
  readonly writer: Connection;
  /** The writer's database. */
  readonly file: string;
  /** Pages of the log from which on it is carried over. */
  readonly pagesMin: number;
}

/** Pages of the log, and how many of them are in the database; 0 where nobody knows for the moment. */
const pagesOf = (writer: Connection, mode: 'NOOP' | 'PASSIVE'): { readonly log: number; readonly done: number } => {
  try {
    const [, log = 0, done = 0] = writer.first(`PRAGMA wal_checkpoint(${mode})`) ?? [];
    return { log: integer(log), done: integer(done) };
  } catch {
    // The commit stands. As in SQLite's own checkpoints, whoever commits next tries again, and a disk that is full or broken fails that commit.
    return { log: 0, done: 0 };
  }
};

export const openWalCheckpoint = ({ writer, file, pagesMin }: WalCheckpointOptions): WalCheckpoint => {
  let worker: Worker | null = null;
  let state: 'waiting' | 'running' | 'ran' = 'waiting';
  /** Pages of the log when the thread was last told to begin. */
  let begunAt = 0;

  const start = (): Worker => {
    const started = new Worker(new URL('./checkpointer.ts', import.meta.url), { workerData: file });
    started.unref();
    started.on('message', () => (state = 'ran'));
    // It is not started again: from twice as many pages on SQLite does it by itself, see the writer's settings.
    started.on('error', () => undefined);
    return started;
  };
  return {
    committed: () => {
      if (state === 'running') return;
      const { log, done } = pagesOf(writer, 'NOOP');
      if (log < begunAt) begunAt = 0;
      const rest = log - done;
      if (state === 'ran' && rest <= pagesMin / 2) pagesOf(writer, 'PASSIVE');
      state = 'waiting';
      // Not at every commit, while somebody reads an old snapshot that the log may not overtake.
      if (rest < pagesMin || log < begunAt + pagesMin / 4) return;
      [state, begunAt] = ['running', log];
      worker ??= start();
      worker.postMessage(null);
    },
    close: async () => {
      await worker?.terminate();
    },
  };
};
