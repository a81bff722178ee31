/* Produce and IncrementalAlterConfigs in Kafka's own words (kafka.apache.org/protocol). */
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { call } from './wire-call.ts';
import { readWire } from './wire-reader.ts';
import { stringSize, writeWire } from './wire-writer.ts';

const produceKey = 0;
const produceVersion = 7;
const allReplicas = -1;

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
