import kafkajs, { type Admin } from 'kafkajs';
import type { Clock } from '@dsf/ports';
import { saslOptions, type KafkaConnection } from './connection-options.ts';
import { asTransportFailure } from './kafka-failure.ts';
import { makeSockets } from './kafka-socket.ts';
import type { FailureContext } from './kafka-verdicts.ts';

/** What a topic is made with. */
export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  /** -1: as the cluster has it by default. */
  readonly replicas: number;
  /** Settings of the topic, such as `retention.ms`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Administration of a cluster; connects for each piece of work, since that is rare. */
export interface TopicAdmin {
  /** @returns false when it was there already */
  create(plan: TopicPlan): Promise<boolean>;
  /** Raises the number of partitions. */
  grow(topic: string, partitions: number): Promise<void>;
  /** Deletes the messages of a partition below `before`. */
  trim(topic: string, partition: number, before: number): Promise<void>;
  remove(topic: string): Promise<void>;
  clusterId(): Promise<string>;
}

const waitMs = 15_000;
const connectTimeoutMs = 5000;

const openKafka = ({ brokers, clientId = 'dsf', tls, login }: KafkaConnection, clock: Clock) => {
  const sasl = saslOptions(login);
  const sockets = makeSockets({ clock, connectTimeoutMs, tls });
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: connectTimeoutMs,
    socketFactory: sockets.open,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: brokers.length + 1, initialRetryTime: 100 },
    ...(sasl === null ? {} : { sasl }),
  });
};

export const openTopicAdmin = (connection: KafkaConnection, clock: Clock): TopicAdmin => {
  const kafka = openKafka(connection, clock);
  const brokers = connection.brokers.join(', ');
  const ask = async <T>(about: Omit<FailureContext, 'brokers'>, work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      throw asTransportFailure(error, { brokers, ...about });
    } finally {
      await admin.disconnect();
    }
  };
  return {
    create: ({ topic, partitions, replicas, settings }) =>
      ask({ topic, operation: 'Create' }, (admin) =>
        admin.createTopics({
          // kafkajs gives up at once when the brokers do not know the topic yet; whoever needs it waits.
          waitForLeaders: false,
          timeout: waitMs,
          topics: [
            {
              topic,
              numPartitions: partitions,
              replicationFactor: replicas,
              configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
            },
          ],
        }),
      ),
    grow: async (topic, partitions) => {
      const topicPartitions = [{ topic, count: partitions }];
      await ask({ topic, operation: 'Alter' }, (admin) => admin.createPartitions({ timeout: waitMs, topicPartitions }));
    },
    trim: (topic, partition, before) =>
      ask({ topic, partition, operation: 'Delete' }, async (admin) => {
        // Without it kafkajs does not know who leads the partitions.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${before}` }] });
      }),
    remove: (topic) => ask({ topic, operation: 'Delete' }, (admin) => admin.deleteTopics({ topics: [topic], timeout: waitMs })),
    clusterId: () => ask({}, async (admin) => (await admin.describeCluster()).clusterId),
  };
};
