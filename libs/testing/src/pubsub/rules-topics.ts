import { status } from '@grpc/grpc-js';
import { refusal } from './rules-errors.ts';

export interface WireMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

export interface TopicProto {
  readonly name: string;
  /** Present: the topic keeps its messages, for subscriptions that come later and seek. */
  readonly messageRetentionDuration: { readonly seconds: number } | null;
}

export interface SubscriptionProto {
  readonly name: string;
  readonly topic: string;
  readonly ackDeadlineSeconds: number;
  readonly enableMessageOrdering: boolean;
  readonly enableExactlyOnceDelivery: boolean;
  readonly deadLetterPolicy: { readonly deadLetterTopic: string; readonly maxDeliveryAttempts: number } | null;
}

/** One streaming pull. */
export interface Puller {
  readonly take: (receivedMessages: readonly object[], isExactlyOnce: boolean) => void;
  readonly messagesMax: number;
  readonly deadlineSeconds: number;
}

interface Stored extends WireMessage {
  readonly messageId: string;
  readonly publishTime: { readonly seconds: number; readonly nanos: number };
  readonly publishedAt: number;
}

/** A message in a subscription. */
interface Entry {
  readonly message: Stored;
  isAcked: boolean;
  /** Times that it went out. */
  deliveries: number;
  /** While it is out. */
  out: { readonly ackId: string; readonly to: Puller; expiresAt: number } | null;
}

export interface RulesSubscription {
  readonly proto: SubscriptionProto;
  join(owner: object, puller: Puller): void;
  leave(owner: object): void;
  /** @returns ids that are refused: with exactly-once delivery all that are not valid any more, else none */
  acknowledge(ackIds: readonly string[]): readonly string[];
  /** Zero seconds give a message back. @returns as `acknowledge` */
  modify(ackIds: readonly string[], seconds: number): readonly string[];
  /** What was published before counts as acknowledged, the rest as not. */
  seek(time: number): void;
  expire(): void;
  outstanding(): number;
  waiting(): number;
  put(message: Stored): void;
  deliver(): void;
}

type DeadLetter = (topic: string, message: Stored) => void;

const makeSubscription = (proto: SubscriptionProto, kept: () => readonly Stored[], deadLetter: DeadLetter): RulesSubscription => {
  const entries: Entry[] = [];
  const pullers = new Map<object, Puller>();
  const { enableMessageOrdering: isOrdered, enableExactlyOnceDelivery: isExactlyOnce, deadLetterPolicy } = proto;

  const isOut = ({ out }: Entry): boolean => out !== null && out.expiresAt > Date.now();
  /** In order: all that follows under its key comes again behind it. */
  const release = (entry: Entry): void => {
    entry.out = null;
    const { orderingKey } = entry.message;
    if (!isOrdered || orderingKey === '') return;
    for (const later of entries.slice(entries.indexOf(entry) + 1)) if (later.message.orderingKey === orderingKey) later.out = null;
  };
  const withIds = (ackIds: readonly string[], work: (entry: Entry) => void): readonly string[] => {
    const refused: string[] = [];
    for (const ackId of ackIds) {
      const entry = entries.find((one) => one.out?.ackId === ackId && isOut(one) && !one.isAcked);
      if (entry === undefined) refused.push(ackId);
      else work(entry);
    }
    return isExactlyOnce ? refused : [];
  };
  const freePuller = (): Puller | undefined =>
    [...pullers.values()].find(
      (puller) =>
        puller.messagesMax <= 0 || entries.filter((entry) => entry.out?.to === puller && !entry.isAcked).length < puller.messagesMax,
    );
  const isDead = ({ deliveries }: Entry): boolean => deadLetterPolicy !== null && deliveries >= deadLetterPolicy.maxDeliveryAttempts;
  const send = (entry: Entry, puller: Puller): void => {
    entry.deliveries += 1;
    const { message, deliveries } = entry;
    const ackId = `${message.messageId}:${deliveries}`;
    const seconds = puller.deadlineSeconds > 0 ? puller.deadlineSeconds : proto.ackDeadlineSeconds;
    entry.out = { ackId, to: puller, expiresAt: Date.now() + seconds * 1000 };
    puller.take([{ ackId, message, deliveryAttempt: deadLetterPolicy === null ? 0 : deliveries }], isExactlyOnce);
  };

  return {
    proto,
    join: (owner, puller) => pullers.set(owner, puller),
    leave: (owner) => pullers.delete(owner),
    acknowledge: (ackIds) =>
      withIds(ackIds, (entry) => {
        entry.isAcked = true;
        entry.out = null;
      }),
    modify: (ackIds, seconds) =>
      withIds(ackIds, (entry) => {
        if (seconds === 0) release(entry);
        else if (entry.out !== null) entry.out.expiresAt = Date.now() + seconds * 1000;
      }),
    seek: (time) => {
      const known = new Set(entries.map(({ message }) => message));
      const older = kept().filter((message) => !known.has(message));
      entries.unshift(...older.map((message) => ({ message, isAcked: false, deliveries: 0, out: null })));
      for (const entry of entries) {
        entry.isAcked = entry.message.publishedAt < time;
        entry.out = null;
      }
    },
    expire: () => {
      for (const entry of entries) if (entry.out !== null) release(entry);
    },
    outstanding: () => entries.filter((entry) => isOut(entry) && !entry.isAcked).length,
    waiting: () => entries.filter(({ isAcked }) => !isAcked).length,
    put: (message) => void entries.push({ message, isAcked: false, deliveries: 0, out: null }),
    deliver: () => {
      const held = new Set<string>();
      for (const entry of entries) {
        const { orderingKey } = entry.message;
        if (entry.isAcked || (isOrdered && held.has(orderingKey)) || isOut(entry)) continue;
        if (entry.out !== null) release(entry);
        if (isDead(entry) && deadLetterPolicy !== null) {
          entry.isAcked = true;
          deadLetter(deadLetterPolicy.deadLetterTopic, entry.message);
          continue;
        }
        const puller = freePuller();
        if (puller === undefined) {
          if (orderingKey !== '') held.add(orderingKey);
          continue;
        }
        send(entry, puller);
      }
    },
  };
};

