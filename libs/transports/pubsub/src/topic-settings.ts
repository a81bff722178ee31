import type { GetSubscriptionMetadataResponse, TopicMetadata } from '@google-cloud/pubsub';
import { Failure, type TopicAdministration, type TopicShape } from '@dsf/ports';
import { limits } from './message-format.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { isMissing } from './pubsub-failure.ts';

type SubscriptionMetadata = GetSubscriptionMetadataResponse[0];

/** The subscription through which a group reads a topic. Names take few characters; others are written as in a URL. */
export const subscriptionName = (topic: string, group: string): string =>
  `${topic}.${encodeURIComponent(group).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}`;

/** Every topic has the shape that Pub/Sub allows. */
export type LaneAdministration = TopicAdministration & Required<Pick<TopicAdministration, 'fit'>>;

export interface TopicSettings {
  /** Groups that read a topic. */
  readonly readersOf: (topic: string) => readonly string[];
  readonly ackDeadlineMs: number;
}

/** Limits of the service: https://cloud.google.com/pubsub/docs/subscription-properties */
const retentionMs = { min: 600_000, max: 31 * 86_400_000 } as const;
const anyRegion = 'wherever they are sent';
const missing = 'missing';
const fitReader = 'in order, no dead letters, never expires';

const msOf = (duration: SubscriptionMetadata['messageRetentionDuration']): number => Number(duration?.seconds ?? 604_800) * 1000;

/** What must not be otherwise, or lanes lose their order, or messages. */
const readerText = (metadata: SubscriptionMetadata): string =>
  [
    metadata.enableMessageOrdering === true ? 'in order' : 'NOT in order',
    metadata.deadLetterPolicy?.deadLetterTopic ? `dead letters to ${metadata.deadLetterPolicy.deadLetterTopic}` : 'no dead letters',
    // Emulators say nothing of it: their subscriptions never expire.
    metadata.expirationPolicy?.ttl ? 'expires' : 'never expires',
    ...(metadata.filter ? [`filtered: ${metadata.filter}`] : []),
  ].join(', ');

const regionText = (metadata: TopicMetadata): string => {
  const regions = metadata.messageStoragePolicy?.allowedPersistenceRegions ?? [];
  return regions.length === 0 ? anyRegion : regions.toSorted().join(', ');
};

/** Settings of a subscription that carries lanes. */
const subscriptionOptions = (shape: TopicShape, ackDeadlineMs: number) => ({
  ackDeadlineSeconds: Math.ceil(ackDeadlineMs / 1000),
  messageRetentionDuration: Math.round((shape.retentionMs ?? retentionMs.max) / 1000),
  expirationPolicy: {},
});

/** @throws Failure `fatal` `transport.subscription-unfit` when a subscription would lose the order of its lanes, or messages */
export const checkReader = async (client: PubsubClient, name: string): Promise<void> => {
  const [metadata] = await client.call({ subscription: name }, () => client.subscription(name).getMetadata());
  const text = readerText(metadata);
  if (metadata.enableMessageOrdering === true && !metadata.deadLetterPolicy?.deadLetterTopic && !metadata.filter) return;
  throw new Failure(
    'fatal',
    'transport.subscription-unfit',
    `subscription "${name}" in ${client.place} cannot carry lanes (${text}): \`dsf topics apply\` mends dead letters; for the rest delete it (gcloud pubsub subscriptions delete ${name}) and run \`dsf topics apply\`: what was not read yet is read from the rows`,
    { subscription: name },
  );
};

export const createReader = async (
  client: PubsubClient,
  topic: string,
  { name, shape, ackDeadlineMs }: { readonly name: string; readonly shape: TopicShape; readonly ackDeadlineMs: number },
): Promise<void> => {
  await client.call({ topic, subscription: name }, () =>
    client.remote.topic(topic).createSubscription(name, { enableMessageOrdering: true, ...subscriptionOptions(shape, ackDeadlineMs) }),
  );
};

