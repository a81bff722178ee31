import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { randomInt } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { Failure, makeBell, type Clock } from '@dsf/ports';
import { makeNews, type News, type Place } from './news.ts';
import { prepareFile } from './schema.ts';
import { asTransportFailure, isBusy } from './sqlite-failure.ts';
import { prepareStatements, type Statements } from './statements.ts';

export interface Topic {
  readonly id: number;
  readonly name: string;
  readonly places: Place[];
}

/** What a write survives: the death of the process, or a cut of the power too. The latter costs a sync of the disk. */
export type Durability = 'crash' | 'power-cut';

/** The file of the log, opened once in this process however many transports use it. */
export interface LogFile {
  readonly file: string;
  readonly clock: Clock;
  readonly news: News;
  /** @throws Failure `fatal` `transport.topic-missing` */
  topic(name: string): Topic;
  /** Adds to a topic the places that it has been given since it was read; by anybody. */
  growPlaces(topic: Topic): void;
  /** Runs `work` now. @throws Failure */
  read<T>(work: (statements: Statements) => T): T;
  /**
   * Runs `work`, which does not await, in one transaction, and again when another process was writing.
   * @throws Failure `retry` `transport.busy` when others held the file for longer than `busyMs`
   */
  write<T>(durability: Durability, work: (statements: Statements) => T): Promise<T>;
  close(): Promise<void>;
}

export interface LogFileOptions {
  readonly file: string;
  readonly clock: Clock;
  /** How often to look for what other processes have written, while somebody waits for it. */
  readonly pollMs: number;
  /** How long to try while other processes hold the file. */
  readonly busyMs: number;
}

/** A statement blocks the process for at most this long while another process writes; after that it is tried again asynchronously. */
const lockWaitMs = 10;
const retryPauseMsMax = 8;

/** Repeats `work` with short, spread pauses while another process holds the file. */
const whenFree = async <T>({ file, clock, busyMs }: LogFileOptions, work: () => T): Promise<T> => {
  const { signal } = new AbortController();
  const giveUpAt = clock.now() + busyMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || clock.now() >= giveUpAt) throw asTransportFailure(error, file);
      await clock.sleep(1 + randomInt(retryPauseMsMax), signal);
    }
  }
};

const openDatabase = (file: string): DatabaseSync => {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: lockWaitMs });
  try {
    prepareFile(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

const makeTransaction = (database: DatabaseSync) => {
  let durability: Durability | null = null;
  return <T>(wanted: Durability, work: () => T): T => {
    if (wanted !== durability) {
      // In WAL mode NORMAL does not sync at commit; the next commit under FULL syncs whatever was written before it too.
      database.exec(wanted === 'power-cut' ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
      durability = wanted;
    }
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
};

const placesOf = (clock: Clock, topic: number, { from, to }: { readonly from: number; readonly to: number }): Place[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index): Place => ({ topic, part: from + index, bell: makeBell(clock), seen: -1 }));

const findTopic = ({ file, clock }: LogFileOptions, statements: Statements, name: string): Topic => {
  const row = statements.topic(name);
  if (row === undefined) {
    const hint = 'create it first, with its number of partitions';
    throw new Failure('fatal', 'transport.topic-missing', `there is no topic "${name}" in the log ${file}; ${hint}`, { topic: name });
  }
  return { id: row.id, name, places: placesOf(clock, row.id, { from: 0, to: row.partitions }) };
};

const startLogFile = async (options: LogFileOptions): Promise<LogFile> => {
  const { file, clock, pollMs } = options;
  const database = await whenFree(options, () => openDatabase(file));
  const statements = await whenFree(options, () => prepareStatements(database));
  const transaction = makeTransaction(database);
  const topics = new Map<string, Topic>();
  const closing = new AbortController();
  const closed = closing.signal;

  const whileOpen = <T>(work: () => T): T => {
    if (closed.aborted) throw new Failure('fatal', 'transport.closed', `the log ${file} is closed`, { file });
    return work();
  };
  const read = <T>(work: (statements: Statements) => T): T => {
    try {
      return whileOpen(() => work(statements));
    } catch (error) {
      throw asTransportFailure(error, file);
    }
  };
  return {
    file,
    clock,
    news: makeNews({ clock, pollMs, statements, closed, places: () => [...topics.values()].flatMap(({ places }) => places) }),
    read,
    topic: (name) => {
      const topic = topics.get(name) ?? read(() => findTopic(options, statements, name));
      topics.set(name, topic);
      return topic;
    },
    growPlaces: ({ id, name, places }) => {
      const to = read((all) => all.topic(name)?.partitions ?? 0);
      places.push(...placesOf(clock, id, { from: places.length, to }));
    },
    write: (durability, work) => whenFree(options, () => whileOpen(() => transaction(durability, () => work(statements)))),
    close: () => {
      closing.abort();
      return whenFree(options, () => database.close());
    },
  };
};

/** Open files of this process. One connection per file: two would only wait for each other's locks. */
const openFiles = new Map<string, { readonly opening: Promise<LogFile>; users: number }>();

/** Opens the file, or shares it if it is open in this process; its settings are then those of the first who opened it. */
export const openLogFile = async (options: LogFileOptions): Promise<LogFile> => {
  const file = resolve(options.file);
  const entry = openFiles.get(file) ?? { opening: startLogFile({ ...options, file }), users: 0 };
  openFiles.set(file, entry);
  entry.users += 1;
  const release = async (log: LogFile): Promise<void> => {
    entry.users -= 1;
    if (entry.users > 0) return;
    openFiles.delete(file);
    await log.close();
  };
  try {
    const log = await entry.opening;
    let released = false;
    return {
      ...log,
      close: async () => {
        if (released) return;
        released = true;
        await release(log);
      },
    };
  } catch (error) {
    if (openFiles.get(file) === entry) openFiles.delete(file);
    throw error;
  }
};
