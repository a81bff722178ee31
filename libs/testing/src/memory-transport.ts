import { Failure, type BatchLimits, type Clock, type Delivery, type OutgoingMessage, type PartitionFeed, type Transport } from '@dsf/ports';
import { createMembership, type GroupMember, type MemoryGroup } from './memory-transport-groups.ts';

/** One partition's log; offsets may have holes. */
export interface MemoryPartition {
  messages: Delivery[];
  /** First offset that is kept, and the next one to be given. */
  start: number;
  end: number;
}

export interface MemoryTopic {
  readonly name: string;
  readonly partitions: readonly MemoryPartition[];
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

const noHooks = (broker: MemoryBroker): TransportHooks => ({
  before: async () => undefined,
  land: async (topic, messages) => append(broker, topic, messages),
  deliver: (_topic, taken) => taken,
  revoke: (tell) => tell(),
  joined: () => undefined,
});

/** The log of one partition. @throws Failure `fatal` `transport.topic-missing` */
const logOf = (broker: MemoryBroker, name: string, partition: number): MemoryPartition => {
  const log = topicOf(broker, name).partitions[partition];
  if (log === undefined) throw new Failure('fatal', 'transport.partitions', `topic ${name} has no partition ${partition}`, { partition });
  return log;
};

export const topicOf = (broker: MemoryBroker, name: string): MemoryTopic => {
  const topic = broker.topics.get(name);
  if (topic === undefined) throw new Failure('fatal', 'transport.topic-missing', `there is no topic ${name}`, { topic: name });
  return topic;
};

const takeWithin = (log: MemoryPartition, from: number, { recordsMax, bytesMax }: BatchLimits): readonly Delivery[] => {
  const taken: Delivery[] = [];
  let bytes = 0;
  for (const message of log.messages) {
    if (message.offset < from) continue;
    bytes += message.body?.byteLength ?? 0;
    if (taken.length >= recordsMax || (taken.length > 0 && bytes > bytesMax)) break;
    taken.push(message);
  }
  return taken;
};

interface FeedPlace {
  readonly broker: MemoryBroker;
  readonly topic: MemoryTopic;
  readonly group: MemoryGroup;
  readonly partition: number;
  readonly revoked: AbortSignal;
}

const openFeed = (place: FeedPlace, clock: Clock, hooks: TransportHooks): PartitionFeed => {
  const { broker, topic, group, partition, revoked } = place;
  let cursor: { readonly offset: number; readonly sought: boolean } | null = null;
  const log = logOf(broker, topic.name, partition);

  const outOfRange = (offset: number): Failure =>
    new Failure('fatal', 'transport.out-of-range', `offset ${offset} is not in ${topic.name}/${partition}`, {
      ...{ topic: topic.name, partition, offset },
      start: log.start,
      end: log.end,
    });

  const take = (limits: BatchLimits): readonly Delivery[] => {
    const acknowledged = group.offsets.get(partition);
    let offset = cursor?.offset ?? acknowledged ?? log.start;
    if (offset < log.start && cursor?.sought !== true) offset = Math.max(offset, acknowledged ?? 0);
    if (offset < log.start || offset > log.end) throw outOfRange(offset);
    const taken = takeWithin(log, offset, limits);
    // Past holes at the end there is nothing to wait for.
    cursor = { offset: taken.length > 0 ? (taken.at(-1)?.offset ?? 0) + 1 : offset, sought: cursor?.sought ?? false };
    return taken;
  };

  return {
    partition,
    revoked,
    seek(offset) {
      cursor = { offset, sought: true };
    },
    async read(limits, signal) {
      const startedAt = clock.now();
      for (let isLast = limits.waitMs <= 0; ;) {
        await hooks.before('read');
        if (signal.aborted || revoked.aborted) return [];
        const taken = take(limits);
        if (taken.length > 0 || isLast) return hooks.deliver(topic, taken);
        // A clock that is set back must not make the wait longer.
        const ms = Math.min(limits.waitMs, startedAt + limits.waitMs - clock.now());
        isLast = ms <= 0 || !(await waitFor(broker, messagesIn(topic.name, partition), { clock, ms, signals: [signal, revoked] }));
      }
    },
    async acknowledge(offset) {
      await hooks.before('acknowledge');
      group.offsets.set(partition, Math.max(group.offsets.get(partition) ?? 0, Math.min(offset, log.end)));
    },
  };
};

/** A client of a messaging system in memory, for one process. */
export const openMemoryTransport = (broker: MemoryBroker, clock: Clock, hooks: TransportHooks = noHooks(broker)): Transport => {
  const members = new Set<GroupMember>();
  const call = async <T>(name: string, work: () => T): Promise<T> => {
    await hooks.before(name);
    return work();
  };

  return {
    capabilities: { offsets: 'broker', messageBytesMax: broker.messageBytesMax },
    clusterId: () => call('clusterId', () => broker.clusterId),
    ensureTopic: (name, partitions) =>
      call('ensureTopic', () => {
        const topic = broker.topics.get(name);
        if (topic === undefined) {
          const logs = Array.from({ length: partitions }, (): MemoryPartition => ({ messages: [], start: 0, end: 0 }));
          broker.topics.set(name, { name, partitions: logs, groups: new Map() });
        } else if (topic.partitions.length < partitions) {
          throw new Failure('fatal', 'transport.partitions', `topic ${name} has ${topic.partitions.length} partitions, not ${partitions}`, {
            topic: name,
          });
        }
      }),
    partitionCount: (name) => call('partitionCount', () => topicOf(broker, name).partitions.length),
    bounds: (name, partition) =>
      call('bounds', () => {
        const { start, end } = logOf(broker, name, partition);
        return { start, end };
      }),
    offsetAt: (name, partition, time) =>
      call('offsetAt', () => {
        const { messages, end } = logOf(broker, name, partition);
        return messages.find((message) => message.time >= time)?.offset ?? end;
      }),
    async subscribe(name, groupName) {
      await hooks.before('subscribe');
      const topic = topicOf(broker, name);
      const { member, subscription } = createMembership({ broker, topic, group: groupName, hooks, clock }, (group, partition, revoked) =>
        openFeed({ broker, topic, group, partition, revoked }, clock, hooks),
      );
      members.add(member);
      hooks.joined(member);
      return subscription;
    },
    async send(name, messages) {
      await hooks.before('send');
      const topic = topicOf(broker, name);
      if (messages.some(({ body }) => (body?.byteLength ?? 0) > broker.messageBytesMax))
        throw new Failure('poison', 'transport.too-large', `a message to ${name} is larger than ${broker.messageBytesMax} bytes`, {
          topic: name,
        });
      await hooks.land(topic, messages);
    },
    async close() {
      for (const member of members) member.leave();
    },
  };
};
