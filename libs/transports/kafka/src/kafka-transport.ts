import {
  Failure,
  makeSubscriptions,
  type Clock,
  type OutgoingMessage,
  type TopicAdministration,
  type TopicWriter,
  type Transport,
} from '@dsf/ports';
import type { KafkaConnection } from './connection-options.ts';
import { forAWhile } from './for-a-while.ts';
import { openKafkaClient, type ClientOptions, type KafkaClient } from './kafka-client.ts';
import { partitionOffsets } from './offsets.ts';
import { prefixed } from './prefixed.ts';
import { batchOverheadBytes, recordBytes } from './record-batch.ts';
import { makeProducer, type Producer } from './producer.ts';
import { makeSender } from './sender.ts';
import { openSubscription } from './subscription.ts';
import { openTopicAdmin, type TopicAdmin } from './topic-admin.ts';
import { openTransactionalWriter } from './transactional-writer.ts';
import { messageBytesIn, readTopicSettings, topicAdministration } from './topic-settings.ts';

export interface KafkaTransportConfig {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  /** A group takes over the partitions of a member that was not heard of for so long. Brokers allow 6,000 at least by default. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How long a group waits for its members when it is shared anew. Default 30,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Default 15,000. */
  readonly requestTimeoutMs?: number;
  /** How long a broker holds a fetch back for a first message, ms. Default 100. */
  readonly pollMs?: number;
  /** Most bytes fetched ahead per partition, default 2 MiB, and per subscription, default 16 MiB. */
  readonly partitionBytesMax?: number;
  readonly prefetchBytesMax?: number;
  /** Before the names of all topics and groups. Default: none. */
  readonly prefix?: string;
  /** Before the names of groups alone. Default: none. */
  readonly groupPrefix?: string;
  /** False: `ensureTopic` makes none, and says that it is missing. Default: true. */
  readonly createsTopics?: boolean;
  /** What a person is to do about a topic that is missing or too small, for the message. Default: with Kafka's own program. */
  readonly remedy?: string;
  /** For topics that `ensureTopic` makes. Default: as the cluster has it. */
  readonly replicas?: number;
}

/** Apache Kafka, 3.x and 4.x, behind the port; on kafkajs for connections, authentication, metadata and groups. */
export interface KafkaTransport extends Transport {
  readonly admin: TopicAdmin;
  readonly administration: TopicAdministration;
  topicId(topic: string): Promise<string | null>;
  messageBytesMax(topic: string): number;
  openWriter(topic: string, name: string): Promise<TopicWriter>;
}

const mebibyte = 1024 * 1024;
/** Kafka's own default of message.max.bytes, for users who may not ask the broker. */
const brokerBytesDefault = 1_048_588;
/** Left for the key and the headers of a message that is as large as it may be; of small topics a part only. */
const envelopeBytes = 2048;
const envelopePart = 8;
const bodyBytesIn = (batchBytes: number): number => batchBytes - Math.min(envelopeBytes, Math.ceil(batchBytes / envelopePart));
const metadataAgeMs = 60_000;
const partitionsMax = 65_536;
const growTriesMax = 60;
const growPauseMs = 150;
const byDefault = -1;
const addPartitions = 'add them with kafka-topics.sh --alter, or choose fewer';

const defaults = {
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 30_000,
  connectTimeoutMs: 5000,
  requestTimeoutMs: 15_000,
  pollMs: 100,
  partitionBytesMax: 2 * mebibyte,
  prefetchBytesMax: 16 * mebibyte,
  fetchBytesMax: 4 * mebibyte,
} as const;

interface Growing {
  readonly admin: TopicAdmin;
  readonly clock: Clock;
  readonly leadersOf: (topic: string) => Promise<readonly number[]>;
  readonly forget: (topic: string) => void;
}

