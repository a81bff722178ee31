import type { Broker } from 'kafkajs/src/cluster/index.js';
import { Failure, type PartitionBounds } from '@dsf/ports';
import { asLeaderFailure } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';

/** Kafka's special times: the first offset that is there, and the one after the last. */
const earliest = -2;
const latest = -1;
/** The end is then that of what is committed: where the first open transaction begins. */
const readCommitted = 1;

const triesMax = 8;
const pauseMs = 150;
const never = new AbortController().signal;

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
  const askOnce = async <T>(
    topic: string,
    partition: number,
    work: (list: (timestamp: number) => Promise<number>) => Promise<T>,
  ): Promise<T> => {
    const broker = await client.leaderOf(topic, partition);
    try {
      return await work((timestamp) => listOffset(broker, { topic, partition, timestamp }));
    } catch (error) {
      client.forget(topic);
      throw asLeaderFailure(error, { brokers: client.brokers, topic, partition });
    }
  };
  /** A leader that moves is waited for, for a moment. */
  const ask: typeof askOnce = async (topic, partition, work) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await askOnce(topic, partition, work);
      } catch (error) {
        if (!(error instanceof Failure && error.code === 'transport.leader-changed') || tries >= triesMax) throw error;
        await client.clock.sleep(pauseMs, never);
      }
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
