import { copyFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteClient } from './client.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
afterAll(folder.discard);

/** A disk whose syncs end when the test says so. */
const makeDisk = () => {
  const waiting: PromiseWithResolvers<void>[] = [];
  let begun = 0;
  let isSlow = false;
  return {
    sync: async (): Promise<void> => {
      begun += 1;
      if (!isSlow) return;
      const sync = Promise.withResolvers<void>();
      waiting.push(sync);
      await sync.promise;
    },
    begun: () => begun,
    slowDown: () => (isSlow = true),
    end: () => waiting.shift()?.resolve(),
    fail: () => waiting.shift()?.reject(new Error('EIO: i/o error, fdatasync')),
  };
};

const openTable = async (name: string) => {
  const disk = makeDisk();
  const file = folder.file(name);
  const client = await openSqliteClient({ file, syncLog: disk.sync });
  await client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
  disk.slowDown();
  const confirmed: number[] = [];
  const insert = async (value: number): Promise<void> => {
    await client.writeShared((connection) => connection.run('INSERT INTO t VALUES (?)', value));
    confirmed.push(value);
  };
  const values = () => client.read((connection) => connection.all('SELECT a FROM t').map(([value]) => value));
  return { disk, file, client, confirmed, insert, values };
};

/** Long enough for whatever does not wait for the disk. */
const aMoment = (): Promise<void> => sleep(20);

describe('a commit', () => {
  it('is confirmed when its sync has ended, and lets the next transaction in before', async () => {
    const { disk, client, confirmed, insert, values } = await openTable('waits.db');
    const first = insert(1);
    await aMoment();
    expect(await values()).toEqual([1]);
    const second = insert(2);
    await aMoment();
    expect(await values()).toEqual([1, 2]);
    expect(confirmed).toEqual([]);
    disk.end();
    await first;
    await aMoment();
    expect(confirmed).toEqual([1]);
    disk.end();
    await second;
    await client.close();
  });

  it('that comes while a sync runs waits for one that begins after it, which all of them share', async () => {
    const { disk, client, confirmed, insert } = await openTable('shares.db');
    const before = disk.begun();
    const all = [insert(1)];
    await aMoment();
    for (const value of [2, 3, 4]) {
      all.push(insert(value));
      await aMoment();
    }
    disk.end();
    await aMoment();
    expect(confirmed).toEqual([1]);
    disk.end();
    await Promise.all(all);
    expect(confirmed).toEqual([1, 2, 3, 4]);
    expect(disk.begun() - before).toBe(2);
    await client.close();
  });

  it('whose sync fails is not confirmed, nor is any after it: the disk may have forgotten what it could not write', async () => {
    const { disk, client, confirmed, insert } = await openTable('fails.db');
    const [first, second] = [insert(1), aMoment().then(() => insert(2))];
    const outcome = Promise.allSettled([first, second]);
    await aMoment();
    await aMoment();
    disk.fail();
    const verdict = { status: 'rejected', reason: { kind: 'fatal', code: 'warehouse.disk', message: expect.stringContaining('EIO') } };
    expect(await outcome).toMatchObject([verdict, verdict]);
    await expect(insert(3)).rejects.toMatchObject({ code: 'warehouse.disk' });
    expect(confirmed).toEqual([]);
    await client.close();
  });

  it('that was confirmed is in the log as it was synced last, whatever the power cut takes', async () => {
    const file = folder.file('cut.db');
    let isCut = false;
    const client = await openSqliteClient({
      file,
      // What is on the disk for certain is what was there when the last sync began.
      syncLog: async () => {
        if (isCut) return;
        copyFileSync(file, folder.file('after.db'));
        copyFileSync(`${file}-wal`, folder.file('after.db-wal'));
        await sleep(1);
      },
    });
    await client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    const confirmed: number[] = [];
    const lanes = [0, 1, 2].map(async (lane) => {
      for (let turn = 0; turn < 15 && !isCut; turn += 1) {
        const value = turn * 3 + lane;
        await client.writeShared((connection) => connection.run('INSERT INTO t VALUES (?)', value));
        if (!isCut) confirmed.push(value);
      }
    });
    while (confirmed.length < 20) await sleep(1);
    isCut = true;
    await Promise.all(lanes);
    const after = new DatabaseSync(folder.file('after.db'));
    const found = after
      .prepare('SELECT a FROM t')
      .all()
      .map((row) => Number(row['a']));
    after.close();
    expect(found).toEqual(expect.arrayContaining(confirmed));
    await client.close();
  });

  it('is not waited for where the last commits may be lost', async () => {
    let syncs = 0;
    const client = await openSqliteClient({
      file: folder.file('normal.db'),
      synchronous: 'normal',
      syncLog: async () => void (syncs += 1),
    });
    await client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    expect(syncs).toBe(0);
    await client.close();
  });
});

describe('a read of what a power cut cannot undo', () => {
  const count = 'SELECT count(*) FROM t';

  it('waits for commits of this process that are not on the disk yet', async () => {
    const { disk, client, insert } = await openTable('own.db');
    const writing = insert(1);
    await aMoment();
    let isRead = false;
    const reading = client.readDurable((connection) => connection.first(count)).finally(() => (isRead = true));
    await aMoment();
    expect(isRead).toBe(false);
    disk.end();
    disk.end();
    await writing;
    disk.end();
    expect(await reading).toEqual([1]);
    await client.close();
  });

  it('syncs what another process has committed, once', async () => {
    const { disk, file, client } = await openTable('others.db');
    const other = new DatabaseSync(file);
    other.exec('INSERT INTO t VALUES (7)');
    const before = disk.begun();
    const reading = client.readDurable((connection) => connection.first(count));
    await aMoment();
    disk.end();
    expect(await reading).toEqual([1]);
    expect(disk.begun() - before).toBe(1);
    await client.readDurable((connection) => connection.first(count));
    expect(disk.begun() - before).toBe(1);
    other.close();
    await client.close();
  });
});
