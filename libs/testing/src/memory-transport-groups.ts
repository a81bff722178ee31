import type { Clock, PartitionFeed, Subscription } from '@dsf/ports';
import { ring, waitFor } from './memory-transport-broker.ts';
import type { GroupMember, MemoryBroker, MemoryGroup, MemoryTopic, TransportHooks } from './memory-transport-broker.ts';

/** News of who has which partition. */
const partitionsOf = (topic: string): string => `${topic} members`;

/** Partition i belongs to the (i mod n)th of the n members. */
const settle = (broker: MemoryBroker, topic: MemoryTopic, group: MemoryGroup): void => {
  const { members } = group;
  const ownerOf = (partition: number): GroupMember | undefined => members[partition % members.length];
  for (const member of members) {
    for (const [partition, revoke] of member.held) {
      if (ownerOf(partition) === member) continue;
      member.held.delete(partition);
      revoke();
    }
  }
  for (const partition of topic.partitions.keys()) {
    const owner = members.length === 0 ? undefined : ownerOf(partition);
    if (owner !== undefined && !owner.held.has(partition)) owner.give(partition);
  }
  ring(broker, partitionsOf(topic.name));
};

/** Shares a topic's partitions among the members of its groups anew, as clients do when they find that it has more. */
export const shareOut = (broker: MemoryBroker, topic: MemoryTopic): void => {
  for (const group of topic.groups.values()) settle(broker, topic, group);
};

export interface MembershipContext {
  readonly broker: MemoryBroker;
  readonly topic: MemoryTopic;
  readonly group: string;
  readonly hooks: TransportHooks;
  readonly clock: Clock;
}

/** How long a wait for partitions lasts before it is begun again, ms. */
const waitMs = 60_000;

/** Joins a group and shares its partitions anew. */
export const createMembership = (
  { broker, topic, group: name, hooks, clock }: MembershipContext,
  openFeed: (group: MemoryGroup, partition: number, revoked: AbortSignal) => PartitionFeed,
): { readonly member: GroupMember; readonly subscription: Subscription } => {
  const group = topic.groups.get(name) ?? { members: [], offsets: new Map<number, number>() };
  topic.groups.set(name, group);
  const given: PartitionFeed[] = [];
  const closed = new AbortController();

  const member: GroupMember = {
    held: new Map(),
    give(partition) {
      const revoked = new AbortController();
      member.held.set(partition, () => hooks.revoke(() => revoked.abort()));
      given.push(openFeed(group, partition, revoked.signal));
    },
    leave() {
      const index = group.members.indexOf(member);
      if (index < 0) return;
      group.members.splice(index, 1);
      for (const revoke of member.held.values()) revoke();
      member.held.clear();
      settle(broker, topic, group);
    },
    rejoin() {
      if (closed.signal.aborted || group.members.includes(member)) return;
      group.members.push(member);
      settle(broker, topic, group);
    },
  };

  const subscription: Subscription = {
    async *feeds(signal) {
      while (!signal.aborted && !closed.signal.aborted) {
        const feed = given.shift();
        if (feed !== undefined) {
          if (!feed.revoked.aborted) yield feed;
          continue;
        }
        await waitFor(broker, partitionsOf(topic.name), { clock, ms: waitMs, signals: [signal, closed.signal] });
        await hooks.before('feeds');
      }
    },
    async close() {
      if (closed.signal.aborted) return;
      closed.abort();
      await hooks.before('leave');
      member.leave();
    },
  };
  member.rejoin();
  return { member, subscription };
};
