import errors from 'kafkajs/src/protocol/error.js';
import { Failure, type TopicAdministration, type TopicShape } from '@dsf/ports';
import { asLeaderFailure, asTransportFailure, kafkaErrorName } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';
import { alterTopicSettings } from './requests.ts';
import type { TopicAdmin } from './topic-admin.ts';

type TopicSettings = Readonly<Record<string, string>>;

const topicResource = 2;
const names = { cleanup: 'cleanup.policy', retention: 'retention.ms', bytes: 'max.message.bytes' } as const;

/** A broker that leads a topic which was just made may not know its settings yet. */
const triesMax = 30;
const pauseMs = 150;
const never = new AbortController().signal;

const describe = async (client: KafkaClient, topic: string): Promise<TopicSettings> => {
  for (let tries = 1; ; tries += 1) {
    const broker = await client.leaderOf(topic, 0);
    try {
      const { resources } = await broker.describeConfigs({
        resources: [{ type: topicResource, name: topic, configNames: Object.values(names) }],
      });
      return Object.fromEntries((resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]));
    } catch (error) {
      if (kafkaErrorName(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' || tries >= triesMax) throw error;
      client.forget(topic);
      await client.clock.sleep(pauseMs, never);
    }
  }
};

/** Settings of a topic as they hold, its own or its broker's; null when the user may not ask. */
export const readTopicSettings = async (client: KafkaClient, topic: string): Promise<TopicSettings | null> => {
  try {
    return await describe(client, topic);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const failure = asLeaderFailure(error, { brokers: client.brokers, topic });
    if (failure.code === 'transport.denied-topic' || failure.code === 'transport.denied-cluster') return null;
    throw failure;
  }
};

/** Null when they do not say. */
export const messageBytesIn = (settings: TopicSettings | null): number | null => {
  const value = Number(settings?.[names.bytes]);
  return Number.isInteger(value) && value > 0 ? value : null;
};

const cleanups = { time: 'delete', compact: 'compact', both: 'compact,delete' } as const;

const cleanupIn = (settings: TopicSettings): TopicShape['cleanup'] => {
  const words = (settings[names.cleanup] ?? cleanups.time).split(',').map((word) => word.trim());
  return words.includes('compact') ? (words.includes('delete') ? 'both' : 'compact') : 'time';
};

const forEver = -1;

const settingsOf = ({ cleanup, retentionMs, messageBytesMax }: TopicShape): readonly (readonly [string, string])[] => [
  [names.cleanup, cleanups[cleanup]],
  [names.retention, `${retentionMs ?? forEver}`],
  [names.bytes, `${messageBytesMax}`],
];

export const topicAdministration = (client: KafkaClient, admin: TopicAdmin): TopicAdministration => ({
  place: `Kafka at ${client.brokers}`,
  nameOf: (topic) => topic,
  describe: async (topic) => {
    client.forget(topic);
    if (!(await client.exists(topic))) return null;
    const settings = await readTopicSettings(client, topic);
    if (settings === null) {
      const text = `the user may not read the settings of topic "${topic}" in Kafka at ${client.brokers}: it needs an ACL for DescribeConfigs`;
      throw new Failure('fatal', 'transport.denied-topic', text, { topic });
    }
    const retention = Number(settings[names.retention] ?? forEver);
    const replicas = await client.replicas(topic);
    return {
      partitions: replicas.length,
      replication: Math.min(...replicas),
      retentionMs: retention < 0 ? null : retention,
      cleanup: cleanupIn(settings),
      messageBytesMax: messageBytesIn(settings) ?? 0,
    };
  },
  create: async (topic, shape) => {
    const { partitions, replication } = shape;
    await admin.create({ topic, partitions, replicas: replication ?? -1, settings: Object.fromEntries(settingsOf(shape)) });
    client.forget(topic);
    await client.appears(topic);
  },
  change: async (topic, from, to) => {
    if (to.partitions > from.partitions) await admin.grow(topic, to.partitions);
    const before = new Map(settingsOf(from));
    const changed = settingsOf(to).filter(([name, value]) => before.get(name) !== value);
    if (changed.length > 0) {
      const code = await alterTopicSettings(await client.leaderOf(topic, 0), topic, changed);
      const about = { brokers: client.brokers, topic, operation: 'AlterConfigs' } as const;
      if (code !== 0) throw asTransportFailure(errors.createErrorFromCode(code), about);
    }
    client.forget(topic);
  },
});
