import type { DatabaseSync } from 'node:sqlite';
import { randomUUID } from 'node:crypto';
import { Failure } from '@dsf/ports';

/** Format of the file; a file of a newer format is refused. */
const formatVersion = 1;

/*
 * One row of `chunk` holds the messages of one send to one partition (in pieces of bounded size): a row per message costs three times as
 * much to append and to read. Chunks are keyed by their last offset, so that "the chunk that holds offset n" is one step down the tree.
 * The blob stands last, so that the other columns are read without it. `head` outlives the chunks: an offset is never given twice.
 */
const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL);
  CREATE TABLE head (
    topic INTEGER NOT NULL, part INTEGER NOT NULL, start INTEGER NOT NULL, next INTEGER NOT NULL, time INTEGER NOT NULL,
    PRIMARY KEY (topic, part)
  ) WITHOUT ROWID;
  CREATE TABLE chunk (
    topic INTEGER NOT NULL, part INTEGER NOT NULL, last INTEGER NOT NULL,
    base INTEGER NOT NULL, time INTEGER NOT NULL, bytes INTEGER NOT NULL, frames BLOB NOT NULL,
    PRIMARY KEY (topic, part, last)
  ) WITHOUT ROWID;
  CREATE TABLE group_offset (
    topic INTEGER NOT NULL, part INTEGER NOT NULL, grp TEXT NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (topic, part, grp)
  ) WITHOUT ROWID;
  CREATE TABLE member (
    topic INTEGER NOT NULL, grp TEXT NOT NULL, id TEXT NOT NULL, seen INTEGER NOT NULL,
    PRIMARY KEY (topic, grp, id)
  ) WITHOUT ROWID;
  INSERT INTO meta VALUES ('membership', 0);
`;

/** Sets the connection up and makes the tables where there are none. Throws the driver's error when another process holds the file. */
export const prepareFile = (database: DatabaseSync): void => {
  // 16 KiB pages: large bodies lie in chains of pages, which are read a quarter faster than with 4 KiB. The write-ahead log is folded back
  // every 2,000 pages (32 MiB).
  database.exec('PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -16384');
  const version = readVersion(database);
  if (version === formatVersion) return;
  if (version > formatVersion) {
    throw new Failure(
      'fatal',
      'transport.format',
      `the log has format ${version}, this version of DSF knows ${formatVersion}: run the newer DSF on it`,
      { version },
    );
  }
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have made the tables between the look and the lock.
    if (readVersion(database) === 0) {
      database.exec(tables);
      database.prepare(`INSERT INTO meta VALUES ('cluster', ?)`).run(randomUUID());
      database.exec(`PRAGMA user_version = ${formatVersion}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

const readVersion = (database: DatabaseSync): number => Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
