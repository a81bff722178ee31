import kafkajs from 'kafkajs';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { sharePartitions, type Applicant } from './assignment.ts';
import { kafkaErrorName } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';

export interface MembershipOptions {
  /** Connections of this member alone: a request to join waits on the broker until all members have come. */
  readonly client: KafkaClient;
  readonly topic: string;
  readonly group: string;
  /** Partitions at or above it are given to nobody. */
  readonly lanes: number;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

/** Where a member stands in its group. */
export interface Standing {
  readonly coordinator: Broker;
  readonly member: string;
  readonly generation: number;
  readonly partitions: readonly number[];
  /** Partitions of the topic when the group was shared, if this member shared it. */
  readonly sharedCount: number | null;
}

/** All members of a group must speak the same protocol; the number is raised when the meaning of the bytes changes. */
const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

const protocolName = 'dsf-keep-1';

const encodeOwned = (owned: readonly number[]): Buffer => Buffer.from(JSON.stringify(owned));

const decodeOwned = (metadata: Buffer): readonly number[] => {
  try {
    const owned: unknown = JSON.parse(MemberMetadata.decode(metadata)?.userData.toString('utf8') ?? '[]');
    return Array.isArray(owned) ? owned.filter((partition): partition is number => Number.isInteger(partition)) : [];
  } catch {
    // A hint only: without it partitions move that could have stayed.
    return [];
  }
};

const shareOut = ({ topic }: MembershipOptions, applicants: readonly Applicant[], count: number) =>
  [...sharePartitions(applicants, count)].map(([memberId, partitions]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version: 0,
      assignment: { [topic]: [...partitions] },
      userData: Buffer.alloc(0),
    }),
  }));

/**
 * Joins the group, as a new member or again after a change, and learns its partitions. Waits until all members have come, or for the
 * rebalance timeout.
 * @param before - the member id and the partitions it had
 * @param named - is told the id as soon as the group knows it, also where the rest fails: who comes again under another leaves a member behind
 *   that the group waits for until its session ends
 */
export const joinGroup = async (
  options: MembershipOptions,
  before: { readonly member: string; readonly owned: readonly number[] },
  named: (member: string) => void,
): Promise<Standing> => {
  const { client, topic, group, lanes, sessionTimeoutMs, rebalanceTimeoutMs } = options;
  const coordinator = await client.coordinator(group, topic);
  const metadata = MemberMetadata.encode({ version: 1, topics: [topic], userData: encodeOwned(before.owned) });
  const joined = await coordinator.joinGroup({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    memberId: before.member,
    groupProtocols: [{ name: protocolName, metadata }],
  });
  const { generationId: generation, memberId: member } = joined;
  named(member);
  const isLeader = joined.leaderId === member;
  client.forget(topic);
  const sharedCount = isLeader ? Math.min(lanes, (await client.leaders(topic)).length) : null;
  const applicants = joined.members.map(({ memberId, memberMetadata }) => ({ member: memberId, owned: decodeOwned(memberMetadata) }));
  const groupAssignment = sharedCount === null ? [] : shareOut(options, applicants, sharedCount);
  const synced = await coordinator.syncGroup({ groupId: group, generationId: generation, memberId: member, groupAssignment });
  const assignment = MemberAssignment.decode(synced.memberAssignment)?.assignment ?? {};
  return { coordinator, member, generation, sharedCount, partitions: assignment[topic] ?? [] };
};

export const sendHeartbeat = async ({ group }: MembershipOptions, { coordinator, member, generation }: Standing): Promise<void> => {
  await coordinator.heartbeat({ groupId: group, groupGenerationId: generation, memberId: member });
};

/** What an error of the group says about the member: join again as it is, join as a new one, look for the coordinator, or none of that. */
export type GroupVerdict = 'rejoin' | 'expelled' | 'coordinator' | 'other';

export const groupVerdict = (error: unknown): GroupVerdict => {
  const name = kafkaErrorName(error);
  if (name === 'REBALANCE_IN_PROGRESS') return 'rejoin';
  if (name === 'ILLEGAL_GENERATION' || name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID') return 'expelled';
  if (name === 'NOT_COORDINATOR_FOR_GROUP' || name === 'GROUP_COORDINATOR_NOT_AVAILABLE' || name === 'GROUP_LOAD_IN_PROGRESS')
    return 'coordinator';
  return 'other';
};

/** Offsets that the group has acknowledged, over connections that nobody waits on. */
export const groupOffsets = (client: KafkaClient, topic: string, group: string) => {
  const ask = async <T>(work: (coordinator: Broker) => Promise<T>): Promise<T> => {
    try {
      return await work(await client.coordinator(group, topic));
    } catch (error) {
      client.forgetCoordinator(group);
      throw error;
    }
  };
  return {
    committed: async (partition: number): Promise<number | null> => {
      const topics = [{ topic, partitions: [{ partition }] }];
      const { responses } = await ask((coordinator) => coordinator.offsetFetch({ groupId: group, topics }));
      const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
      return offset < 0 ? null : offset;
    },
    commit: async ({ generation, member }: Standing, partition: number, offset: number): Promise<void> => {
      const topics = [{ topic, partitions: [{ partition, offset: `${offset}` }] }];
      const whole = { groupId: group, groupGenerationId: generation, memberId: member, topics };
      await ask((coordinator) => coordinator.offsetCommit(whole));
    },
    leave: async (member: string): Promise<void> => {
      await ask((coordinator) => coordinator.leaveGroup({ groupId: group, memberId: member }));
    },
  };
};
