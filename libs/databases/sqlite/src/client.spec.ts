import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteClient } from './client.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
afterAll(folder.discard);

describe('opening a file', () => {
  it('says what to do when it is no database', async () => {
    const file = folder.file('text.db');
    writeFileSync(file, 'this is a text, and long enough to be taken for a header of a database file. '.repeat(20));
    await expect(openSqliteWarehouse({ file })).rejects.toMatchObject({
      kind: 'fatal',
      code: 'warehouse.not-a-database',
      message: expect.stringContaining('name another file'),
    });
  });

  it('says what to do when the folder is missing, or the file is a folder', async () => {
    mkdirSync(folder.file('folder.db'));
    for (const name of ['missing/x.db', 'folder.db'])
      await expect(openSqliteWarehouse({ file: folder.file(name) })).rejects.toMatchObject({
        kind: 'fatal',
        code: 'warehouse.cannot-open',
      });
  });

  it('can be tried again after it failed', async () => {
    const file = folder.file('later/x.db');
    await expect(openSqliteWarehouse({ file })).rejects.toMatchObject({ kind: 'fatal' });
    mkdirSync(folder.file('later'));
    const warehouse = await openSqliteWarehouse({ file });
    await warehouse.close();
    expect(existsSync(file)).toBe(true);
  });

  it('shares one writer between handles, also through a link', async () => {
    const file = folder.file('shared.db');
    const first = await openSqliteClient({ file });
    symlinkSync(file, folder.file('link.db'));
    const second = await openSqliteClient({ file: folder.file('link.db') });
    const writers = await Promise.all([first, second].map((client) => client.write(async (connection) => connection)));
    expect(writers[0]).toBe(writers[1]);
    await first.close();
    await first.close();
    await expect(first.write(async () => 1)).rejects.toMatchObject({ kind: 'fatal', code: 'warehouse.closed' });
    await expect(second.write(async () => 2)).resolves.toBe(2);
    await second.close();
  });
});

describe('a lock held by another program', () => {
  const locked = (file: string): DatabaseSync => {
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    return other;
  };

  it('is waited for without blocking the event loop, up to the limit', async () => {
    const file = folder.file('busy.db');
    const client = await openSqliteClient({ file, lockBlockMs: 1, lockAttemptsMax: 20, random: () => 0.5 });
    const other = locked(file);
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 1);
    await expect(client.write(async () => 'never')).rejects.toMatchObject({ kind: 'retry', code: 'warehouse.busy', facts: { tries: 20 } });
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(3);
    other.exec('ROLLBACK');
    await expect(client.write(async () => 'now')).resolves.toBe('now');
    other.close();
    await client.close();
  });

  it('does not keep readers from what is committed', async () => {
    const file = folder.file('readers.db');
    const client = await openSqliteClient({ file, lockBlockMs: 1, lockAttemptsMax: 2 });
    await client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)'));
    const other = locked(file);
    other.exec('INSERT INTO t VALUES (2)');
    expect(await client.read((connection) => connection.all('SELECT a FROM t'))).toEqual([[1]]);
    other.exec('COMMIT');
    expect(await client.read((connection) => connection.all('SELECT a FROM t'))).toEqual([[1], [2]]);
    other.close();
    await client.close();
  });
});

describe('a transaction', () => {
  it('that fills the disk is rolled back, named fatal, and leaves the client fit for work', async () => {
    const client = await openSqliteClient({ file: folder.file('full.db') });
    await client.write(async (connection) => connection.exec('CREATE TABLE t (a BLOB); PRAGMA max_page_count = 20'));
    await expect(client.write(async (connection) => connection.run('INSERT INTO t VALUES (randomblob(1000000))'))).rejects.toMatchObject({
      kind: 'fatal',
      code: 'warehouse.disk-full',
    });
    await client.write(async (connection) => connection.run('INSERT INTO t VALUES (1)'));
    expect(await client.read((connection) => connection.all('SELECT a FROM t'))).toEqual([[1]]);
    await client.close();
  });

  it('is waited for by close', async () => {
    const client = await openSqliteClient({ file: folder.file('closing.db') });
    let isDone = false;
    const working = client.write(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      isDone = true;
    });
    await client.close();
    expect(isDone).toBe(true);
    await working;
  });
});

describe('transactions that wait at the same moment', () => {
  const openTable = async (name: string) => {
    const client = await openSqliteClient({ file: folder.file(name) });
    await client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    const values = (): Promise<readonly (readonly unknown[])[]> => client.read((connection) => connection.all('SELECT a FROM t'));
    const insert = (value: number) =>
      client.writeShared((connection) => {
        connection.run('INSERT INTO t VALUES (?)', value);
        return value;
      });
    return { client, values, insert };
  };

  it('share one commit, of which nothing is seen before it is done', async () => {
    const { client, values, insert } = await openTable('together.db');
    let seen: Promise<readonly (readonly unknown[])[]> = Promise.resolve([]);
    const looking = client.writeShared(() => {
      seen = values();
    });
    await Promise.all([insert(1), looking, insert(2)]);
    expect(await seen).toEqual([]);
    expect(await values()).toEqual([[1], [2]]);
    await client.close();
  });

  it('undo one that fails, whole, and keep its neighbours', async () => {
    const { client, values, insert } = await openTable('one-fails.db');
    const first = insert(1);
    const failing = client.writeShared((connection) => {
      connection.run('INSERT INTO t VALUES (7)');
      connection.run('INSERT INTO t VALUES (1)');
    });
    const [, failed] = await Promise.allSettled([first, failing, insert(2)]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { kind: 'retry', code: 'warehouse.changed' } });
    expect(await values()).toEqual([[1], [2]]);
    await client.close();
  });

  it('all fail when the commit itself cannot be, and none of them is stored', async () => {
    const { client, values, insert } = await openTable('no-commit.db');
    const breaking = client.writeShared((connection) =>
      connection.exec('CREATE TABLE u (b REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED); INSERT INTO u VALUES (99)'),
    );
    const results = await Promise.allSettled([insert(1), breaking, insert(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await values()).toEqual([]);
    await expect(insert(3)).resolves.toBe(3);
    await client.close();
  });

  it('never share with one that wants to be alone', async () => {
    const { client, values, insert } = await openTable('alone.db');
    const first = insert(1);
    const alone = client.write(async (connection) => {
      connection.run('INSERT INTO t VALUES (2)');
      return values();
    });
    const [, seen] = await Promise.all([first, alone, insert(3)]);
    expect(seen).toEqual([[1]]);
    expect(await values()).toEqual([[1], [2], [3]]);
    await client.close();
  });
});
