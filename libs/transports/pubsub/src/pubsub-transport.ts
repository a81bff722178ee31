import { Failure, makeSubscriptions, type Clock, type Subscription, type Transport } from '@dsf/ports';
import type { PubsubConnection } from './connection-options.ts';
import { bodyBytesMax, framedFormat, limits, wakeMark } from './message-format.ts';
import { openPubsubClient, type PubsubClient } from './pubsub-client.ts';
import { prefixed } from './prefixed.ts';
import { isThere } from './pubsub-failure.ts';
import { makeSender, type Sender } from './sender.ts';
import { openSubscription } from './subscription.ts';
import { watchTopic } from './watch.ts';
import {
  checkReader,
  createReader,
  createTopic,
  readReaderMetadata,
  readTopicMetadata,
  subscriptionName,
  topicAdministration,
  type LaneAdministration,
} from './topic-settings.ts';

/** How much, how long. */
export interface PubsubLimits {
  /** What a person is to do about a topic that is missing, for the message. */
  readonly remedy?: string;
  /** Messages of a member that is gone come to another after so long; renewed while it lives. 10,000 to 600,000, default 20,000. */
  readonly ackDeadlineMs?: number;
  /** How long a message is renewed at most; has to exceed the slowest commit. Default an hour. */
  readonly extensionMsMax?: number;
  /** A lane of which a member has not heard for so long is taken to be elsewhere. Default 30,000. */
  readonly silenceMs?: number;
  /** What a member has and has not acknowledged. Default 2,000 messages, 64 MiB. */
  readonly messagesMax?: number;
  readonly bytesMax?: number;
  /** A publish request goes when so many messages or bytes have come together, or after so long. Default 1,000, 4 MiB, 2 ms. */
  readonly batchMessagesMax?: number;
  readonly batchBytesMax?: number;
  readonly batchWaitMs?: number;
  /** Default 15,000. */
  readonly requestTimeoutMs?: number;
}

export interface PubsubTransportConfig extends PubsubLimits {
  readonly connection: PubsubConnection;
  readonly clock: Clock;
  /** Before the names of all topics and subscriptions. Default: none. */
  readonly prefix?: string;
  /** False: topics and subscriptions that are missing are not made. Default: true. */
  readonly createsTopics?: boolean;
  /** Groups that read each topic, without the prefix: `dsf topics apply` makes a subscription for each. */
  readonly readers?: Readonly<Record<string, readonly string[]>>;
}

const mebibyte = 1024 * 1024;

/** Of `PubsubLimits`. */
export const defaults = {
  ackDeadlineMs: 20_000,
  extensionMsMax: 3_600_000,
  silenceMs: 30_000,
  messagesMax: 2000,
  bytesMax: 64 * mebibyte,
  batchMessagesMax: 1000,
  batchBytesMax: 4 * mebibyte,
  batchWaitMs: 2,
  requestTimeoutMs: 15_000,
} as const satisfies Required<Omit<PubsubLimits, 'remedy'>>;

type Config = Pick<PubsubTransportConfig, 'connection' | 'clock' | 'remedy'> & Required<Omit<PubsubLimits, 'remedy'>>;

/** Lanes are ordering keys, of which there may be any number; this many is more than anybody has. */
const lanesMax = 65_536;

/** Pub/Sub behind the port, for the internal topics: the ordering key is the lane. */
export interface PubsubTransport extends Transport {
  readonly administration: LaneAdministration;
  discard(topic: string): Promise<void>;
  watch(topic: string, isFromBeginning: boolean): Promise<Subscription>;
}

export const openClient = ({
  connection,
  clock,
  batchMessagesMax,
  batchBytesMax,
  batchWaitMs,
  requestTimeoutMs,
  remedy,
}: Config): PubsubClient =>
  openPubsubClient({
    connection,
    clock,
    batching: { messagesMax: batchMessagesMax, bytesMax: batchBytesMax, waitMs: batchWaitMs },
    requestTimeoutMs,
    ...(remedy === undefined ? {} : { remedy }),
  });

export const noOffsets = async (): Promise<never> => {
  throw new Failure('fatal', 'transport.no-offsets', 'Pub/Sub does not number its messages: there is no offset to ask for', {});
};

