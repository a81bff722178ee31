import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { Warehouse } from '@dsf/ports';
import { openSqliteClient } from './client.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { createTurns } from './turns.ts';
import { openWalSync } from './wal-sync.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
const noCounts = { written: 0, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 };
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

describe('what a lane sends or acknowledges without a commit of its own', () => {
  const at = { source: 1, partition: 0 };
  const ingest = { phase: 'ingest', source: 1, lane: 0 } as const;
  const position = { ...at, next: 1, start: 0, time: null, idle: true, version: 1, counters: noCounts };

  it.each<[string, (warehouse: Warehouse) => Promise<unknown>]>([
    ['where a lane stands', (warehouse) => warehouse.loadLane(ingest)],
    ['what is still to be appended elsewhere', (warehouse) => warehouse.readIntent(ingest)],
    ['the tables', (warehouse) => warehouse.schema()],
    ['how far ingest has come', (warehouse) => warehouse.committed.readEnds(1)],
    ['messages that have been stored already', (warehouse) => warehouse.committed.readMessages(1, ['m'])],
    ['drivers that are live', (warehouse) => warehouse.committed.readLiveInstances(0)],
    ['groups to be published', (warehouse) => warehouse.committed.readGroupsByRevision('none', 0, 0, 10, null, 10)],
  ])('is on the disk: %s', async (_, read) => {
    const disk = makeDisk();
    const warehouse = await openSqliteWarehouse({ file: folder.file(`${String(Math.random())}.db`), syncLog: disk.sync });
    disk.slowDown();
    const writing = warehouse.transact(ingest, 0, (transaction) => transaction.writePositions([position]));
    await aMoment();
    let isRead = false;
    const reading = read(warehouse).finally(() => (isRead = true));
    await aMoment();
    expect(isRead).toBe(false);
    disk.end();
    await writing;
    await aMoment();
    disk.end();
    await reading;
    await warehouse.close();
  });
});

describe('the file of the write-ahead log', () => {
  it('is where SQLite has it when the database is a link to a file that is not there yet', async () => {
    symlinkSync(folder.file('target.db'), folder.file('link.db'));
    const client = await openSqliteClient({ file: folder.file('link.db') });
    const table = client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    await expect(table).resolves.toBeUndefined();
    await client.close();
  });

  it('that cannot be opened is told by what waits for it, and closes all the same', async () => {
    const log = openWalSync({ file: folder.file('missing.db'), changesOfOthers: () => 0 });
    await expect(log.committed()).rejects.toMatchObject({ code: 'warehouse.disk', message: expect.stringContaining('ENOENT') });
    await log.close();
  });

  it('is synced once at a time, whenever somebody asks for it', async () => {
    writeFileSync(folder.file('busy.db-wal'), '');
    let [now, most] = [0, 0];
    const log = openWalSync({
      file: folder.file('busy.db'),
      changesOfOthers: () => 0,
      sync: async () => {
        now += 1;
        most = Math.max(most, now);
        await sleep(1);
        now -= 1;
      },
    });
    /** In each of the moments after a sync has ended. */
    const ask = async (moments: number): Promise<void> => {
      await log.committed();
      for (let moment = 0; moment < moments; moment += 1) await Promise.resolve();
      await log.committed();
    };
    await Promise.all(Array.from({ length: 12 }, (_, moments) => ask(moments)));
    await log.close();
    expect(most).toBe(1);
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

  it('waits for a commit of the very same moment, also where threads take turns', async () => {
    const disk = makeDisk();
    const client = await openSqliteClient({ file: folder.file('same-moment.db'), syncLog: disk.sync, turns: createTurns() });
    await client.write(async (connection) => connection.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    disk.slowDown();
    let isOnDisk = false;
    const seen: { readonly rows: unknown; readonly isOnDisk: boolean }[] = [];
    /** In each of the moments around the commit. */
    const look = async (moments: number): Promise<void> => {
      for (let moment = 0; moment < moments; moment += 1) await Promise.resolve();
      const rows = (await client.readDurable((reader) => reader.first(count)))?.[0];
      seen.push({ rows, isOnDisk });
    };
    let looking: readonly Promise<void>[] = [];
    const writing = client.write(async (connection) => {
      connection.run('INSERT INTO t VALUES (1)');
      looking = Array.from({ length: 12 }, (_, moments) => look(moments));
    });
    await aMoment();
    isOnDisk = true;
    for (const all = Promise.all([writing, ...looking]).then(() => (isOnDisk = false)); isOnDisk; await sleep(1)) {
      disk.end();
      all.catch(() => undefined);
    }
    expect(seen.filter(({ rows }) => rows === 1).length).toBeGreaterThan(0);
    expect(seen.filter((one) => one.rows === 1 && !one.isOnDisk)).toEqual([]);
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
