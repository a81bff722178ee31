import type { Broker } from 'kafkajs/src/cluster/index.js';
import { Failure, type PartitionBounds } from '@dsf/ports';
import { asTransportFailure } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';

/** Kafka's special times: the first offset that is there, and the one after the last. */
const earliest = -2;
const latest = -1;
/** The end is then that of what is committed: where the first open transaction begins. */
const readCommitted = 1;

const listOffset = async (
  broker: Broker,
  { topic, partition, timestamp }: { readonly topic: string; readonly partition: number; readonly timestamp: number },
): Promise<number> => {
  const topics = [{ topic, partitions: [{ partition, timestamp }] }];
  const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel: readCommitted, topics });
  const offset = responses[0]?.partitions[0]?.offset;
  if (offset === undefined)
    throw new Failure('retry', 'transport.unavailable', `the broker said nothing of partition ${partition} of topic "${topic}"`);
  return Number(offset);
};

/** Offsets by time, as the leader of a partition has them now. */
export const partitionOffsets = (client: KafkaClient) => {
  const ask = async <T>(
    topic: string,
    partition: number,
    work: (list: (timestamp: number) => Promise<number>) => Promise<T>,
  ): Promise<T> => {
    const broker = await client.leaderOf(topic, partition);
    try {
      return await work((timestamp) => listOffset(broker, { topic, partition, timestamp }));
    } catch (error) {
      client.forget(topic);
      const failure = asTransportFailure(error, { brokers: client.brokers, topic });
      // The cluster was just said to have it: it has moved, or is gone, which the next look tells.
      if (failure.code !== 'transport.topic-missing') throw failure;
      throw new Failure('retry', 'transport.leader-changed', failure.message, failure.facts, { cause: error });
    }
  };
  return {
    bounds: (topic: string, partition: number): Promise<PartitionBounds> =>
      ask(topic, partition, async (list) => {
        const [start, end] = await Promise.all([list(earliest), list(latest)]);
        return { start, end };
      }),
    offsetAt: (topic: string, partition: number, time: number): Promise<number> =>
      ask(topic, partition, async (list) => {
        const offset = await list(Math.max(0, Math.ceil(time)));
        return offset < 0 ? list(latest) : offset;
      }),
  };
};
