import { randomUUID } from 'node:crypto';
import { Failure, type Subscription } from '@dsf/ports';
import type { PubsubClient } from './pubsub-client.ts';
import { openSubscription } from './subscription.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

/** The shortest that the service takes: https://cloud.google.com/pubsub/docs/subscription-properties */
const retentionSeconds = 600;
/** One that was left behind, by a killed process, goes by itself. The shortest that the service takes. */
const ttlSeconds = 86_400;

/** @throws Failure `fatal` `transport.precondition` when the topic keeps nothing for those who come later */
const checkRetention = async (client: PubsubClient, topic: string): Promise<void> => {
  const [{ messageRetentionDuration }] = await client.call({ topic }, () => client.remote.topic(topic).getMetadata());
  if (messageRetentionDuration?.seconds) return;
  throw new Failure(
    'fatal',
    'transport.precondition',
    `topic "${topic}" in ${client.place} keeps nothing for those who come later: watch it without its beginning, or let it keep messages (gcloud pubsub topics update ${topic} --message-retention-duration=1d)`,
    { topic },
  );
};

/** A subscription of its own to a topic, deleted when it closes. */
export const watchTopic = async (
  options: Omit<SubscriptionOptions, 'name'>,
  topic: string,
  isFromBeginning: boolean,
): Promise<Subscription> => {
  const { client } = options;
  if (isFromBeginning) await checkRetention(client, topic);
  const name = `dsf-read-${randomUUID()}`;
  await client.call({ topic }, () =>
    client.remote.topic(topic).createSubscription(name, {
      enableMessageOrdering: true,
      messageRetentionDuration: retentionSeconds,
      expirationPolicy: { ttl: { seconds: ttlSeconds } },
    }),
  );
  const remote = client.subscription(name);
  if (isFromBeginning) await client.call({ subscription: name }, () => remote.seek(new Date(0)));
  const subscription = openSubscription({ ...options, name });
  return {
    feeds: (signal) => subscription.feeds(signal),
    close: async () => {
      await subscription.close();
      await client.call({ subscription: name }, () => remote.delete());
    },
  };
};
