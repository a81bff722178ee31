import { Failure } from '@dsf/ports';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import type { ClientOptions } from './kafka-client.ts';
import { asTransportFailure, kafkaErrorName } from './kafka-failure.ts';
import { askTopicId } from './topic-id.ts';

/** A topic that was just made is not known to all brokers at once; nor does one that says so of a topic that was there speak for all. */
const missingTries = 4;
const goneTries = 12;
const missingPauseMs = 150;
/** For one that was just made. */
export const madeTries = 60;

export interface KnownTopic {
  readonly leaders: readonly number[];
  readonly replicas: readonly number[];
  readonly id: string | null;
  readonly at: number;
}

/** What is known of the topics of a cluster. */
export const makeTopicBook = (
  cluster: Cluster,
  { clock, connection, metadataAgeMs, remedy }: ClientOptions,
  connect: () => Promise<void>,
) => {
  const brokers = connection.brokers.join(', ');
  const known = new Map<string, KnownTopic>();
  const never = new AbortController().signal;
  let looking: Promise<unknown> = Promise.resolve();

  const ask = async (topic: string): Promise<KnownTopic> => {
    await connect();
    await cluster.brokerPool.refreshMetadata([topic]);
    const found = cluster.brokerPool.metadata?.topicMetadata.find((entry) => entry.topic === topic);
    if (found === undefined) throw new Failure('retry', 'transport.unavailable', `Kafka at ${brokers} said nothing of topic "${topic}"`);
    const leaders: number[] = [];
    const copies: number[] = [];
    for (const { partitionId, leader, replicas } of found.partitionMetadata) {
      leaders[partitionId] = leader;
      copies[partitionId] = replicas.length;
    }
    const id = await askTopicId(await cluster.brokerPool.findConnectedBroker(), topic);
    const fresh = { leaders, replicas: copies, id, at: clock.now() };
    known.set(topic, fresh);
    return fresh;
  };
  const look = async (topic: string, triesMax: number): Promise<KnownTopic> => {
    const wasThere = known.has(topic);
    const limit = wasThere && triesMax === missingTries ? goneTries : triesMax;
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask(topic);
      } catch (error) {
        const name = kafkaErrorName(error);
        const isMissing = name === 'UNKNOWN_TOPIC_OR_PARTITION';
        if (isMissing && wasThere && triesMax < madeTries && tries >= limit) {
          const text = `topic "${topic}" in Kafka at ${brokers} was there and is gone: DSF goes on when it is made again`;
          throw new Failure('retry', 'transport.topic-gone', text, { topic }, { cause: error });
        }
        const mayCome = isMissing || name === 'LEADER_NOT_AVAILABLE';
        if (!mayCome || tries >= limit) throw asTransportFailure(error, { brokers, topic }, remedy);
        await clock.sleep(missingPauseMs, never);
      }
    }
  };
  return {
    /** One question after the other: kafkajs keeps the answer in one place. */
    find: async (topic: string, triesMax = missingTries): Promise<KnownTopic> => {
      const cached = known.get(topic);
      if (cached !== undefined && clock.now() - cached.at < metadataAgeMs) return cached;
      const turn = looking.then(() => look(topic, triesMax));
      looking = turn.catch(() => undefined);
      return turn;
    },
    forget: (topic?: string): void => {
      for (const [name, topicAsKnown] of known) {
        if (topic === undefined || name === topic) known.set(name, { ...topicAsKnown, at: Number.NEGATIVE_INFINITY });
      }
    },
  };
};

/** Who leads a partition, as far as the book knows. */
export const makeLeaders = (topics: ReturnType<typeof makeTopicBook>, broker: (nodeId: number) => Promise<Broker>) => {
  const idOf = async (topic: string, partition: number): Promise<number> => {
    let { leaders } = await topics.find(topic);
    if (leaders[partition] === undefined) {
      topics.forget(topic);
      ({ leaders } = await topics.find(topic));
    }
    const leader = leaders[partition];
    if (leader !== undefined) return leader;
    const text = `topic "${topic}" has ${leaders.length} partitions, there is no partition ${partition}`;
    throw new Failure('fatal', 'transport.partition-missing', text, { topic, partition });
  };
  return {
    idOf,
    leaderOf: async (topic: string, partition: number): Promise<Broker> => {
      const leader = await idOf(topic, partition);
      try {
        return await broker(leader);
      } catch (error) {
        // Who cannot be reached may lead nothing any more, so the next try asks who does.
        topics.forget(topic);
        throw error;
      }
    },
  };
};