/** Brokers hear of new partitions one after the other, so it waits until this client sees them. */
const growing =
  ({ admin, clock, leadersOf, forget }: Growing) =>
  async (topic: string, partitions: number): Promise<void> => {
    forget(topic);
    if ((await leadersOf(topic)).length >= partitions) return;
    await admin.grow(topic, partitions);
    forget(topic);
    for (let tries = 0; (await leadersOf(topic)).length < partitions; tries += 1) {
      if (tries >= growTriesMax)
        throw new Failure('retry', 'transport.partitions', `topic ${topic} does not have its ${partitions} partitions yet`, { topic });
      await clock.sleep(growPauseMs, new AbortController().signal);
      forget(topic);
    }
  };

const checkTopic = (topic: string, partitions: number): void => {
  if (topic !== '' && Number.isInteger(partitions) && partitions >= 1 && partitions <= partitionsMax) return;
  const text = `cannot create topic "${topic}" with ${partitions} partitions: give it a name and 1 to ${partitionsMax} partitions`;
  throw new Failure('fatal', 'transport.topic-invalid', text, { topic, partitions });
};

const checkCount = (topic: string, found: number, { needed, remedy }: { readonly needed: number; readonly remedy: string }): void => {
  if (found >= needed) return;
  const text = `topic "${topic}" has ${found} partitions, ${needed} are needed: ${remedy}`;
  throw new Failure('fatal', 'transport.partitions', text, { topic, partitions: found, needed });
};

/** What each topic takes; asked for once, again when that failed. */
const makeLimits = (client: KafkaClient) => {
  const known = new Map<string, number>();
  const asking = new Map<string, Promise<void>>();
  const batchBytesMax = (topic: string): number => known.get(topic) ?? brokerBytesDefault;
  return {
    batchBytesMax,
    messageBytesMax: (topic: string): number => bodyBytesIn(batchBytesMax(topic)),
    /** For whoever does not say which topic. */
    messageBytesMin: (): number => bodyBytesIn(Math.min(...(known.size === 0 ? [brokerBytesDefault] : known.values()))),
    learn: async (topic: string): Promise<void> => {
      const run =
        asking.get(topic) ??
        readTopicSettings(client, topic).then((settings) => void known.set(topic, messageBytesIn(settings) ?? brokerBytesDefault));
      asking.set(topic, run);
      try {
        await run;
      } catch (error) {
        asking.delete(topic);
        throw error;
      }
    },
    check: (topic: string, message: OutgoingMessage): void => {
      const bytesMax = batchBytesMax(topic);
      const bytes = recordBytes(message) + batchOverheadBytes;
      if (bytes <= bytesMax && (message.body?.byteLength ?? 0) <= bodyBytesIn(bytesMax)) return;
      const { partition } = message;
      const text = `a message of ${bytes} bytes for topic "${topic}" is larger than it takes (max.message.bytes is ${bytesMax})`;
      throw new Failure('poison', 'transport.too-large', text, { topic, partition, bytes, bytesMax });
    },
  };
};

/** What holds for every broker. */
const fixed = { offsets: 'broker', system: 'kafka' } as const;

interface Parts {
  readonly config: KafkaTransportConfig;
  readonly shared: KafkaClient;
  readonly admin: TopicAdmin;
  readonly leadersOf: (topic: string) => Promise<readonly number[]>;
}

/** Makes what is missing, where it may. */
const makeEnsureTopic =
  ({ config, shared, admin, leadersOf }: Parts) =>
  async (topic: string, partitions: number): Promise<void> => {
    checkTopic(topic, partitions);
    if (config.createsTopics !== false && !(await shared.exists(topic))) {
      await admin.create({ topic, partitions, replicas: config.replicas ?? byDefault, settings: {} });
      shared.forget(topic);
      await shared.appears(topic);
    }
    checkCount(topic, (await leadersOf(topic)).length, { needed: partitions, remedy: config.remedy ?? addPartitions });
  };

