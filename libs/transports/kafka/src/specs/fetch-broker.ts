import type { Clock } from '@dsf/ports';
import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';
import type { KafkaClient } from '../kafka-client.ts';
import { encodeBatch } from '../record-batch.ts';
import { writeWire } from '../wire-writer.ts';

/** One request, as far as a broker that fills an answer looks at it. */
export interface FetchSeen {
  readonly bytesMax: number;
  readonly partitions: readonly { readonly partition: number; readonly offset: number; readonly bytesMax: number }[];
}

const stamp = { producer: '1', epoch: 0, sequence: 0, isTransactional: false };

/** Behind replica, wait and least size: the largest; then isolation and session, and one topic called "t" with partitions of 28 bytes each. */
const readRequest = (buffer: Buffer): FetchSeen => ({
  bytesMax: buffer.readInt32BE(12),
  partitions: Array.from({ length: buffer.readInt32BE(32) }, (_, index) => {
    const at = 36 + index * 28;
    return { partition: buffer.readInt32BE(at), offset: Number(buffer.readBigInt64BE(at + 8)), bytesMax: buffer.readInt32BE(at + 24) };
  }),
});

const writeAnswer = (parts: readonly { readonly partition: number; readonly records: Buffer }[]): Buffer => {
  const size = parts.reduce((sum, { records }) => sum + 4 + 2 + 24 + 4 + 4 + 4 + records.length, 10 + 4 + 3 + 4);
  const writer = writeWire(size).int32(0).int16(0).int32(0).int32(1).string('t').int32(parts.length);
  for (const { partition, records } of parts) {
    writer.int32(partition).int16(0).int64(0).int64(0).int64(0).int32(0).int32(0);
    writer.int32(records.length).bytes(records);
  }
  return writer.finish();
};

/** One record in a batch of its own. */
const batchAt = (offset: number, body: Uint8Array): Buffer => {
  const batch = encodeBatch([{ partition: 0, key: null, headers: [], body }], 1000, stamp);
  batch.writeBigInt64BE(BigInt(offset), 0);
  return batch;
};

/** As a broker does (KIP-74): in the order of the request, whole batches until the answer is full, and of the first partition one at least. */
const fill = ({ bytesMax, partitions }: FetchSeen, body: Uint8Array): ReturnType<typeof writeAnswer> => {
  let room = bytesMax;
  const parts = partitions.map(({ partition, offset, bytesMax: partitionMax }, index) => {
    const batches: Buffer[] = [];
    for (let bytes = 0; ;) {
      const batch = batchAt(offset + batches.length, body);
      const fits = bytes + batch.length <= partitionMax && batch.length <= room;
      if (!fits && (index > 0 || batches.length > 0)) break;
      batches.push(batch);
      bytes += batch.length;
      room -= batch.length;
    }
    return { partition, records: Buffer.concat(batches) };
  });
  return writeAnswer(parts);
};

export interface Endless {
  readonly clock: Clock;
  /** Of every record. */
  readonly body: Uint8Array;
  /** How many lead the partitions by turns. */
  readonly brokers: number;
  /** Is called with each request before it is answered. */
  readonly asked: (seen: FetchSeen) => Promise<void> | void;
}

/** Of a cluster with one topic, none of whose partitions ever ends. */
export const clientOfEndless = ({ clock, body, brokers, asked }: Endless): KafkaClient => {
  const send = async <Response>({ request, response }: WireRequest<Response>): Promise<Response> => {
    const { buffer } = await request.encode();
    const seen = readRequest(buffer);
    await asked(seen);
    return response.parse(await response.decode(fill(seen, body)));
  };
  return {
    ...{ clock, brokers: '' },
    leaders: async () => Array.from({ length: 1000 }, (_, partition) => partition % brokers),
    topicId: async () => null,
    broker: async () => ({ connectionPool: { send } }) as unknown as Broker,
    forget: () => undefined,
  } as unknown as KafkaClient;
};
