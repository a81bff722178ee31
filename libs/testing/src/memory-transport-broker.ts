import { Failure, type Clock, type Delivery, type OutgoingMessage } from '@dsf/ports';

/** A group of members that share a topic's partitions. */
export interface MemoryGroup {
  readonly members: GroupMember[];
  /** Acknowledged offset by partition. */
  readonly offsets: Map<number, number>;
}

/** One member as the broker sees it. */
export interface GroupMember {
  /** Partitions it has now. */
  readonly held: Map<number, () => void>;
  give(partition: number): void;
  /** The broker no longer counts it in, because it left or was silent for too long. */
  leave(): void;
  /** Takes it in again, as a client does that finds itself outside its group. */
  rejoin(): void;
}

/** One partition's log; offsets may have holes. */
export interface MemoryPartition {
  messages: Delivery[];
  /** First offset that is kept, and the next one to be given. */
  start: number;
  end: number;
}

export interface MemoryTopic {
  readonly name: string;
  readonly partitions: MemoryPartition[];
  readonly groups: Map<string, MemoryGroup>;
}

/** A messaging system in memory: whatever clients share it see the same topics. */
export interface MemoryBroker {
  readonly clusterId: string;
  readonly messageBytesMax: number;
  readonly topics: Map<string, MemoryTopic>;
  /** Those who wait for news, by what they wait for. */
  readonly waiting: Map<string, Set<() => void>>;
  readonly now: () => number;
}

export const createMemoryBroker = (options: { readonly messageBytesMax: number; readonly now: () => number }): MemoryBroker => ({
  clusterId: 'memory',
  ...options,
  topics: new Map(),
  waiting: new Map(),
});

/** Wakes everyone who waits for this news. */
export const ring = ({ waiting }: MemoryBroker, news: string): void => {
  for (const wake of [...(waiting.get(news) ?? [])]) wake();
};

/** Waits for news, for at most `ms`, or until a signal aborts. @returns true when there was news */
export const waitFor = async (
  { waiting }: MemoryBroker,
  news: string,
  wait: { readonly clock: Clock; readonly ms: number; readonly signals: readonly AbortSignal[] },
): Promise<boolean> => {
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  const others = waiting.get(news) ?? new Set();
  waiting.set(news, others);
  others.add(wake);
  await wait.clock.sleep(wait.ms, AbortSignal.any([...wait.signals, woken.signal]));
  others.delete(wake);
  return woken.signal.aborted;
};

/** News of messages in a partition. */
export const messagesIn = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Where a test may come between a client and the broker. */
export interface TransportHooks {
  before(call: string): Promise<void>;
  /** Appends the messages of a send, all or some, now or later; an error reaches the sender. */
  land(topic: MemoryTopic, messages: readonly OutgoingMessage[]): Promise<void>;
  /** What a read gives instead of `taken`; null = what it is. */
  deliver(topic: MemoryTopic, taken: readonly Delivery[]): readonly Delivery[];
  /** Tells a feed that it is taken away: at once, or when its process can hear it. */
  revoke(tell: () => void): void;
  /** A member has joined a group; `leave` is what the broker does when it hears no more of it. */
  joined(member: GroupMember): void;
}

/** Appends messages in their order, with the broker's time. @throws Failure `fatal` `transport.partitions`, before anything is appended */
export const append = (broker: MemoryBroker, topic: MemoryTopic, messages: readonly OutgoingMessage[]): void => {
  const now = broker.now();
  const places = messages.map((message) => ({ message, log: logOf(broker, topic.name, message.partition) }));
  for (const { message, log } of places) {
    const { key, headers, body } = message;
    const time = Math.max(now, log.messages.at(-1)?.time ?? 0);
    log.messages.push({ offset: log.end, time, timeType: 'append', key, headers, body });
    log.end += 1;
  }
  for (const partition of new Set(messages.map((message) => message.partition))) ring(broker, messagesIn(topic.name, partition));
};

/** Deletes what lies below `before`, as retention does. */
export const trim = (topic: MemoryTopic, partition: number, before: number): void => {
  const log = topic.partitions[partition];
  if (log === undefined) return;
  log.start = Math.min(Math.max(log.start, before), log.end);
  log.messages = log.messages.filter(({ offset }) => offset >= log.start);
};

/** The log of one partition. @throws Failure `fatal` `transport.topic-missing` */
export const logOf = (broker: MemoryBroker, name: string, partition: number): MemoryPartition => {
  const log = topicOf(broker, name).partitions[partition];
  if (log === undefined) throw new Failure('fatal', 'transport.partitions', `topic ${name} has no partition ${partition}`, { partition });
  return log;
};

export const topicOf = (broker: MemoryBroker, name: string): MemoryTopic => {
  const topic = broker.topics.get(name);
  if (topic === undefined) throw new Failure('fatal', 'transport.topic-missing', `there is no topic ${name}`, { topic: name });
  return topic;
};
