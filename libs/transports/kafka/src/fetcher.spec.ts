import { realClock } from '@dsf/testing';
import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCursor, type Cursor } from './cursor.ts';
import { makeFetcher, type Fetcher } from './fetcher.ts';
import type { KafkaClient } from './kafka-client.ts';
import { encodeBatch } from './record-batch.ts';
import { clientOfEndless, type Endless, type FetchSeen } from './specs/fetch-broker.ts';
import { uvarintSize, writeWire } from './wire-writer.ts';

const stamp = { producer: '1', epoch: 0, sequence: 0, isTransactional: false };
const body = new Uint8Array(10_000);
/** For a machine that is busy with something else. */
const patient = { timeout: 10_000 };
const limits = { partitionBytesMax: 500_000, prefetchBytesMax: 1_000_000, fetchBytesMax: 200_000 };

const topicId = '00112233445566778899aabbccddeeff';

/** Where the only partition of a fetch by id stands, behind replica, wait, sizes, isolation, session and id. */
const placeIn = (buffer: Buffer) => ({ offset: Number(buffer.readBigInt64BE(52)), leaderEpoch: buffer.readInt32BE(60) });

/** A batch of one record. */
const batchAt = (offset: number, leaderEpoch: number): Buffer => {
  const batch = encodeBatch([{ partition: 0, key: null, headers: [], body: new Uint8Array(9) }], 1000, stamp);
  batch.writeBigInt64BE(BigInt(offset), 0);
  batch.writeInt32BE(leaderEpoch, 12);
  return batch;
};

/** Three fields that may be added, of which the second says from where on the log differs: epoch 4, offset 2. */
const differs = Buffer.from('03070200ff000d00000004000000000000000200010100', 'hex');
const nothingAdded = Buffer.alloc(1);

/** What a broker answers to a fetch by id of partition 0. */
const answerById = (records: Buffer, added: Buffer): Buffer => {
  const writer = writeWire(11 + 1 + 16 + 1 + 30 + 1 + 4 + uvarintSize(records.length + 1) + records.length + added.length + 2);
  writer.int8(0).int32(0).int16(0).int32(0).uvarint(2).bytes(Buffer.from(topicId, 'hex')).uvarint(2);
  writer.int32(0).int16(0).int64(0).int64(0).int64(0).uvarint(1).int32(-1);
  writer.uvarint(records.length + 1).bytes(records);
  return writer.bytes(added).int8(0).int8(0).finish();
};

