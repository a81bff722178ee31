import { open, type FileHandle } from 'node:fs/promises';
import { Failure } from '@dsf/ports';

/**
 * Makes what was committed outlive a power cut, without blocking the thread for it, and once for all commits that wait for it.
 *
 * SQLite's own `synchronous = FULL` is the same `fdatasync` of the write-ahead log, but in the commit: nothing else happens meanwhile, and the file
 * stays locked. The log is read back in order, up to the first part that is missing, so a commit that is on the disk has all before it
 * there too, whoever made them (https://sqlite.org/wal.html).
 */
export interface WalSync {
  /** Our writer has committed, in this very step. Resolves when that is on the disk. @throws Failure `fatal` `warehouse.disk`, from then on always */
  committed(): Promise<void>;
  /** Resolves when everything that anybody has committed so far is on the disk; at once when it is known to be. @throws as `committed` */
  durable(): Promise<void>;
  close(): Promise<void>;
}

export interface WalSyncOptions {
  readonly file: string;
  /** Changes that others than our writer have committed, as SQLite counts them; NaN: unknown. */
  readonly changesOfOthers: () => number;
  /** For tests. */
  readonly sync?: ((log: FileHandle) => Promise<void>) | undefined;
}

export const openWalSync = ({ file, changesOfOthers, sync = (log) => log.datasync() }: WalSyncOptions): WalSync => {
  let log: Promise<FileHandle> | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let broken: Failure | null = null;
  let commits = 0;
  let onDisk = { commits: 0, others: -1 };

  const run = async (): Promise<void> => {
    if (broken !== null) throw broken;
    const reached = { commits, others: changesOfOthers() };
    try {
      // SQLite keeps the log's file for as long as anybody has the database open. Unlike the database's, it carries no locks of the process.
      log ??= open(`${file}-wal`, 'r+');
      await sync(await log);
      onDisk = reached;
    } catch (error) {
      const text = `${String(error)}: the last commits may not outlive a power cut: check the disk that holds the database, then start again`;
      // For good: what a disk has once failed to write, it does not try to write at the next sync.
      broken = new Failure('fatal', 'warehouse.disk', text, { file }, { cause: error });
      throw broken;
    }
  };
  const begin = (): Promise<void> => {
    running = run().finally(() => (running = null));
    return running;
  };
  const syncOnce = (): Promise<void> => {
    if (next !== null) return next;
    if (running === null) return begin();
    // It may have begun too early.
    next = running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return begin();
      });
    return next;
  };
  return {
    committed: () => {
      commits += 1;
      return syncOnce();
    },
    durable: async () => {
      if (onDisk.commits !== commits || onDisk.others !== changesOfOthers()) await syncOnce();
    },
    close: async () => {
      await (next ?? running)?.catch(() => undefined);
      // Whoever waited for it has heard of its trouble.
      await log?.then((opened) => opened.close()).catch(() => undefined);
    },
  };
};