export const createTopic = async (client: PubsubClient, topic: string): Promise<void> => {
  const { region } = client.connection;
  await client.call({ topic }, () =>
    client.remote.createTopic({
      name: client.remote.topic(topic).name,
      ...(region === undefined ? {} : { messageStoragePolicy: { allowedPersistenceRegions: [region] } }),
    }),
  );
};

/** Null when there is none. */
export const readTopicMetadata = (client: PubsubClient, topic: string): Promise<TopicMetadata | null> =>
  client.call({ topic }, async () => {
    try {
      return (await client.remote.topic(topic).getMetadata())[0];
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  });

export const readReaderMetadata = (client: PubsubClient, name: string): Promise<SubscriptionMetadata | null> =>
  client.call({ subscription: name }, async () => {
    try {
      return (await client.subscription(name).getMetadata())[0];
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  });

const readerKey = (group: string): string => `read by ${group}`;

/** Makes the subscription of a group, or brings it to the shape. */
const makeMend =
  (client: PubsubClient, ackDeadlineMs: number) =>
  async (topic: string, group: string, to: TopicShape): Promise<void> => {
    const name = subscriptionName(topic, group);
    const metadata = await readReaderMetadata(client, name);
    if (metadata === null) return createReader(client, topic, { name, shape: to, ackDeadlineMs });
    await client.call({ subscription: name }, () =>
      // Null takes a policy away: the library names every key that is there in the update.
      client.subscription(name).setMetadata({
        ...subscriptionOptions(to, ackDeadlineMs),
        ...(metadata.deadLetterPolicy?.deadLetterTopic ? { deadLetterPolicy: null } : {}),
      }),
    );
    await checkReader(client, name);
  };

/** Topics with the subscriptions of those who read them: Pub/Sub keeps a message only for subscriptions that are there when it is sent. */
export const topicAdministration = (client: PubsubClient, { readersOf, ackDeadlineMs }: TopicSettings): LaneAdministration => {
  const mend = makeMend(client, ackDeadlineMs);
  return {
    place: client.place,
    nameOf: (topic) => topic,
    fit: (topic, shape) => ({
      ...shape,
      partitions: Number.POSITIVE_INFINITY,
      replication: null,
      cleanup: 'time',
      retentionMs: Math.min(Math.max(shape.retentionMs ?? retentionMs.max, retentionMs.min), retentionMs.max),
      messageBytesMax: limits.requestBytesMax,
      details: {
        ...(client.connection.region === undefined ? {} : { region: client.connection.region }),
        ...Object.fromEntries(readersOf(topic).map((group) => [readerKey(group), fitReader])),
      },
    }),
    describe: async (topic) => {
      const metadata = await readTopicMetadata(client, topic);
      if (metadata === null) return null;
      const readers = await Promise.all(
        readersOf(topic).map(async (group) => [group, await readReaderMetadata(client, subscriptionName(topic, group))] as const),
      );
      const kept = readers.flatMap(([, reader]) => (reader === null ? [] : [msOf(reader.messageRetentionDuration)]));
      return {
        partitions: Number.POSITIVE_INFINITY,
        replication: null,
        cleanup: 'time',
        retentionMs: kept.length === 0 ? retentionMs.max : Math.min(...kept),
        messageBytesMax: limits.requestBytesMax,
        details: {
          ...(client.connection.region === undefined ? {} : { region: regionText(metadata) }),
          ...Object.fromEntries(readers.map(([group, reader]) => [readerKey(group), reader === null ? missing : readerText(reader)])),
        },
      };
    },
    create: async (topic, shape) => {
      await createTopic(client, topic);
      for (const group of readersOf(topic)) await mend(topic, group, shape);
    },
    change: async (topic, from, to) => {
      const { region } = client.connection;
      if (region !== undefined && from.details?.['region'] !== region)
        await client.call({ topic }, () =>
          client.remote.topic(topic).setMetadata({ messageStoragePolicy: { allowedPersistenceRegions: [region] } }),
        );
      const isKept = from.retentionMs === to.retentionMs;
      for (const group of readersOf(topic)) if (!isKept || from.details?.[readerKey(group)] !== fitReader) await mend(topic, group, to);
    },
  };
};
