import { PubSub, type Subscription as RemoteSubscription, type SubscriptionOptions, type Topic } from '@google-cloud/pubsub';
import type { Clock } from '@dsf/ports';
import { clientConfig, placeOf, type PubsubConnection } from './connection-options.ts';
import { asTransportFailure, type FailureContext } from './pubsub-failure.ts';

export interface BatchingOptions {
  /** A request goes when so many messages, or so many bytes, or so much time have come together. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly waitMs: number;
}

export interface ClientOptions {
  readonly connection: PubsubConnection;
  readonly clock: Clock;
  readonly batching: BatchingOptions;
  /** How long one call, with the library's own attempts, may take. */
  readonly requestTimeoutMs: number;
  /** What a person is to do about a topic that is missing. */
  readonly remedy?: string;
}

/** The client library, and what it is asked again and again. */
export interface PubsubClient {
  readonly clock: Clock;
  readonly place: string;
  readonly connection: PubsubConnection;
  /** What a person is to do about a topic that is missing. */
  readonly remedy: string | undefined;
  readonly remote: PubSub;
  /** Publishes to a topic in order per key; one for all senders of the process, or keys would lose their order. */
  publisher(topic: string): Topic;
  subscription(name: string, options?: SubscriptionOptions): RemoteSubscription;
  projectId(): Promise<string>;
  /** @throws Failure in DSF's words */
  call<T>(about: Omit<FailureContext, 'place'>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The library tries again by itself, for a minute and more by default; a service that is to stop cannot wait so long. */
const backoffWithin = (totalTimeoutMillis: number) => ({
  initialRetryDelayMillis: 100,
  retryDelayMultiplier: 1.5,
  maxRetryDelayMillis: 2000,
  initialRpcTimeoutMillis: totalTimeoutMillis,
  rpcTimeoutMultiplier: 1,
  maxRpcTimeoutMillis: totalTimeoutMillis,
  totalTimeoutMillis,
});

export const openPubsubClient = ({ connection, clock, batching, requestTimeoutMs, remedy }: ClientOptions): PubsubClient => {
  const remote = new PubSub(clientConfig(connection));
  const place = placeOf(connection);
  const publishers = new Map<string, Topic>();
  const call = async <T>(about: Omit<FailureContext, 'place'>, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asTransportFailure(error, { place, ...about }, remedy);
    }
  };
  return {
    clock,
    place,
    connection,
    remedy,
    remote,
    call,
    publisher: (name) => {
      const known = publishers.get(name);
      if (known !== undefined) return known;
      const topic = remote.topic(name, {
        messageOrdering: true,
        batching: { maxMessages: batching.messagesMax, maxBytes: batching.bytesMax, maxMilliseconds: batching.waitMs },
        gaxOpts: { timeout: requestTimeoutMs, retry: { backoffSettings: backoffWithin(requestTimeoutMs) } },
      });
      publishers.set(name, topic);
      return topic;
    },
    subscription: (name, options) => remote.subscription(name, options),
    projectId: () => call({}, async () => (await remote.getClientConfig()).projectId ?? ''),
    close: async () => {
      await remote.close();
    },
  };
};
