import { Failure, type Clock } from '@dsf/ports';
import Cluster, { type Broker } from 'kafkajs/src/cluster/index.js';
import loggers from 'kafkajs/src/loggers/index.js';
import { makeCoordinators } from './coordinators.ts';
import { saslOptions, type KafkaConnection } from './connection-options.ts';
import { asTransportFailure } from './kafka-failure.ts';
import { makeSockets } from './kafka-socket.ts';
import { lookOnlyWhenRequestsWait } from './request-queue.ts';
import { takeWholeAnswers } from './whole-answers.ts';
import { madeTries, makeLeaders, makeTopicBook } from './topic-book.ts';

/** One set of connections to a cluster. kafkajs gives each broker one connection for fetches, which may wait there, and one for the rest. */
export interface KafkaClient {
  readonly clock: Clock;
  /** For messages: the brokers as the connection names them. */
  readonly brokers: string;
  /** As of the last look at the cluster; null before the first. */
  clusterId(): string | null;
  /** The leader of each partition, from the cache while it is fresh. @throws Failure `fatal` `transport.topic-missing` */
  leaders(topic: string): Promise<readonly number[]>;
  /** What tells the topic from another of the same name, as `leaders`; null where the cluster does not say. */
  topicId(topic: string): Promise<string | null>;
  /** Copies of each partition's messages, as `leaders`. */
  replicas(topic: string): Promise<readonly number[]>;
  /** Looks once, without the patience that a topic which was just made needs. */
  exists(topic: string): Promise<boolean>;
  /** Waits until the brokers know a topic that was just made. */
  appears(topic: string): Promise<void>;
  broker(nodeId: number): Promise<Broker>;
  /** @throws Failure `fatal` `transport.partition-missing` */
  leaderOf(topic: string, partition: number): Promise<Broker>;
  /** Says what `leaderOf` says of a partition that is not there, without a connection to its leader. */
  expectPartition(topic: string, partition: number): Promise<void>;
  coordinator(group: string, topic: string): Promise<Broker>;
  /** Of the transactions of one id. */
  transactionCoordinator(id: string, topic: string): Promise<Broker>;
  /** What was known of the cluster may be out of date: it is asked anew. */
  forget(topic?: string): void;
  /** The same for the coordinator of a group or of transactions. */
  forgetCoordinator(id: string): void;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long what is known of a topic is believed; a higher number of partitions is seen that late. */
  readonly metadataAgeMs: number;
  /** What a person is to do about a topic that is missing. */
  readonly remedy?: string;
}

lookOnlyWhenRequestsWait();
takeWholeAnswers();

const silent = loggers.createLogger({ level: 0, logCreator: () => () => undefined });

const makeCluster = (
  { connection, connectTimeoutMs, requestTimeoutMs }: ClientOptions,
  socketFactory: ReturnType<typeof makeSockets>['open'],
): Cluster => {
  const { brokers, clientId = 'dsf', login } = connection;
  return new Cluster({
    logger: silent,
    socketFactory,
    brokers,
    sasl: saslOptions(login),
    clientId,
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    // The runtime repeats what failed; here only each broker of the list gets its turn.
    retry: { retries: brokers.length, initialRetryTime: 50, maxRetryTime: 500 },
    allowAutoTopicCreation: false,
  });
};

/** kafkajs takes a broker for connected that has taken the connection and has not said a word: no request would ever fit it. */
const expectAnswer = async ({ brokerPool }: Cluster, brokers: string): Promise<void> => {
  const { seedBroker } = brokerPool;
  if (seedBroker?.isConnected() !== true || seedBroker.versions !== null) return;
  await brokerPool.createSeedBroker();
  throw new Failure('retry', 'transport.unavailable', `Kafka at ${brokers} takes connections, but does not answer`, { brokers });
};

const isAbsent = (error: unknown): boolean =>
  error instanceof Failure && (error.code === 'transport.topic-missing' || error.code === 'transport.topic-gone');

export const openKafkaClient = (options: ClientOptions): KafkaClient => {
  const { clock, connection } = options;
  const brokers = connection.brokers.join(', ');
  const sockets = makeSockets({ clock, connectTimeoutMs: options.connectTimeoutMs, tls: connection.tls });
  const cluster = makeCluster(options, sockets.open);
  let connecting: Promise<void> | null = null;
  const connect = async (): Promise<void> => {
    connecting ??= cluster
      .connect()
      .then(() => expectAnswer(cluster, brokers))
      .finally(() => (connecting = null));
    await connecting;
  };
  const topics = makeTopicBook(cluster, options, connect);

  const guarded = async <T>(work: () => Promise<T>, about: { readonly group?: string; readonly writer?: string }): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asTransportFailure(error, { brokers, ...about });
    }
  };
  const broker = (nodeId: number): Promise<Broker> => guarded(() => cluster.brokerPool.findBroker({ nodeId }), {});
  const { leaderOf, idOf } = makeLeaders(topics, broker);
  const coordinators = makeCoordinators(broker, (topic) => leaderOf(topic, 0));
  const exists = async (topic: string): Promise<boolean> => {
    try {
      await topics.find(topic, 1);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  };
  return {
    clock,
    brokers,
    broker,
    exists,
    appears: async (topic) => void (await topics.find(topic, madeTries)),
    leaderOf,
    expectPartition: async (topic, partition) => void (await idOf(topic, partition)),
    forget: (topic) => {
      if (topic === undefined) coordinators.forgetAll();
      topics.forget(topic);
    },
    forgetCoordinator: (id) => coordinators.forget(id),
    leaders: async (topic) => (await topics.find(topic)).leaders,
    topicId: async (topic) => (await topics.find(topic)).id,
    replicas: async (topic) => (await topics.find(topic)).replicas,
    coordinator: (group, topic) => guarded(() => coordinators.find('group', group, topic), { group }),
    transactionCoordinator: (id, topic) => guarded(() => coordinators.find('transaction', id, topic), { writer: id }),
    clusterId: () => cluster.brokerPool.metadata?.clusterId ?? null,
    close: () => sockets.closeWith(cluster.disconnect()),
  };
};