describe('a log that has lost what was fetched', () => {
  /** Of the leaders that took the records at offsets 0, 1 and 2. */
  const epochs = [4, 4, 5];
  let isCutBack: boolean;
  let asked: ReturnType<typeof placeIn>[];
  let fetcher: Fetcher;
  let cursor: Cursor;
  beforeEach(() => {
    [isCutBack, asked] = [false, []];
    const answerTo = async ({ offset, leaderEpoch }: ReturnType<typeof placeIn>): Promise<Buffer> => {
      // No answer comes at once: a reader that asks without a pause would never end.
      await realClock.sleep(1, new AbortController().signal);
      if (isCutBack && leaderEpoch >= 0) return answerById(Buffer.alloc(0), differs);
      const epoch = epochs[offset];
      if (epoch !== undefined) return answerById(batchAt(offset, epoch), nothingAdded);
      await realClock.sleep(20, new AbortController().signal);
      return answerById(Buffer.alloc(0), nothingAdded);
    };
    const send = async <Response>({ request, response }: WireRequest<Response>): Promise<Response> => {
      const place = placeIn((await request.encode()).buffer);
      asked.push(place);
      return response.parse(await response.decode(await answerTo(place)));
    };
    const client = {
      ...{ clock: realClock, brokers: '' },
      leaders: async () => [0],
      topicId: async () => topicId,
      broker: async () => ({ connectionPool: { send }, versions: { 1: { maxVersion: 13 } } }) as unknown as Broker,
      forget: () => undefined,
    };
    const bounds = async () => ({ start: 0, end: 3 });
    fetcher = makeFetcher({ client: client as unknown as KafkaClient, topic: 't', bounds, pollMs: 1, ...limits });
    cursor = makeCursor(0, realClock);
    cursor.seek(0);
    fetcher.add(cursor);
  });
  afterEach(() => fetcher.close());
  const read = (): readonly number[] => cursor.take({ recordsMax: 10, bytesMax: 1000, waitMs: 0 }).map(({ offset }) => offset);

  it('would tell by the leader of the last batch that was fetched, which each fetch names', async () => {
    await expect.poll(() => asked.length, patient).toBeGreaterThan(4);
    expect(asked.slice(0, 5)).toEqual([
      { offset: 0, leaderEpoch: -1 },
      { offset: 1, leaderEpoch: 4 },
      { offset: 2, leaderEpoch: 4 },
      { offset: 3, leaderEpoch: 5 },
      { offset: 3, leaderEpoch: 5 },
    ]);
    expect([read(), cursor.takeFailure()]).toEqual([[0, 1, 2], null]);
  });

  it('stops its reader with what was lost, at the same offsets and with nothing of what is there now', async () => {
    await expect.poll(() => cursor.wants(), patient).toBe(3);
    isCutBack = true;
    await expect
      .poll(() => cursor.takeFailure(), patient)
      .toMatchObject({
        kind: 'fatal',
        code: 'transport.diverged',
        message: expect.stringMatching(/partition 0 of topic "t" has lost the offsets from 2 to before 3 .*Define a source/) as string,
        facts: { topic: 't', partition: 0, offset: 3, start: 2 },
      });
    // What had been fetched before is what the log held then.
    expect([read(), cursor.wants()]).toEqual([[0, 1, 2], 3]);
    const [before, from] = [asked.length, realClock.now()];
    await realClock.sleep(100, new AbortController().signal);
    // It rests for 250 ms after each; a busy machine may have made the pause longer than it should have been.
    expect(asked.length - before).toBeLessThanOrEqual(1 + Math.ceil((realClock.now() - from) / 250));
  });

  it('is read on by whoever says where', async () => {
    await expect.poll(() => cursor.wants(), patient).toBe(3);
    isCutBack = true;
    await expect.poll(() => cursor.takeFailure(), patient).not.toBeNull();
    isCutBack = false;
    cursor.seek(2);
    const before = asked.length;
    fetcher.kick();
    await expect.poll(() => asked.slice(before), patient).toContainEqual({ offset: 2, leaderEpoch: -1 });
    await expect.poll(read, patient).toEqual([2]);
  });
});

