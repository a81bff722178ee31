import { fakeClock } from '@dsf/testing';
import kafkajs from 'kafkajs';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { expect, it } from 'vitest';
import type { KafkaClient } from './kafka-client.ts';
import { makeMember } from './member.ts';
import type { Share } from './share.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

/** Gives an id to whoever joins without one, and two partitions to whoever asks when somebody new has not just come. @param newcomers - how often somebody has */
const coordinatorWith = (newcomers: number) => {
  const [joined, left]: [string[], string[]] = [[], []];
  let [ids, still] = [0, newcomers];
  const memberAssignment = kafkajs.AssignerProtocol.MemberAssignment.encode({
    version: 0,
    assignment: { t: [0, 1] },
    userData: Buffer.alloc(0),
  });
  const broker = {
    joinGroup: async ({ memberId }: { readonly memberId: string }) => {
      joined.push(memberId);
      return { generationId: joined.length, memberId: memberId === '' ? `id ${(ids += 1)}` : memberId, leaderId: 'another', members: [] };
    },
    syncGroup: async () => {
      still -= 1;
      if (still >= 0) throw Object.assign(new Error('the group is rebalancing'), { type: 'REBALANCE_IN_PROGRESS' });
      return { memberAssignment };
    },
    leaveGroup: async ({ memberId }: { readonly memberId: string }) => void left.push(memberId),
  };
  return { broker: broker as unknown as Broker, joined, left };
};

it('a member that finds the group on the move comes again as itself: the group would wait for whoever it was before', async () => {
  const { broker, joined, left } = coordinatorWith(2);
  const clock = fakeClock();
  const client = { clock, brokers: 'b:9092', coordinator: async () => broker, forget: () => undefined } as unknown as KafkaClient;
  const options = { client, shared: client, topic: 't', group: 'g', sessionTimeoutMs: 10_000 } as unknown as SubscriptionOptions;
  const given: (readonly number[])[] = [];
  const share = { owned: () => [], settle: (partitions: readonly number[]) => void given.push(partitions) } as unknown as Share;
  const closing = new AbortController();
  const member = makeMember(options, share, closing.signal);
  const running = member.run();
  await expect.poll(() => given).toEqual([[0, 1]]);
  expect(joined).toEqual(['', 'id 1', 'id 1']);
  closing.abort();
  await member.leave();
  await running;
  expect(left).toEqual(['id 1']);
});
