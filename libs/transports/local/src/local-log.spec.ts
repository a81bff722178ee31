import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionFeed, Subscription, Transport } from '@dsf/ports';
import { fakeClock, realClock } from '@dsf/testing';
import { openLocalTransport, type LocalTransport, type LocalTransportConfig } from './local-transport.ts';

const never = new AbortController().signal;
const limits = { recordsMax: 10_000, bytesMax: 1e9, waitMs: 0 };
const messages = (count: number, partition = 0) =>
  Array.from({ length: count }, (_, index) => ({ partition, key: null, headers: [], body: new TextEncoder().encode(`${index}`) }));

let folder: string;
let file: string;
const opened: Transport[] = [];
const open = async (config: Partial<LocalTransportConfig> = {}): Promise<LocalTransport> => {
  const transport = await openLocalTransport({ file, clock: realClock, ...config });
  opened.push(transport);
  return transport;
};
/** Another connection to the file, as another process has one. */
const meddle = <T>(work: (database: DatabaseSync) => T): T => {
  const database = new DatabaseSync(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsf-log-'));
  file = join(folder, 'new', 'log.db');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
  rmSync(folder, { recursive: true });
});

/** The feeds that are there now. */
const given = async (subscription: Subscription, count: number): Promise<readonly PartitionFeed[]> => {
  const feeds: PartitionFeed[] = [];
  for await (const feed of subscription.feeds(never)) if (feeds.push(feed) === count) break;
  return feeds;
};
const firstFeed = async (transport: Transport, topic: string, group = 'group'): Promise<PartitionFeed> => {
  const [feed] = await given(await transport.subscribe(topic, group), 1);
  if (feed === undefined) throw new Error('no feed was given');
  return feed;
};

describe('the file', () => {
  it('is made with its folders, and shared by all transports of the process', async () => {
    const [one, two] = [await open(), await open()];
    await one.ensureTopic('orders', 1);
    const feed = await firstFeed(two, 'orders');
    const waiting = feed.read({ ...limits, waitMs: 10_000 }, never);
    await one.send('orders', messages(1));
    expect(await waiting).toHaveLength(1);
    await one.close();
    await one.close();
    expect(await two.bounds('orders', 0)).toEqual({ start: 0, end: 1 });
  });

  it('is refused when it is no log, and when a newer DSF has made it', async () => {
    file = join(folder, 'text.db');
    writeFileSync(file, 'no database at all, but long enough to look at. '.repeat(100));
    await expect(open()).rejects.toMatchObject({ kind: 'fatal', code: 'transport.corrupt' });
    file = join(folder, 'newer.db');
    meddle((database) => database.exec('PRAGMA user_version = 99'));
    await expect(open()).rejects.toMatchObject({ kind: 'fatal', code: 'transport.format', facts: { version: 99 } });
    rmSync(file);
    await open();
  });

  it('is waited for while another process writes', async () => {
    const transport = await open({ busyMs: 10_000 });
    await transport.ensureTopic('orders', 1);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    let isFree = false;
    setTimeout(() => {
      isFree = true;
      other.exec('COMMIT');
    }, 60);
    await transport.send('orders', messages(1));
    expect(isFree).toBe(true);
    other.close();
    expect(await transport.bounds('orders', 0)).toEqual({ start: 0, end: 1 });
  });

  it('is waited for no longer than told while another process writes', async () => {
    const transport = await open({ busyMs: 300 });
    await transport.ensureTopic('orders', 1);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    await expect(transport.send('orders', messages(1))).rejects.toMatchObject({ kind: 'retry', code: 'transport.busy' });
    other.exec('COMMIT');
    other.close();
    await transport.send('orders', messages(1));
    expect(await transport.bounds('orders', 0)).toEqual({ start: 0, end: 1 });
  });

  it('stops everything that uses it after it is closed', async () => {
    const transport = await open();
    await transport.ensureTopic('orders', 1);
    const feed = await firstFeed(transport, 'orders');
    await transport.close();
    const closed = { kind: 'fatal', code: 'transport.closed' };
    await expect(transport.send('orders', messages(1))).rejects.toMatchObject(closed);
    await expect(feed.acknowledge(0)).rejects.toMatchObject(closed);
    expect(await feed.read(limits, never)).toEqual([]);
  });

  it('does not make a reader wait longer when the clock is set back', async () => {
    let now = 10_000_000;
    const transport = await open({ clock: { now: () => now, sleep: (ms, signal) => realClock.sleep(ms, signal) } });
    await transport.ensureTopic('orders', 1);
    const subscription = await transport.subscribe('orders', 'group');
    const end = new AbortController();
    for await (const feed of subscription.feeds(end.signal)) {
      const read = feed.read({ recordsMax: 1, bytesMax: 1000, waitMs: 50 }, end.signal);
      now -= 3_600_000;
      expect(await read).toEqual([]);
      end.abort();
    }
    await transport.close();
  });

  it('is searched by time also when the clock was set back', async () => {
    let now = 5000;
    const transport = await open({ clock: { ...realClock, now: () => now } });
    await transport.ensureTopic('orders', 1);
    await transport.send('orders', messages(1));
    now = 1000;
    await transport.send('orders', messages(1));
    now = 6000;
    await transport.send('orders', messages(1));
    const found = [0, 1000, 5000, 5001, 6000, 6001].map((time) => transport.offsetAt('orders', 0, time));
    expect(await Promise.all(found)).toEqual([0, 0, 0, 2, 2, 3]);
  });
});

