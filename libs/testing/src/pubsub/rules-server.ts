import { createRequire } from 'node:module';
import { Server, ServerCredentials, type handleUnaryCall, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { invalidAckIds, refusal } from './rules-errors.ts';
import { makeTopics, type RulesSubscription, type SubscriptionProto, type TopicProto, type WireMessage } from './rules-topics.ts';

/*
 * Pub/Sub's API in this process, with the rules that Google's emulators are laxer about or do not have, as the service documents them:
 *   exactly-once delivery: https://cloud.google.com/pubsub/docs/exactly-once-delivery
 *   ordering: https://cloud.google.com/pubsub/docs/ordering   seek: https://cloud.google.com/pubsub/docs/replay-overview
 *   dead letters: https://cloud.google.com/pubsub/docs/dead-letter-topics
 */

/** The fake, and what a test may do to it. */
export interface PubsubRules {
  /** `host:port` */
  readonly address: string;
  /** Ends the acknowledgement deadlines of all that is out, as if the time had passed. @param subscription - its short name */
  expire(subscription: string): void;
  /** What publish requests are answered with, by the texts in them: a code of gRPC, or null to take them. */
  refusePublish(rule: (texts: readonly string[]) => number | null): void;
  /** Texts of a topic in the order in which they were taken. @param topic - its short name */
  published(topic: string): readonly string[];
  /** Messages that are out and not acknowledged. */
  outstanding(subscription: string): number;
  /** Messages that are not acknowledged. */
  waiting(subscription: string): number;
  /** What the streams asked for when they were opened. */
  streams(): readonly StreamRequest[];
  close(): Promise<void>;
}

export interface StreamRequest {
  readonly subscription: string;
  readonly maxOutstandingMessages: number;
  readonly maxOutstandingBytes: number;
}

interface AckRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly ackDeadlineSeconds?: number;
}

const tickMs = 5;
const shortName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const unary =
  <Request, Answer>(work: (request: Request) => Answer): handleUnaryCall<Request, Answer> =>
  (call, answer) => {
    try {
      answer(null, work(call.request));
    } catch (error) {
      answer(error instanceof Error ? error : new Error(String(error)));
    }
  };

const serviceOf = (name: string): ServiceDefinition => {
  const require = createRequire(import.meta.url);
  const protos = require('@google-cloud/pubsub/build/protos/protos.json') as Parameters<typeof fromJSON>[0];
  return fromJSON(protos, { longs: Number, defaults: true, arrays: true })[`google.pubsub.v1.${name}`] as ServiceDefinition;
};

/** Starts on a port of its own. */
export const startPubsubRules = async (): Promise<PubsubRules> => {
  const topics = makeTopics();
  const asked: StreamRequest[] = [];
  let publishRule: (texts: readonly string[]) => number | null = () => null;

  const acknowledge = ({ subscription, ackIds }: AckRequest): object => {
    const refused = topics.subscription(subscription).acknowledge(ackIds);
    if (refused.length > 0) throw invalidAckIds(refused);
    return {};
  };
  const modify = ({ subscription, ackIds, ackDeadlineSeconds = 0 }: AckRequest): object => {
    const refused = topics.subscription(subscription).modify(ackIds, ackDeadlineSeconds);
    if (refused.length > 0) throw invalidAckIds(refused);
    return {};
  };
  const stream = (call: ServerDuplexStream<StreamRequest & { readonly streamAckDeadlineSeconds: number }, object>): void => {
    let open: RulesSubscription | null = null;
    const take = (receivedMessages: readonly object[], isExactlyOnce: boolean): void => {
      call.write({ receivedMessages, subscriptionProperties: { exactlyOnceDeliveryEnabled: isExactlyOnce, messageOrderingEnabled: true } });
    };
    call.on('data', (request: StreamRequest & { readonly streamAckDeadlineSeconds: number }) => {
      if (open !== null) return;
      try {
        open = topics.subscription(request.subscription);
      } catch (error) {
        call.emit('error', error);
        return;
      }
      const { subscription, maxOutstandingMessages, maxOutstandingBytes } = request;
      asked.push({ subscription: shortName(subscription), maxOutstandingMessages, maxOutstandingBytes });
      open.join(call, { take, messagesMax: maxOutstandingMessages, deadlineSeconds: request.streamAckDeadlineSeconds });
    });
    const leave = (): void => open?.leave(call);
    call.on('end', () => {
      leave();
      call.end();
    });
    call.on('cancelled', leave);
    call.on('error', leave);
  };

  const server = new Server({ 'grpc.max_receive_message_length': 11 * 1024 * 1024 });
  server.addService(serviceOf('Publisher'), {
    createTopic: unary((proto: TopicProto) => topics.createTopic(proto)),
    getTopic: unary(({ topic }: { readonly topic: string }) => topics.topic(topic)),
    listTopicSubscriptions: unary(({ topic }: { readonly topic: string }) => ({
      subscriptions: topics.subscriptionsOf(topic),
      nextPageToken: '',
    })),
    publish: unary(({ topic, messages }: { readonly topic: string; readonly messages: readonly WireMessage[] }) => {
      const code = publishRule(messages.map(({ data }) => data.toString()));
      if (code !== null) throw refusal(code, 'a fault of the test');
      return { messageIds: topics.publish(topic, messages) };
    }),
  });
  server.addService(serviceOf('Subscriber'), {
    createSubscription: unary((proto: SubscriptionProto) => topics.createSubscription(proto)),
    getSubscription: unary(({ subscription }: { readonly subscription: string }) => topics.subscription(subscription).proto),
    deleteSubscription: unary(({ subscription }: { readonly subscription: string }) => {
      topics.deleteSubscription(subscription);
      return {};
    }),
    acknowledge: unary(acknowledge),
    modifyAckDeadline: unary(modify),
    streamingPull: stream,
    seek: unary(
      ({ subscription, time }: { readonly subscription: string; readonly time?: { readonly seconds: number; readonly nanos: number } }) => {
        topics.subscription(subscription).seek((time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6);
        return {};
      },
    ),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const ticking = setInterval(() => topics.deliver(), tickMs);
  return {
    address: `127.0.0.1:${port}`,
    expire: (subscription) => topics.subscription(subscription).expire(),
    refusePublish: (rule) => {
      publishRule = rule;
    },
    published: (topic) => topics.published(topic),
    outstanding: (subscription) => topics.subscription(subscription).outstanding(),
    waiting: (subscription) => topics.subscription(subscription).waiting(),
    streams: () => asked,
    close: async () => {
      clearInterval(ticking);
      server.forceShutdown();
    },
  };
};
