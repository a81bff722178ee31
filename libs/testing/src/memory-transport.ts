import { Failure, type BatchLimits, type Clock, type Delivery, type PartitionFeed, type Transport } from '@dsf/ports';
import { append, logOf, messagesIn, topicOf, trim, waitFor } from './memory-transport-broker.ts';
import type { GroupMember, MemoryBroker, MemoryGroup, MemoryPartition, MemoryTopic, TransportHooks } from './memory-transport-broker.ts';
import { createMembership } from './memory-transport-groups.ts';

const noHooks = (broker: MemoryBroker): TransportHooks => ({
  before: async () => undefined,
  land: async (topic, messages) => append(broker, topic, messages),
  deliver: (_topic, taken) => taken,
  revoke: (tell) => tell(),
  joined: () => undefined,
});

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
    growTopic: (name, partitions) =>
      call('growTopic', () => {
        const { partitions: logs } = topicOf(broker, name);
        while (logs.length < partitions) logs.push({ messages: [], start: 0, end: 0 });
      }),
    trim: (name, partition, before) => call('trim', () => trim(topicOf(broker, name), partition, before)),
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