describe('deleting', () => {
  it('takes any number of messages, in bounded steps, and cuts inside a chunk', async () => {
    const transport = await open();
    await transport.ensureTopic('orders', 1);
    await Promise.all(messages(1500).map((message) => transport.send('orders', [message])));
    await transport.send('orders', messages(100));
    await transport.trim('orders', 0, 1520);
    expect(await transport.bounds('orders', 0)).toEqual({ start: 1520, end: 1600 });
    expect(meddle((database) => database.prepare('SELECT count(*) AS n FROM chunk').get())).toEqual({ n: 1 });
    const rest = await (await firstFeed(transport, 'orders')).read(limits, never);
    expect(rest.map(({ offset }) => offset)).toEqual(Array.from({ length: 80 }, (_, index) => 1520 + index));
    await transport.trim('orders', 0, 10);
    await transport.trim('orders', 0, 9999);
    expect(await transport.bounds('orders', 0)).toEqual({ start: 1600, end: 1600 });
  });

  it('keeps of an internal topic what the slowest group has not acknowledged, and everything of the others', async () => {
    const transport = await open({ convenience: { topics: ['dsf.raw'], keepMs: 0 }, clock: { ...realClock, now: () => Date.now() + 10 } });
    for (const topic of ['dsf.raw', 'orders']) {
      await transport.ensureTopic(topic, 1);
      const fast = await firstFeed(transport, topic, 'fast');
      const slow = await firstFeed(transport, topic, 'slow');
      for (let round = 1; round <= 20; round += 1) {
        await transport.send(topic, messages(10));
        await fast.acknowledge(round * 10);
        await slow.acknowledge(Math.min(round * 10, 105));
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { start, end } = await transport.bounds('dsf.raw', 0);
    expect(end).toBe(200);
    expect(start).toBeGreaterThan(80);
    expect(start).toBeLessThanOrEqual(105);
    expect(await transport.bounds('orders', 0)).toEqual({ start: 0, end: 200 });
  });

  it('keeps acknowledged messages for as long as told', async () => {
    const clock = fakeClock();
    const transport = await open({ convenience: { topics: ['dsf.raw'], keepMs: 1000 }, clock, memberTimeoutMs: 1e9 });
    await transport.ensureTopic('dsf.raw', 1);
    const feed = await firstFeed(transport, 'dsf.raw');
    await transport.send('dsf.raw', messages(10));
    const acknowledgeOften = async (): Promise<void> => {
      for (let round = 0; round < 8; round += 1) await feed.acknowledge(10);
    };
    await acknowledgeOften();
    expect(await transport.bounds('dsf.raw', 0)).toEqual({ start: 0, end: 10 });
    await clock.advance(1001);
    await acknowledgeOften();
    expect(await transport.bounds('dsf.raw', 0)).toEqual({ start: 10, end: 10 });
  });

  it('does not stop a slow member whose messages another has acknowledged', async () => {
    const clock = fakeClock();
    const transport = await open({ convenience: { topics: ['dsf.raw'], keepMs: 0 }, clock, memberTimeoutMs: 1e9 });
    await transport.ensureTopic('dsf.raw', 1);
    const late = await firstFeed(transport, 'dsf.raw');
    await transport.send('dsf.raw', messages(10));
    expect(await late.read({ ...limits, recordsMax: 1 }, never)).toHaveLength(1);
    await clock.advance(1);
    for (let round = 0; round < 4; round += 1) await late.acknowledge(8);
    expect(await transport.bounds('dsf.raw', 0)).toEqual({ start: 8, end: 10 });
    expect((await late.read(limits, never)).map(({ offset }) => offset)).toEqual([8, 9]);
  });
});

describe('members', () => {
  it('take over from one that was not heard of for the timeout, not sooner', async () => {
    const clock = fakeClock();
    const transport = await open({ clock, memberTimeoutMs: 3000 });
    await transport.ensureTopic('orders', 2);
    meddle((database) => database.prepare(`INSERT INTO member VALUES (1, 'group', '', ?)`).run(clock.now()));
    const subscription = await transport.subscribe('orders', 'group');
    const feeds = await given(subscription, 1);
    expect(feeds.map(({ partition }) => partition)).toEqual([1]);
    await clock.advance(2900);
    const next = given(subscription, 1);
    const before = await Promise.race([next, new Promise((resolve) => setTimeout(() => resolve('nothing yet'), 50))]);
    expect(before).toBe('nothing yet');
    await clock.advance(1000);
    expect((await next).map(({ partition }) => partition)).toEqual([0]);
    expect(feeds[0]?.revoked.aborted).toBe(false);
  });

  it('of one process have the same partitions of every topic, or those beside them', async () => {
    const transports = [await open(), await open(), await open()];
    await transports[0]?.ensureTopic('orders', 6);
    const besides = [0, 0, 2];
    const stop = new AbortController();
    const seats = transports.map(() => besides.map((): PartitionFeed[] => []));
    const follow = async (subscription: Subscription, seat: PartitionFeed[]): Promise<void> => {
      for await (const feed of subscription.feeds(stop.signal)) seat.push(feed);
    };
    // The groups are joined in different orders.
    for (const [group, beside] of besides.entries()) {
      for (let turn = 0; turn < transports.length; turn += 1) {
        const who = (turn + group) % transports.length;
        const subscription = await transports[who]?.subscribe('orders', `group ${group}`, undefined, beside);
        if (subscription !== undefined) void follow(subscription, seats[who]?.[group] ?? []);
      }
    }
    const held = (group: number) =>
      seats.map((own) =>
        (own[group] ?? [])
          .filter(({ revoked }) => !revoked.aborted)
          .map(({ partition }) => partition)
          .toSorted((a, b) => a - b),
      );
    for (const group of besides.keys()) await expect.poll(() => held(group).map(({ length }) => length)).toEqual([2, 2, 2]);
    const [first = [], second, third] = besides.map((_, group) => held(group));
    expect(second).toEqual(first);
    expect(third).toEqual(first.map((own) => own.map((partition) => (partition + 4) % 6).toSorted((a, b) => a - b)));
    stop.abort();
  });

  it('join again after they were taken for gone', async () => {
    const clock = fakeClock();
    const transport = await open({ clock, memberTimeoutMs: 3000 });
    await transport.ensureTopic('orders', 1);
    const subscription = await transport.subscribe('orders', 'group');
    const [feed] = await given(subscription, 1);
    meddle((database) => database.exec(`DELETE FROM member; UPDATE meta SET value = value + 1 WHERE name = 'membership'`));
    await clock.advance(3000);
    expect(meddle((database) => database.prepare('SELECT count(*) AS n FROM member').get())).toEqual({ n: 1 });
    await transport.send('orders', messages(1));
    const [again] = feed?.revoked.aborted === true ? await given(subscription, 1) : [feed];
    expect(await again?.read(limits, never)).toHaveLength(1);
  });
});
