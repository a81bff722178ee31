import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openConnection, type Connection } from './connection.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
import { openWalCheckpoint, type WalCheckpoint } from './wal-checkpoint.ts';

const pageBytes = 8192;
const pagesMin = 200;
const rowsPerCommit = 40;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.discard());

/** As the client's, which leaves twice as many pages to SQLite itself; here none at all. */
const openWriter = (file: string): Connection => {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0`);
  database.exec('CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)');
  return openConnection(database);
};

const inLog = (writer: Connection): { readonly log: number; readonly done: number } => {
  const [, log, done] = writer.first('PRAGMA wal_checkpoint(NOOP)') ?? [];
  return { log: Number(log), done: Number(done) };
};

/** A commit of some forty pages. */
const commit = (writer: Connection, checkpoint: WalCheckpoint): void => {
  writer.exec('BEGIN IMMEDIATE');
  for (let row = 0; row < rowsPerCommit; row += 1) writer.run('INSERT INTO row (body) VALUES (zeroblob(8000))');
  writer.exec('COMMIT');
  checkpoint.committed();
};

/** Commits without a pause of more than a turn of the event loop, until it holds. @returns how many commits it took */
const commitUntil = async (writer: Connection, checkpoint: WalCheckpoint, holds: () => boolean): Promise<number> => {
  for (let commits = 1; commits < 2000; commits += 1) {
    commit(writer, checkpoint);
    if (holds()) return commits;
    await sleep(1);
  }
  throw new Error('2,000 commits have not been enough');
};

const rowsSeenBy = (database: DatabaseSync): number => Number(database.prepare('SELECT count(*) AS rows FROM row').get()?.['rows']);

it('lets the log begin anew, again and again, while it is written all the time', async () => {
  const file = folder.file('a.db');
  const writer = openWriter(file);
  const checkpoint = openWalCheckpoint({ writer, file, pagesMin });
  let commits = 0;
  for (let time = 0; time < 3; time += 1) {
    commits += await commitUntil(writer, checkpoint, () => inLog(writer).log > pagesMin);
    commits += await commitUntil(writer, checkpoint, () => inLog(writer).log < pagesMin / 2);
  }
  // What has left the log is in the database.
  expect(statSync(file).size).toBeGreaterThan(3 * pagesMin * pageBytes);
  expect(writer.first('SELECT count(*) FROM row')).toEqual([commits * rowsPerCommit]);
  expect(writer.first('PRAGMA integrity_check')).toEqual(['ok']);
  await checkpoint.close();
  writer.close();
});

it('leaves a short log alone', async () => {
  const file = folder.file('a.db');
  const writer = openWriter(file);
  const checkpoint = openWalCheckpoint({ writer, file, pagesMin });
  for (let commits = 0; commits < 4; commits += 1) commit(writer, checkpoint);
  await sleep(50);
  commit(writer, checkpoint);
  expect(inLog(writer).done).toBe(0);
  await checkpoint.close();
  writer.close();
});

it('keeps what a reader of an old snapshot needs, and goes on when it has gone', async () => {
  const file = folder.file('a.db');
  const writer = openWriter(file);
  const checkpoint = openWalCheckpoint({ writer, file, pagesMin });
  commit(writer, checkpoint);
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec('BEGIN');
  expect(rowsSeenBy(reader)).toBe(rowsPerCommit);
  await commitUntil(writer, checkpoint, () => inLog(writer).log > 4 * pagesMin);
  expect(rowsSeenBy(reader)).toBe(rowsPerCommit);
  reader.close();
  await commitUntil(writer, checkpoint, () => inLog(writer).log < pagesMin / 2);
  await checkpoint.close();
  writer.close();
});

it('is no trouble to who commits where the thread cannot open the file, and closes', async () => {
  const writer = openWriter(folder.file('a.db'));
  const checkpoint = openWalCheckpoint({ writer, file: folder.file('no/a.db'), pagesMin });
  for (let commits = 0; commits < 20; commits += 1) {
    commit(writer, checkpoint);
    await sleep(10);
  }
  expect(inLog(writer).done).toBe(0);
  await checkpoint.close();
  writer.close();
});

it('closes while the thread is at work', async () => {
  const file = folder.file('a.db');
  const writer = openWriter(file);
  const checkpoint = openWalCheckpoint({ writer, file, pagesMin });
  for (let commits = 0; commits < 8; commits += 1) commit(writer, checkpoint);
  await checkpoint.close();
  writer.close();
  const again = new DatabaseSync(file);
  expect(rowsSeenBy(again)).toBe(8 * rowsPerCommit);
  again.close();
});