/** Sends as one producer or another, once it is known that the topic takes the messages. */
const makeSends = (
  { shared, limits, leadersOf }: Pick<Parts, 'shared' | 'leadersOf'> & { readonly limits: ReturnType<typeof makeLimits> },
  ackTimeoutMs: number,
) => {
  const senderFor = (producer: Producer) => makeSender({ client: shared, producer, batchBytesMax: limits.batchBytesMax, ackTimeoutMs });
  const checked =
    ({ send }: Pick<Transport, 'send'>): Transport['send'] =>
    async (topic, messages) => {
      if (messages.length === 0) return;
      await leadersOf(topic);
      for (const partition of new Set(messages.map((message) => message.partition))) await shared.expectPartition(topic, partition);
      for (const message of messages) limits.check(topic, message);
      await send(topic, messages);
    };
  return { senderFor, checked, sender: senderFor(makeProducer(shared)) };
};

/**
 * Connects when first used. What `send` resolved for is on all replicas in sync; acknowledgements are the group's offsets.
 * @throws Failure `fatal` `transport.tls-file`
 */
export const openKafkaTransport = (config: KafkaTransportConfig): KafkaTransport => {
  const { connection, clock, connectTimeoutMs, requestTimeoutMs, ...bounded } = { ...defaults, ...config };
  const remedy = config.remedy === undefined ? {} : { remedy: config.remedy };
  const clientOptions: ClientOptions = { connection, clock, connectTimeoutMs, requestTimeoutMs, metadataAgeMs, ...remedy };
  const shared = openKafkaClient(clientOptions);
  const admin = openTopicAdmin(connection, clock);
  const { bounds, offsetAt } = partitionOffsets(shared);
  const limits = makeLimits(shared);
  const leadersOf = async (topic: string): Promise<readonly number[]> => {
    const leaders = await shared.leaders(topic);
    await limits.learn(topic);
    return leaders;
  };
  const { sender, checked, senderFor } = makeSends({ shared, limits, leadersOf }, requestTimeoutMs);
  const subscriptions = makeSubscriptions();

  const subscribe: Transport['subscribe'] = async (topic, group, lanes = Number.POSITIVE_INFINITY) => {
    await leadersOf(topic);
    const client = openKafkaClient(clientOptions);
    const ofPartition = (partition: number) => bounds(topic, partition);
    const named = `${config.groupPrefix ?? ''}${group}`;
    return subscriptions.add(openSubscription({ ...bounded, client, shared, topic, group: named, lanes, bounds: ofPartition }));
  };
  const transport: KafkaTransport = {
    admin,
    capabilities: {
      ...fixed,
      get messageBytesMax() {
        return limits.messageBytesMin();
      },
    },
    administration: topicAdministration(shared, admin),
    messageBytesMax: limits.messageBytesMax,
    clusterId: async () => shared.clusterId() ?? admin.clusterId(),
    ensureTopic: makeEnsureTopic({ config, shared, admin, leadersOf }),
    growTopic: growing({ admin, clock: config.clock, leadersOf, forget: (topic) => shared.forget(topic) }),
    trim: (topic, partition, before) => admin.trim(topic, partition, before),
    topicId: async (topic) => {
      // Asked anew each time: somebody may have made another.
      shared.forget(topic);
      return shared.topicId(topic);
    },
    partitionCount: async (topic) => {
      // Asked anew each time: somebody may have raised it.
      shared.forget(topic);
      return (await leadersOf(topic)).length;
    },
    bounds,
    offsetAt,
    subscribe,
    send: checked(sender),
    openWriter: (topic, name) => {
      const id = `${config.groupPrefix ?? ''}${name}`;
      return openTransactionalWriter({ client: shared, topic, id, sendWith: (producer) => checked(senderFor(producer)) });
    },
    close: async () => {
      await subscriptions.close();
      await forAWhile(clock, sender.idle());
      await shared.close();
    },
  };
  return config.prefix === undefined ? transport : prefixed(transport, config.prefix);
};