/** Topics and subscriptions in memory, by their full names; what is asked for by its short name is found, too. */
export const makeTopics = () => {
  const topics = new Map<string, { readonly proto: TopicProto; readonly taken: Stored[] }>();
  const subscriptions = new Map<string, RulesSubscription>();
  let ids = 0;

  const find = <T>(all: ReadonlyMap<string, T>, name: string): T => {
    const found = all.get(name) ?? [...all].find(([path]) => path.endsWith(`/${name}`))?.[1];
    if (found === undefined) throw refusal(status.NOT_FOUND, `Resource not found (resource=${name}).`);
    return found;
  };
  const store = (topic: string, message: Stored): void => {
    const { proto, taken } = find(topics, topic);
    taken.push(message);
    for (const subscription of subscriptions.values()) if (subscription.proto.topic === proto.name) subscription.put(message);
  };
  const next = (message: WireMessage): Stored => {
    ids += 1;
    const publishedAt = Date.now();
    const publishTime = { seconds: Math.floor(publishedAt / 1000), nanos: (publishedAt % 1000) * 1e6 };
    return { ...message, messageId: String(ids), publishTime, publishedAt };
  };
  return {
    createTopic: (proto: TopicProto): TopicProto => {
      if (topics.has(proto.name)) throw refusal(status.ALREADY_EXISTS, `Resource already exists in the project (resource=${proto.name}).`);
      topics.set(proto.name, { proto, taken: [] });
      return proto;
    },
    topic: (name: string): TopicProto => find(topics, name).proto,
    createSubscription: (proto: SubscriptionProto): SubscriptionProto => {
      const topic = find(topics, proto.topic);
      const deadLetter: DeadLetter = (name, message) => store(name, next(message));
      const kept = (): readonly Stored[] => (topic.proto.messageRetentionDuration === null ? [] : topic.taken);
      subscriptions.set(proto.name, makeSubscription(proto, kept, deadLetter));
      return proto;
    },
    subscription: (name: string): RulesSubscription => find(subscriptions, name),
    deleteSubscription: (name: string): void => void subscriptions.delete(find(subscriptions, name).proto.name),
    subscriptionsOf: (topic: string): readonly string[] =>
      [...subscriptions.values()].filter(({ proto }) => proto.topic === topic).map(({ proto }) => proto.name),
    publish: (topic: string, messages: readonly WireMessage[]): readonly string[] =>
      messages.map((message) => {
        const stored = next(message);
        store(topic, stored);
        return stored.messageId;
      }),
    published: (topic: string): readonly string[] => find(topics, topic).taken.map(({ data }) => data.toString()),
    deliver: (): void => {
      for (const subscription of subscriptions.values()) subscription.deliver();
    },
  };
};
