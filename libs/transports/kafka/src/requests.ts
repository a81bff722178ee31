/* Fetch and Produce in Kafka's own words, around our own record batches (kafka.apache.org/protocol). */
import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';
import { decodeBatches, type AbortedTransaction, type FetchedRecords } from './record-batch.ts';
import { readWire } from './wire-reader.ts';
import { stringSize, writeWire } from './wire-writer.ts';

const fetchKey = 1;
const fetchVersion = 11;
const produceKey = 0;
const produceVersion = 7;
const readCommitted = 1;
const allReplicas = -1;

export interface FetchRequest {
  readonly topic: string;
  /** How long the broker waits for a first message. */
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  readonly partitions: readonly { readonly partition: number; readonly offset: number }[];
}

/** What one partition answered: an error of Kafka, or records. */
export interface FetchedPartition {
  readonly partition: number;
  /** 0: none. */
  readonly error: number;
  readonly records: FetchedRecords;
}

const encodeFetch = ({ topic, waitMs, bytesMax, partitionBytesMax, partitions }: FetchRequest): Buffer => {
  const writer = writeWire(25 + 4 + stringSize(topic) + 4 + partitions.length * 28 + 4 + 2);
  writer.int32(-1).int32(waitMs).int32(1).int32(bytesMax).int8(readCommitted);
  // No fetch session: each request says everything.
  writer.int32(0).int32(-1).int32(1).string(topic).int32(partitions.length);
  for (const { partition, offset } of partitions) writer.int32(partition).int32(-1).int64(offset).int64(-1).int32(partitionBytesMax);
  return writer.int32(0).string('').finish();
};

const decodeFetch = (raw: Buffer, asked: ReadonlyMap<number, number>): readonly FetchedPartition[] => {
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
        return { partition, error, records: decodeBatches(records, asked.get(partition) ?? 0, aborted) };
      });
    })
    .flat();
};

const call = <Response>(
  broker: Broker,
  kind: readonly [apiName: string, apiKey: number, apiVersion: number],
  work: {
    readonly encode: () => Buffer;
    readonly decode: (raw: Buffer) => Response;
  },
): Promise<Response> => {
  const [apiName, apiKey, apiVersion] = kind;
  const request: WireRequest<Response> = {
    request: {
      apiKey,
      apiVersion,
      apiName,
      encode: async () => {
        const buffer = work.encode();
        return { buf: buffer, buffer };
      },
    },
    response: { decode: async (raw) => work.decode(raw), parse: async (response) => response },
  };
  return broker.connectionPool.send(request);
};

/** Reads on from the given offsets. Waits on the broker's own connection for fetches. */
export const fetchRecords = (broker: Broker, request: FetchRequest): Promise<readonly FetchedPartition[]> => {
  const asked = new Map(request.partitions.map(({ partition, offset }) => [partition, offset]));
  return call(broker, ['Fetch', fetchKey, fetchVersion], {
    encode: () => encodeFetch(request),
    decode: (raw) => decodeFetch(raw, asked),
  });
};

/** One batch for each of some partitions of one leader. */
export interface ProduceRequest {
  /** Of the transaction that the batches belong to; null: of none. */
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  readonly topics: ReadonlyMap<string, readonly { readonly partition: number; readonly batch: Buffer }[]>;
}

export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  /** 0: none. */
  readonly error: number;
}

const encodeProduce = ({ transactionalId, timeoutMs, topics }: ProduceRequest): Buffer => {
  let size = (transactionalId === null ? 2 : stringSize(transactionalId)) + 2 + 4 + 4;
  for (const [topic, parts] of topics) size += stringSize(topic) + 4 + parts.reduce((sum, { batch }) => sum + 8 + batch.length, 0);
  const writer = writeWire(size);
  if (transactionalId === null) writer.int16(-1);
  else writer.string(transactionalId);
  writer.int16(allReplicas).int32(timeoutMs).int32(topics.size);
  for (const [topic, parts] of topics) {
    writer.string(topic).int32(parts.length);
    for (const { partition, batch } of parts) writer.int32(partition).int32(batch.length).bytes(batch);
  }
  return writer.finish();
};

const decodeProduce = (raw: Buffer): readonly ProducedPartition[] => {
  const reader = readWire(raw);
  return reader
    .list(() => {
      const topic = reader.string();
      return reader.list((): ProducedPartition => {
        const partition = reader.int32();
        const error = reader.int16();
        reader.skip(8 + 8 + 8);
        return { topic, partition, error };
      });
    })
    .flat();
};

/** Appends; answered when all replicas in sync have it. */
export const produceBatches = (broker: Broker, request: ProduceRequest): Promise<readonly ProducedPartition[]> =>
  call(broker, ['Produce', produceKey, produceVersion], { encode: () => encodeProduce(request), decode: decodeProduce });

const alterConfigsKey = 44;
const alterConfigsVersion = 0;
const topicResource = 2;
const setValue = 0;

const encodeAlterConfigs = (topic: string, settings: readonly (readonly [string, string])[]): Buffer => {
  const size = settings.reduce((sum, [name, value]) => sum + stringSize(name) + 1 + stringSize(value), 4 + 1 + stringSize(topic) + 4 + 1);
  const writer = writeWire(size).int32(1).int8(topicResource).string(topic).int32(settings.length);
  for (const [name, value] of settings) writer.string(name).int8(setValue).string(value);
  return writer.int8(0).finish();
};

const decodeAlterConfigs = (raw: Buffer): number => {
  const reader = readWire(raw);
  reader.skip(4 + 4);
  return reader.int16();
};

/** Sets some settings of a topic and leaves the others as they are; kafkajs can only replace them all. @returns Kafka's error code, 0: none */
export const alterTopicSettings = (broker: Broker, topic: string, settings: readonly (readonly [string, string])[]): Promise<number> =>
  call(broker, ['IncrementalAlterConfigs', alterConfigsKey, alterConfigsVersion], {
    encode: () => encodeAlterConfigs(topic, settings),
    decode: decodeAlterConfigs,
  });
