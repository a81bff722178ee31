import { Failure, makeSubscriptions, type Clock, type Transport } from '@dsf/ports';
import { attributesFormat } from './attributes.ts';
import { readBacklog } from './backlog.ts';
import type { PubsubConnection } from './connection-options.ts';
import { bodyBytesMax } from './message-format.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { checkTopic, defaults, noOffsets, openClient, type PubsubLimits } from './pubsub-transport.ts';
import { makeSender } from './sender.ts';
import { openSubscription } from './subscription.ts';
import { watchTopic } from './watch.ts';

export interface PubsubEndsConfig extends PubsubLimits {
  readonly connection: PubsubConnection;
  readonly clock: Clock;
}

/** @throws Failure `fatal` `transport.topic-missing`, `transport.precondition` */
const checkSubscription = async (client: PubsubClient, subscription: string): Promise<void> => {
  const [metadata] = await client.call({ subscription }, () => client.subscription(subscription).getMetadata());
  const why =
    metadata.detached === true
      ? 'it is detached from its topic: make another one'
      : metadata.pushConfig?.pushEndpoint
        ? `it pushes to ${metadata.pushConfig.pushEndpoint}: a source needs one of its own that is pulled`
        : null;
  if (why === null) return;
  throw new Failure('fatal', 'transport.precondition', `subscription "${subscription}" in ${client.place} cannot be read: ${why}`, {
    subscription,
  });
};

/** The topic that a subscription reads; with its path when it belongs to another project. @throws Failure `fatal` `transport.topic-missing` */
const inputOf = async (client: PubsubClient, subscription: string): Promise<string> => {
  const [{ topic }] = await client.call({ subscription }, () => client.subscription(subscription).getMetadata());
  if (typeof topic !== 'string' || !topic.startsWith('projects/')) {
    const text = `the topic of subscription "${subscription}" in ${client.place} was deleted: make the subscription anew, for a topic that is there`;
    throw new Failure('fatal', 'transport.topic-missing', text, { subscription });
  }
  const own = `projects/${await client.projectId()}/topics/`;
  return topic.startsWith(own) ? topic.slice(own.length) : topic;
};

/**
 * Pub/Sub behind the port, for sources and publications: what others write and read. To `subscribe`, a topic is the name of a subscription, of which
 * every member has all lanes; to `send`, it is the name of a topic. DSF makes neither. The key of a message is its ordering key.
 */
export const openPubsubEnds = (given: PubsubEndsConfig): Transport => {
  const config = { ...defaults, ...given };
  const client = openClient(config);
  const sender = makeSender(client, attributesFormat);
  const subscriptions = makeSubscriptions();
  return {
    capabilities: { offsets: 'assigned', messageBytesMax: bodyBytesMax, system: 'gcp_pubsub' },
    clusterId: async () => `pubsub/${await client.projectId()}`,
    ensureTopic: (topic) => checkTopic(client, topic),
    growTopic: (topic) => checkTopic(client, topic),
    trim: noOffsets,
    bounds: noOffsets,
    offsetAt: noOffsets,
    // A topic is not divided: ordering keys keep what belongs together in order.
    partitionCount: async (topic) => {
      await checkTopic(client, topic);
      return 1;
    },
    subscribe: async (name, _group, lanes = 1) => {
      await checkSubscription(client, name);
      return subscriptions.add(openSubscription({ ...config, client, name, format: attributesFormat, lanes, sharing: 'every' }));
    },
    watch: async (topic, isFromBeginning) =>
      subscriptions.add(
        await watchTopic({ ...config, client, format: attributesFormat, lanes: 1, sharing: 'every' }, topic, isFromBeginning),
      ),
    backlog: async (subscription) => {
      const { emulator } = client.connection;
      if (emulator !== undefined) return null;
      const project = await client.projectId();
      const ask = async (url: string): Promise<unknown> =>
        (await client.remote.auth.request({ url, timeout: config.requestTimeoutMs })).data;
      return client.call({ subscription }, () => readBacklog(ask, { project, subscription, now: client.clock.now() }));
    },
    inputOf: (name) => inputOf(client, name),
    send: (topic, messages) => sender.send(topic, messages),
    close: async () => {
      await subscriptions.close();
      await sender.idle();
      await client.close();
    },
  };
};
