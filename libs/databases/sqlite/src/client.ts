import { existsSync, realpathSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@dsf/ports';
import { openConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { createLockRetry } from './lock-retry.ts';
import { turnsOf, type TakeTurn } from './turns.ts';
import { openWalSync, type WalSync } from './wal-sync.ts';
import { commitAlone, commitTogether, createLoneJob, createSharedJob, rollBack, type Confirm, type WriteJob } from './write-job.ts';
import { createWriteQueue, type RunJobs } from './write-queue.ts';

export interface SqliteConfig {
  /** Path of the database file; made when it is not there. */
  readonly file: string;
  /**
   * `full` (default): a commit that was confirmed outlives a power cut. `normal`: a power cut may undo the last commits, all of them whole, never the
   * file; the services then find the database older than the log and stop. Both survive kill -9 without any loss.
   */
  readonly synchronous?: 'full' | 'normal';
  /** How long SQLite may block the event loop for another process's lock before we wait without blocking. Default 20. */
  readonly lockBlockMs?: number;
  /** How often a lock is asked for before `warehouse.busy`; with the pauses between, 200 (the default) are about ten seconds. */
  readonly lockAttemptsMax?: number;
  /** Spreads the pauses of processes that wait for the same lock; in [0, 1). */
  readonly random?: () => number;
  /** How the write-ahead log is synced; for tests. */
  readonly syncLog?: (log: FileHandle) => Promise<void>;
  /** From `createTurns`, where several threads of this process write to the file. */
  readonly turns?: SharedArrayBuffer;
}

/** One file's only writer and its reader. Handles of the same file in a process share one client. */
export interface SqliteClient {
  readonly file: string;
  /**
   * Runs `work` alone, in one transaction: committed when it resolves, rolled back when it rejects.
   * Must not be called from within `work`: it would wait for itself.
   */
  write<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /**
   * As `write`, but the commit may be shared with others that wait at the same moment. Each sees what those before it have written, which is
   * not committed yet; when one fails, the others stand. Not for work that changes tables. `work` does not await: other processes and threads
   * want the file too.
   */
  writeShared<T>(work: (connection: Connection) => T): Promise<T>;
  /**
   * Runs `work` on one snapshot of what is committed. It may run again when the file was busy. A power cut may undo what it has seen, together
   * with all that anybody commits upon it; for what leaves the database before a commit there is `readDurable`.
   */
  read<T>(work: (connection: Connection) => T): Promise<T>;
  /** As `read`; resolves when what it has seen outlives a power cut. */
  readDurable<T>(work: (connection: Connection) => T): Promise<T>;
  /** Gives the handle back; the last one closes the file, after the transaction that is running. */
  close(): Promise<void>;
}

/**
 * SQLite's names for KiB of page cache are negative numbers: 64 MB for the writer (35 % faster than the default 2 MB). NORMAL: commits are
 * synced by us, see `WalSync`.
 */
const writerPragmas = `
  PRAGMA page_size = 8192;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
  PRAGMA cache_size = -65536;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 8000;
  PRAGMA journal_size_limit = 67108864;`;

/** `query_only` guards against a slip of ours; that the file is opened read-only guards against everything else. */
const readerPragmas = 'PRAGMA cache_size = -16384; PRAGMA query_only = ON;';

const canonicalFile = (file: string): string => {
  const full = resolve(file);
  if (existsSync(full)) return realpathSync(full);
  const folder = dirname(full);
  return existsSync(folder) ? join(realpathSync(folder), basename(full)) : full;
};

const openFile = (config: SqliteConfig, file: string, mode: { readonly readOnly: boolean; readonly pragmas: string }): Connection => {
  const database = new DatabaseSync(file, {
    readOnly: mode.readOnly,
    timeout: config.lockBlockMs ?? 20,
    enableForeignKeyConstraints: true,
  });
  try {
    database.exec(mode.pragmas);
  } catch (error) {
    database.close();
    throw error;
  }
  return openConnection(database);
};

const runSnapshot = <T>(reader: Connection, work: (connection: Connection) => T): T => {
  reader.exec('BEGIN');
  try {
    return work(reader);
  } finally {
    rollBack(reader);
  }
};

const atOnce: TakeTurn = (work) => work();

/** NaN, which is like nothing, where SQLite cannot tell for the moment. */
const changesOfOthers = (writer: Connection): number => {
  try {
    return Number(writer.first('PRAGMA data_version')?.[0]);
  } catch {
    return Number.NaN;
  }
};

const notSynced: WalSync = { committed: async () => undefined, durable: async () => undefined, close: async () => undefined };

/** Begins a transaction of the writer, and goes on without a pause: from there on others wait for the file. */
type Begin = <T>(then: () => T | Promise<T>) => Promise<T>;

const writing = (at: { readonly connection: Connection; readonly file: string; readonly begin: Begin; readonly log: WalSync }): RunJobs => {
  const { begin, log } = at;
  /** Nobody waits for it here: the next transaction may begin. */
  const confirm: Confirm = (jobs) => {
    if (jobs.length === 0) return;
    log.committed().then(
      () => jobs.forEach(({ resolve }) => resolve()),
      (error: unknown) => jobs.forEach(({ reject }) => reject(error)),
    );
  };
  const place = { ...at, confirm };
  return {
    together: (jobs) =>
      begin(() => commitTogether(place, jobs)).catch((error: unknown) => {
        for (const { reject } of jobs) reject(error);
        return jobs.length;
      }),
    alone: (job) => begin(() => commitAlone(place, job)).catch(job.reject),
  };
};

const createClient = async (config: SqliteConfig, file: string): Promise<SqliteClient> => {
  const closing = new AbortController();
  const whileBusy = createLockRetry({
    file,
    attemptsMax: config.lockAttemptsMax ?? 200,
    random: config.random ?? Math.random,
    signal: closing.signal,
  });
  const writer = await whileBusy(() => openFile(config, file, { readOnly: false, pragmas: writerPragmas }));
  const reader = await whileBusy(() => openFile(config, file, { readOnly: true, pragmas: readerPragmas }));

  const inTurn = config.turns === undefined ? atOnce : turnsOf(config.turns);
  const begin: Begin = (then) =>
    inTurn(() =>
      whileBusy(() => {
        writer.exec('BEGIN IMMEDIATE');
        return then();
      }),
    );
  const log =
    config.synchronous === 'normal'
      ? notSynced
      : openWalSync({
          // Where SQLite has it: a link may have led to a file that was not there before.
          file: realpathSync(file),
          changesOfOthers: () => changesOfOthers(writer),
          sync: config.syncLog,
        });
  const queue = createWriteQueue(writing({ connection: writer, file, begin, log }));
  const add = async <T>({ job, done }: { readonly job: WriteJob; readonly done: Promise<T> }): Promise<T> => {
    queue.add(job);
    return done;
  };

  return {
    file,
    write: (work) => add(createLoneJob(work)),
    writeShared: (work) => add(createSharedJob(work)),
    read: (work) => whileBusy(() => runSnapshot(reader, work)),
    readDurable: async (work) => {
      const seen = await whileBusy(() => runSnapshot(reader, work));
      await log.durable();
      return seen;
    },
    close: async () => {
      await queue.idle();
      await log.close();
      closing.abort();
      reader.close();
      writer.close();
    },
  };
};

interface SharedClient {
  readonly client: Promise<SqliteClient>;
  handles: number;
}

/** Clients of this process by file. Two writers of one file in a thread would wait for each other for ever. */
const shared = new Map<string, SharedClient>();

/**
 * Opens a file, or shares it with the handles that this process has open; then their settings hold.
 * @throws Failure `fatal` `warehouse.cannot-open`, `warehouse.not-a-database`, `warehouse.permission`
 */
export const openSqliteClient = async (config: SqliteConfig): Promise<SqliteClient> => {
  const file = canonicalFile(config.file);
  const entry = shared.get(file) ?? { client: createClient(config, file), handles: 0 };
  shared.set(file, entry);
  entry.handles += 1;

  const release = (): boolean => {
    entry.handles -= 1;
    if (entry.handles === 0) shared.delete(file);
    return entry.handles === 0;
  };

  const client = await entry.client.catch((error: unknown) => {
    release();
    throw error;
  });
  let isOpen = true;
  const whileOpen = <T>(action: () => Promise<T>): Promise<T> =>
    isOpen ? action() : Promise.reject(new Failure('fatal', 'warehouse.closed', 'this handle was closed', { file }));
  return {
    file,
    write: (work) => whileOpen(() => client.write(work)),
    writeShared: (work) => whileOpen(() => client.writeShared(work)),
    read: (work) => whileOpen(() => client.read(work)),
    readDurable: (work) => whileOpen(() => client.readDurable(work)),
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      if (release()) await client.close();
    },
  };
};