describe('fetching ahead', () => {
  let fetcher: Fetcher;
  afterEach(() => fetcher.close());

  const bounds = async () => ({ start: 0, end: 1_000_000 });
  const open = (sizes: typeof limits, { brokers = 1, asked = () => undefined }: Partial<Endless> = {}): void => {
    fetcher = makeFetcher({ client: clientOfEndless({ clock: realClock, body, brokers, asked }), topic: 't', bounds, pollMs: 1, ...sizes });
  };
  const add = (partition: number): Cursor => {
    const cursor = makeCursor(partition, realClock);
    cursor.seek(0);
    fetcher.add(cursor);
    return cursor;
  };
  const addAll = (count: number): readonly Cursor[] => Array.from({ length: count }, (_, partition) => add(partition));
  const takeAll = (cursor: Cursor) => cursor.take({ recordsMax: 1000, bytesMax: 100_000_000, waitMs: 0 });
  const total = (cursors: readonly Cursor[]): number => cursors.reduce((sum, cursor) => sum + cursor.bytes(), 0);
  /** Nothing more comes. */
  const settled = async (cursors: readonly Cursor[]): Promise<void> => {
    for (let before = -1; before !== total(cursors);) {
      before = total(cursors);
      await realClock.sleep(100, new AbortController().signal);
    }
  };

  it('ends when nobody reads: at the limit of a partition', async () => {
    open(limits);
    const cursor = add(0);
    await settled([cursor]);
    expect(cursor.bytes()).toBeGreaterThanOrEqual(limits.partitionBytesMax - body.length);
    expect(cursor.bytes()).toBeLessThanOrEqual(limits.partitionBytesMax + limits.fetchBytesMax);
  });

  it.each([
    ['four of them', 4, 1, limits],
    ['many', 64, 1, { partitionBytesMax: 500_000, prefetchBytesMax: 4_000_000, fetchBytesMax: 1_000_000 }],
    ['many on four brokers', 64, 4, { partitionBytesMax: 500_000, prefetchBytesMax: 4_000_000, fetchBytesMax: 1_000_000 }],
  ])('ends at the limit of them all, and each has something: %s', async (_, count, brokers, sizes) => {
    open(sizes, { brokers });
    const cursors = addAll(count);
    await settled(cursors);
    expect(total(cursors)).toBeGreaterThan(sizes.prefetchBytesMax / 2);
    expect(total(cursors)).toBeLessThanOrEqual(sizes.prefetchBytesMax + sizes.fetchBytesMax);
    expect(cursors.filter((cursor) => cursor.bytes() === 0)).toEqual([]);
  });

  it('goes on when something was read, for whoever has nothing first', async () => {
    const seen: FetchSeen[] = [];
    open(limits, { asked: (request) => void seen.push(request) });
    const cursors = addAll(4);
    await settled(cursors);
    const before = seen.length;
    const taken = takeAll(cursors[2] as Cursor);
    expect(taken.length).toBeGreaterThan(0);
    fetcher.kick();
    await settled(cursors);
    expect(seen[before]?.partitions[0]).toMatchObject({ partition: 2, offset: taken.length });
    expect(cursors[2]?.bytes()).toBeGreaterThan(0);
    expect(total(cursors)).toBeLessThanOrEqual(limits.prefetchBytesMax + limits.fetchBytesMax);
  });

  it('goes on for all of them where each answer is full with the first of the request, and read before the next', async () => {
    const requests = 40;
    let answered = 0;
    const all = Promise.withResolvers<void>();
    const cursors: Cursor[] = [];
    const asked = async (): Promise<void> => {
      cursors.forEach(takeAll);
      answered += 1;
      if (answered <= requests) return;
      all.resolve();
      await new Promise(() => undefined);
    };
    open({ ...limits, fetchBytesMax: body.length }, { asked });
    for (const partition of [0, 1, 2, 3]) cursors.push(add(partition));
    await all.promise;
    for (const cursor of cursors) expect(cursor.wants()).toBeGreaterThan(requests / 8);
  });
});

describe('a broker that fails', () => {
  const unknown = -1;
  /** The answer to a fetch of one partition, with an error in it. */
  const failureOf = (partition: number): Buffer => {
    const writer = writeWire(10 + 4 + 3 + 4 + 4 + 2 + 24 + 4 + 4 + 4);
    writer.int32(0).int16(0).int32(0).int32(1).string('t').int32(1).int32(partition).int16(unknown);
    return writer.int64(0).int64(0).int64(0).int32(0).int32(0).int32(0).finish();
  };

  it('is asked again, and whoever reads is told which partition it was when that lasts', async () => {
    const send = async <Response>({ response }: WireRequest<Response>): Promise<Response> =>
      response.parse(await response.decode(failureOf(2)));
    const client = {
      ...{ clock: realClock, brokers: 'b:9092' },
      leaders: async () => [0, 0, 0],
      topicId: async () => null,
      broker: async () => ({ connectionPool: { send } }) as unknown as Broker,
      forget: () => undefined,
    };
    const bounds = async () => ({ start: 0, end: 1 });
    const fetcher = makeFetcher({ client: client as unknown as KafkaClient, topic: 't', bounds, pollMs: 1, ...limits });
    const cursor = makeCursor(2, realClock);
    cursor.seek(0);
    fetcher.add(cursor);
    await expect
      .poll(() => cursor.takeFailure(), { timeout: 5000 })
      .toMatchObject({
        ...{ kind: 'retry', code: 'transport.unavailable', facts: { topic: 't', partition: 2, kafka: 'UNKNOWN' } },
        message: expect.stringContaining('partition 2 of topic "t"') as unknown,
      });
    await fetcher.close();
  });
});
