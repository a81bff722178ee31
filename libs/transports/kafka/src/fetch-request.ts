/* Fetch in Kafka's own words, around our own record batches (kafka.apache.org/protocol). */
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { readCompact } from './compact-reader.ts';
import { decodeBatches, type AbortedTransaction, type FetchedFrom, type FetchedRecords } from './decode-batches.ts';
import { call, supports } from './wire-call.ts';
import { readWire } from './wire-reader.ts';
import { stringSize, uvarintSize, writeWire } from './wire-writer.ts';

const fetchKey = 1;
/** By the name of the topic; and by its id, which brokers from 3.1 on can. */
const version = { byName: 11, byId: 13 } as const;
const readCommitted = 1;
const notKnown = -1;
/** Number of the field that an answer has only where the logs differ (KIP-595). */
const divergingEpoch = 0;

export interface FetchPlace {
  readonly partition: number;
  readonly offset: number;
  /** Of the last batch before it, as `FetchedRecords` has it; null where it is not known. */
  readonly leaderEpoch: number | null;
}

export interface FetchRequest {
  readonly topic: string;
  /** So that no other topic of the name answers; null where the cluster gives none. */
  readonly topicId: string | null;
  /** How long the broker waits for a first message. */
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  readonly partitions: readonly FetchPlace[];
}

/** What one partition answered: an error of Kafka, that its log differs, or records. */
export interface FetchedPartition {
  readonly partition: number;
  /** 0: none. */
  readonly error: number;
  /** From here on, and before the offset asked for, the log holds other batches than those that were fetched; null: it was not seen to. */
  readonly divergesAt: number | null;
  readonly records: FetchedRecords;
}

const encodeByName = ({ topic, waitMs, bytesMax, partitionBytesMax, partitions }: FetchRequest): Buffer => {
  const writer = writeWire(25 + 4 + stringSize(topic) + 4 + partitions.length * 28 + 4 + 2);
  writer.int32(-1).int32(waitMs).int32(1).int32(bytesMax).int8(readCommitted);
  // No fetch session: each request says everything.
  writer.int32(0).int32(-1).int32(1).string(topic).int32(partitions.length);
  for (const { partition, offset } of partitions) writer.int32(partition).int32(-1).int64(offset).int64(-1).int32(partitionBytesMax);
  return writer.int32(0).string('').finish();
};

/** With one byte before, which ends the header, and one behind each list of fields: nothing was added to them. */
const encodeById = ({ waitMs, bytesMax, partitionBytesMax, partitions }: FetchRequest, topicId: string): Buffer => {
  const count = partitions.length + 1;
  const writer = writeWire(1 + 25 + 1 + 16 + uvarintSize(count) + partitions.length * 33 + 1 + 3);
  writer.int8(0).int32(-1).int32(waitMs).int32(1).int32(bytesMax).int8(readCommitted);
  writer.int32(0).int32(-1).uvarint(2).bytes(Buffer.from(topicId, 'hex')).uvarint(count);
  for (const { partition, offset, leaderEpoch } of partitions) {
    writer
      .int32(partition)
      .int32(notKnown)
      .int64(offset)
      .int32(leaderEpoch ?? notKnown);
    writer.int64(-1).int32(partitionBytesMax).int8(0);
  }
  return writer.int8(0).uvarint(1).uvarint(1).int8(0).finish();
};

type Asked = (partition: number) => FetchedFrom;

const decodeByName = (raw: Buffer, asked: Asked): readonly FetchedPartition[] => {
  const reader = readWire(raw);
  reader.skip(4 + 2 + 4);
  return reader
    .list(() => {
      reader.string();
      return reader.list((): FetchedPartition => {
        const partition = reader.int32();
        const error = reader.int16();
        reader.skip(8 + 8 + 8);
        const aborted = reader.list((): AbortedTransaction => ({ producer: reader.id64(), firstOffset: reader.int64() }));
        reader.skip(4);
        const records = reader.bytes(Math.max(0, reader.int32()));
        return { partition, error, divergesAt: null, records: decodeBatches(records, asked(partition), aborted) };
      });
    })
    .flat();
};

const decodeById = (raw: Buffer, asked: Asked): readonly FetchedPartition[] => {
  const reader = readCompact(raw);
  reader.tags();
  reader.skip(4 + 2 + 4);
  return reader
    .compactList(() => {
      reader.skip(16);
      const partitions = reader.compactList((): FetchedPartition => {
        const partition = reader.int32();
        const error = reader.int16();
        reader.skip(8 + 8 + 8);
        const aborted = reader.compactList((): AbortedTransaction => {
          const transaction = { producer: reader.id64(), firstOffset: reader.int64() };
          reader.tags();
          return transaction;
        });
        reader.skip(4);
        const records = reader.bytes(Math.max(0, reader.uvarint() - 1));
        const divergesAt = reader.tagged(divergingEpoch, () => {
          reader.skip(4);
          return reader.int64();
        });
        return { partition, error, divergesAt, records: decodeBatches(records, asked(partition), aborted) };
      });
      reader.tags();
      return partitions;
    })
    .flat();
};

/** Reads on from the given offsets. Waits on the broker's own connection for fetches. */
export const fetchRecords = (broker: Broker, request: FetchRequest): Promise<readonly FetchedPartition[]> => {
  const { topic, topicId } = request;
  const offsets = new Map(request.partitions.map(({ partition, offset }) => [partition, offset]));
  const asked: Asked = (partition) => ({ topic, partition, from: offsets.get(partition) ?? 0 });
  return topicId !== null && supports(broker, fetchKey, version.byId)
    ? call(broker, ['Fetch', fetchKey, version.byId], {
        encode: () => encodeById(request, topicId),
        decode: (raw) => decodeById(raw, asked),
      })
    : call(broker, ['Fetch', fetchKey, version.byName], {
        encode: () => encodeByName(request),
        decode: (raw) => decodeByName(raw, asked),
      });
};
