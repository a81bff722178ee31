import { realClock } from '@dsf/testing';
import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCursor, type Cursor } from './cursor.ts';
import { makeFetcher, type Fetcher } from './fetcher.ts';
import type { KafkaClient } from './kafka-client.ts';
import { encodeBatch } from './record-batch.ts';
import { writeWire } from './wire-writer.ts';

const stamp = { producer: '1', epoch: 0, sequence: 0, isTransactional: false };
const body = new Uint8Array(10_000);
const limits = { partitionBytesMax: 50_000, prefetchBytesMax: 100_000, fetchBytesMax: 20_000 };

/** What a broker answers to a fetch of one partition that never ends: one batch of a record at the offset asked for. */
const answerOf = (partition: number, offset: number): Buffer => {
  const batch = encodeBatch([{ partition, key: null, headers: [], body }], 1000, stamp);
  batch.writeBigInt64BE(BigInt(offset), 0);
  const writer = writeWire(10 + 4 + 3 + 4 + 4 + 2 + 24 + 4 + 4 + 4 + batch.length);
  writer.int32(0).int16(0).int32(0).int32(1).string('t').int32(1).int32(partition).int16(0);
  return writer.int64(0).int64(0).int64(0).int32(0).int32(0).int32(batch.length).bytes(batch).finish();
};

describe('fetching ahead', () => {
  let fetcher: Fetcher;
  let fetched: Map<number, number>;
  beforeEach(() => {
    fetched = new Map();
    let turn = 0;
    const cursors: number[] = [];
    const send = async <Response>({ request, response }: WireRequest<Response>): Promise<Response> => {
      const { buffer } = await request.encode();
      // Behind replica, wait, sizes, isolation and session: one topic called "t", and its partitions of 28 bytes each.
      const count = buffer.readInt32BE(32);
      cursors.splice(0, cursors.length, ...Array.from({ length: count }, (_, index) => 36 + index * 28));
      const at = cursors[(turn += 1) % count] ?? 36;
      const [partition, offset] = [buffer.readInt32BE(at), Number(buffer.readBigInt64BE(at + 8))];
      fetched.set(partition, (fetched.get(partition) ?? 0) + body.length);
      return response.parse(await response.decode(answerOf(partition, offset)));
    };
    const broker = { connectionPool: { send } } as unknown as Broker;
    const client = {
      clock: realClock,
      brokers: '',
      leaders: async () => [0, 0, 0, 0],
      topicId: async () => null,
      broker: async () => broker,
      forget: () => undefined,
    };
    const bounds = async () => ({ start: 0, end: 1_000_000 });
    fetcher = makeFetcher({ client: client as unknown as KafkaClient, topic: 't', bounds, pollMs: 1, ...limits });
  });
  afterEach(() => fetcher.close());

  const add = (partition: number): Cursor => {
    const cursor = makeCursor(partition, realClock);
    cursor.seek(0);
    fetcher.add(cursor);
    return cursor;
  };
  const total = (): number => [...fetched.values()].reduce((sum, bytes) => sum + bytes, 0);
  /** Nothing more comes. */
  const settled = async (): Promise<void> => {
    for (let before = -1; before !== total();) {
      before = total();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  it('ends when nobody reads: at the limit of a partition', async () => {
    add(0);
    await settled();
    expect(total()).toBeGreaterThanOrEqual(limits.partitionBytesMax - body.length);
    expect(total()).toBeLessThanOrEqual(limits.partitionBytesMax + limits.fetchBytesMax);
  });

  it('ends at the limit of them all, and goes on when something was read, for whoever has nothing first', async () => {
    const [first] = [0, 1, 2, 3].map(add);
    await settled();
    const before = total();
    expect(before).toBeLessThanOrEqual(limits.prefetchBytesMax + 4 * limits.fetchBytesMax);
    const taken = first?.take({ recordsMax: 1000, bytesMax: 1_000_000, waitMs: 0 }) ?? [];
    expect(taken.length).toBeGreaterThan(0);
    fetcher.kick();
    await settled();
    expect(total()).toBeGreaterThan(before);
    expect(total() - taken.length * body.length).toBeLessThanOrEqual(limits.prefetchBytesMax + 4 * limits.fetchBytesMax);
  });
});
