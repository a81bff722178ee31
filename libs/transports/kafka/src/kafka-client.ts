import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { Failure, type Clock } from '@dsf/ports';
import Cluster, { type Broker } from 'kafkajs/src/cluster/index.js';
import loggers from 'kafkajs/src/loggers/index.js';
import { makeCoordinators } from './coordinators.ts';
import { saslOptions, tlsOptions, type KafkaConnection } from './connection-options.ts';
import { asTransportFailure, kafkaErrorName } from './kafka-failure.ts';
import { lookOnlyWhenRequestsWait } from './request-queue.ts';

/** One set of connections to a cluster. kafkajs gives each broker one connection for fetches, which may wait there, and one for the rest. */
export interface KafkaClient {
  readonly clock: Clock;
  /** For messages: the brokers as the connection names them. */
  readonly brokers: string;
  /** As of the last look at the cluster; null before the first. */
  clusterId(): string | null;
  /** The leader of each partition, from the cache while it is fresh. @throws Failure `fatal` `transport.topic-missing` */
  leaders(topic: string): Promise<readonly number[]>;
  /** Copies of each partition's messages, as `leaders`. */
  replicas(topic: string): Promise<readonly number[]>;
  /** Looks once, without the patience that a topic which was just made needs. */
  exists(topic: string): Promise<boolean>;
  /** Waits until the brokers know a topic that was just made. */
  appears(topic: string): Promise<void>;
  broker(nodeId: number): Promise<Broker>;
  /** @throws Failure `fatal` `transport.partition-missing` */
  leaderOf(topic: string, partition: number): Promise<Broker>;
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

/** A topic that was just made is not known to all brokers at once; nor does one that says so of a topic that was there speak for all. */
const missingTries = 4;
const goneTries = 12;
const missingPauseMs = 150;
const madeTries = 60;
const keepAliveMs = 60_000;
/** kafkajs waits for the answer to each request before it disconnects, half a minute for that to a join: what is not answered so soon is given up. */
const closeMsMax = 3000;

/** Waits for work that does not matter any more, but not for ever: whoever is asked to stop must not hang on a broker that is silent. */
export const forAWhile = async (clock: Clock, work: Promise<unknown>): Promise<void> => {
  const over = new AbortController();
  await Promise.race([work.catch(() => undefined), clock.sleep(closeMsMax, over.signal)]);
  over.abort();
};

interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly ssl: Readonly<Record<string, string>> | null;
  readonly onConnect: () => void;
}

/** Sockets of one client, so that they end with it. */
const makeSockets = () => {
  const open = new Set<Socket>();
  let isOver = false;
  const gone = (): Error => new Error('the connection was closed');
  return {
    open: (request: SocketRequest): Socket => {
      const socket = openSocket(request);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      // With an error, since kafkajs does not hear of anything else.
      if (isOver) setImmediate(() => socket.destroy(gone()));
      return socket;
    },
    /** @param disconnecting - kafkajs, which waits for answers that may never come */
    closeWith: async (clock: Clock, disconnecting: Promise<void>): Promise<void> => {
      await forAWhile(clock, disconnecting);
      isOver = true;
      for (const socket of open) socket.destroy(gone());
      await forAWhile(clock, disconnecting);
    },
  };
};

/** As kafkajs's own, without Nagle's delay: requests are small and somebody waits for each. */
const openSocket = ({ host, port, ssl, onConnect }: SocketRequest): Socket => {
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket = ssl === null ? connectPlain({ host, port }, onConnect) : connectSecure({ host, port, ...named, ...ssl }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  socket.setNoDelay(true);
  return socket;
};

lookOnlyWhenRequestsWait();

const silent = loggers.createLogger({ level: 0, logCreator: () => () => undefined });

const makeCluster = ({ connection, connectTimeoutMs, requestTimeoutMs }: ClientOptions, socketFactory: typeof openSocket): Cluster => {
  const { brokers, clientId = 'dsf', tls, login } = connection;
  return new Cluster({
    logger: silent,
    socketFactory,
    brokers,
    ssl: tlsOptions(tls),
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

interface KnownTopic {
  readonly leaders: readonly number[];
  readonly replicas: readonly number[];
  readonly at: number;
}

/** What is known of the topics of a cluster. */
const makeTopicBook = (cluster: Cluster, { clock, connection, metadataAgeMs, remedy }: ClientOptions, connect: () => Promise<void>) => {
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
    const fresh = { leaders, replicas: copies, at: clock.now() };
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

const isAbsent = (error: unknown): boolean =>
  error instanceof Failure && (error.code === 'transport.topic-missing' || error.code === 'transport.topic-gone');

export const openKafkaClient = (options: ClientOptions): KafkaClient => {
  const { clock, connection } = options;
  const brokers = connection.brokers.join(', ');
  const sockets = makeSockets();
  const cluster = makeCluster(options, sockets.open);
  let connecting: Promise<void> | null = null;
  const connect = async (): Promise<void> => {
    connecting ??= cluster.connect().finally(() => (connecting = null));
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
  const coordinators = makeCoordinators(broker, async (topic) => (await topics.find(topic)).leaders[0] ?? 0);
  const exists = async (topic: string): Promise<boolean> => {
    try {
      await topics.find(topic, 1);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  };
  const leaderOf = async (topic: string, partition: number): Promise<Broker> => {
    let { leaders } = await topics.find(topic);
    if (leaders[partition] === undefined) {
      topics.forget(topic);
      ({ leaders } = await topics.find(topic));
    }
    const leader = leaders[partition];
    if (leader !== undefined) return broker(leader);
    const text = `topic "${topic}" has ${leaders.length} partitions, there is no partition ${partition}`;
    throw new Failure('fatal', 'transport.partition-missing', text, { topic, partition });
  };
  return {
    clock,
    brokers,
    broker,
    exists,
    appears: async (topic) => void (await topics.find(topic, madeTries)),
    leaderOf,
    forget: (topic) => {
      if (topic === undefined) coordinators.forgetAll();
      topics.forget(topic);
    },
    forgetCoordinator: (id) => coordinators.forget(id),
    leaders: async (topic) => (await topics.find(topic)).leaders,
    replicas: async (topic) => (await topics.find(topic)).replicas,
    coordinator: (group, topic) => guarded(() => coordinators.find('group', group, topic), { group }),
    transactionCoordinator: (id, topic) => guarded(() => coordinators.find('transaction', id, topic), { writer: id }),
    clusterId: () => cluster.brokerPool.metadata?.clusterId ?? null,
    close: () => sockets.closeWith(clock, cluster.disconnect()),
  };
};