/** The library (6.3.0) sends milliseconds as microseconds, so that what was sent in the second before would stay. */
const nextSecond = (now: number): Date => new Date((Math.floor(now / 1000) + 1) * 1000);

const discard = async (client: PubsubClient, topic: string): Promise<void> => {
  const [subscriptions] = await client.call({ topic }, () => client.remote.topic(topic).getSubscriptions());
  for (const subscription of subscriptions)
    await client.call({ subscription: subscription.name }, () => subscription.seek(nextSecond(client.clock.now())));
};

/** @throws Failure `fatal` `transport.topic-missing` */
export const checkTopic = async (client: PubsubClient, topic: string): Promise<void> => {
  await client.call({ topic }, () => client.remote.topic(topic).getMetadata());
};

/** Whoever else makes it at the same moment makes the same. */
const unlessThere = async (make: () => Promise<void>): Promise<void> => {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof Failure && isThere(error.cause))) throw error;
  }
};

const wakeLanes = (sender: Sender, topic: string) => (lanes: readonly number[]) =>
  sender.publish(
    topic,
    lanes.map((lane) => ({ data: new Uint8Array(), attributes: { [wakeMark]: '1' }, orderingKey: String(lane) })),
  );

/**
 * Connects when first used. What `send` resolved for is kept by the service until it was acknowledged, or its retention ends.
 * @throws Failure `fatal` `transport.login` when there are no credentials, with the first use
 */
export const openPubsubTransport = (given: PubsubTransportConfig): PubsubTransport => {
  const config = { ...defaults, createsTopics: true, ...given };
  const { createsTopics, ackDeadlineMs, prefix = '', readers = {} } = config;
  const client = openClient(config);
  const sender = makeSender(client, framedFormat);
  const subscriptions = makeSubscriptions();
  const readersOf = (topic: string): readonly string[] => readers[topic.slice(prefix.length)] ?? [];
  const administration = topicAdministration(client, { readersOf, ackDeadlineMs });

  const ensureTopic = async (topic: string): Promise<void> => {
    if (createsTopics && (await readTopicMetadata(client, topic)) === null) await unlessThere(() => createTopic(client, topic));
    await checkTopic(client, topic);
  };
  const ensureReader = async (topic: string, name: string): Promise<void> => {
    await checkTopic(client, topic);
    if (createsTopics && (await readReaderMetadata(client, name)) === null) {
      const shape = {
        partitions: lanesMax,
        replication: null,
        retentionMs: 86_400_000,
        cleanup: 'time',
        messageBytesMax: limits.requestBytesMax,
      } as const;
      await unlessThere(() => createReader(client, topic, { name, shape, ackDeadlineMs }));
    }
    await checkReader(client, name);
  };
  const transport: PubsubTransport = {
    capabilities: { offsets: 'assigned', messageBytesMax: bodyBytesMax, system: 'gcp_pubsub' },
    administration,
    clusterId: async () => `pubsub/${await client.projectId()}`,
    ensureTopic,
    growTopic: (topic) => checkTopic(client, topic),
    trim: noOffsets,
    bounds: noOffsets,
    offsetAt: noOffsets,
    discard: (topic) => discard(client, topic),
    partitionCount: async (topic) => {
      await checkTopic(client, topic);
      return lanesMax;
    },
    subscribe: async (topic, group, lanes) => {
      const name = subscriptionName(topic, group);
      await ensureReader(topic, name);
      const sharing = { sharing: 'sticky', lanes: lanes ?? lanesMax } as const;
      // Whoever does not say how many lanes there are is given those of which it hears.
      const wake = lanes === undefined ? {} : { wake: wakeLanes(sender, topic) };
      return subscriptions.add(openSubscription({ ...config, client, name, format: framedFormat, ...sharing, ...wake }));
    },
    watch: async (topic, isFromBeginning) => {
      const sharing = { sharing: 'sticky', lanes: lanesMax } as const;
      return subscriptions.add(await watchTopic({ ...config, client, format: framedFormat, ...sharing }, topic, isFromBeginning));
    },
    send: (topic, messages) => sender.send(topic, messages),
    close: async () => {
      await subscriptions.close();
      await sender.idle();
      await client.close();
    },
  };
  return prefix === '' ? transport : prefixed(transport, prefix);
};
