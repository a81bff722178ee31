/* A thread that carries over a file's write-ahead log when it is told to, and says when it has: wal-checkpoint.ts. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const database = new DatabaseSync(String(workerData), { timeout: 0 });
database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0');
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', () => {
  try {
    checkpoint.get();
  } catch {
    // Another one is at it, or the disk is full: the log grows until SQLite itself tries, in a commit, as it does without this thread.
  }
  parentPort?.postMessage(null);
});
