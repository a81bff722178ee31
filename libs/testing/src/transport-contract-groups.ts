import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '@dsf/ports';
import { drain, feedOf, join, limits, messagesOf, never, textsOf, until, type Member, type TransportHarness } from './transport-harness.ts';

const partitions = [0, 1, 2, 3, 4];

const areShared = (members: readonly Member[]): boolean => {
  const owned = members.flatMap((member) => member.owned());
  return (
    owned.length === partitions.length && new Set(owned).size === partitions.length && members.every((member) => member.owned().length > 0)
  );
};

export const groupContract = (make: () => Promise<TransportHarness>): void => {
  let system: TransportHarness;
  let transport: Transport;
  beforeEach(async () => {
    system = await make();
    transport = await system.open();
    await transport.ensureTopic('orders', partitions.length);
  });
  afterEach(async () => {
    await transport.close();
    await system.close();
  });

  describe('groups', () => {
    it('begins at the start of the log, also when messages were deleted', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c']));
      await system.trim('orders', 0, 1);
      const member = await join(transport, 'orders', 'group');
      expect(textsOf(await drain(await feedOf(member, 0)))).toEqual(['b', 'c']);
    });

    it('delivers again what was read but not acknowledged', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c', 'd']));
      const first = await join(transport, 'orders', 'group');
      const feed = await feedOf(first, 0);
      expect(await drain(feed)).toHaveLength(4);
      await feed.acknowledge(3);
      await first.close();
      const second = await join(transport, 'orders', 'group');
      expect(textsOf(await drain(await feedOf(second, 0)))).toEqual(['d']);
    });

    it('does not fall back when a late member acknowledges less', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c']));
      const first = await join(transport, 'orders', 'group');
      const feed = await feedOf(first, 0);
      await feed.acknowledge(2);
      await feed.acknowledge(1);
      await first.close();
      const second = await join(transport, 'orders', 'group');
      expect(textsOf(await drain(await feedOf(second, 0)))).toEqual(['c']);
    });

    it('never skips messages that come after an acknowledgement beyond the end', async () => {
      await transport.send('orders', messagesOf(0, ['a']));
      const first = await join(transport, 'orders', 'group');
      await (await feedOf(first, 0)).acknowledge(10);
      await transport.send('orders', messagesOf(0, ['b']));
      await first.close();
      const second = await join(transport, 'orders', 'group');
      expect(textsOf(await drain(await feedOf(second, 0)))).toEqual(['b']);
    });

    it('keeps groups apart, each with all messages', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b']));
      for (const group of ['one', 'two', `three'; DROP TABLE member; --`]) {
        const member = await join(transport, 'orders', group);
        const feed = await feedOf(member, 0);
        expect(textsOf(await drain(feed))).toEqual(['a', 'b']);
        await feed.acknowledge(2);
        expect(member.owned()).toEqual(partitions);
      }
    });

    it.each([1, 2, 3])('shares the partitions among %i members, each to one', async (count) => {
      const members: Member[] = [];
      for (let index = 0; index < count; index += 1) members.push(await join(transport, 'orders', 'group'));
      await until('the partitions are shared', () => areShared(members));
      for (const partition of partitions) await transport.send('orders', messagesOf(partition, [`in ${partition}`]));
      const got = await Promise.all(
        members.flatMap((member) => member.owned().map(async (partition) => textsOf(await drain(await feedOf(member, partition))))),
      );
      expect(got.flat()).toHaveLength(partitions.length);
      expect(new Set(got.flat())).toEqual(new Set(partitions.map((partition) => `in ${partition}`)));
    });

    it('takes partitions from a member when another joins, and gives them back at once when that one closes', async () => {
      const first = await join(transport, 'orders', 'group');
      await until('the first has all', () => areShared([first]));
      const before = new Map(first.feeds);
      const second = await join(transport, 'orders', 'group');
      await until('both have some', () => areShared([first, second]));
      const moved = second.owned()[0] ?? -1;
      expect(before.get(moved)?.revoked.aborted).toBe(true);
      const closedAt = performance.now();
      await second.close();
      await until('the first has all again', () => areShared([first]));
      expect(performance.now() - closedAt).toBeLessThan(system.memberTimeoutMs);
      await transport.send('orders', messagesOf(moved, ['a']));
      expect(await before.get(moved)?.read(limits, never)).toEqual([]);
      expect(textsOf(await drain(await feedOf(first, moved)))).toEqual(['a']);
    });

    it('gives a partition that moved on from what its last owner acknowledged', async () => {
      const first = await join(transport, 'orders', 'group');
      for (const partition of partitions) {
        await transport.send('orders', messagesOf(partition, ['done', 'read', 'new']));
        const feed = await feedOf(first, partition);
        await feed.read({ ...limits, recordsMax: 2 }, never);
        await feed.acknowledge(1);
      }
      const second = await join(transport, 'orders', 'group');
      await until('both have some', () => areShared([first, second]));
      for (const partition of second.owned()) {
        expect(textsOf(await drain(await feedOf(second, partition)))).toEqual(['read', 'new']);
      }
      for (const partition of first.owned()) {
        expect(textsOf(await drain(await feedOf(first, partition)))).toEqual(['new']);
      }
    });

    it('keeps all members longer than the timeout while they live', async () => {
      const members = [await join(transport, 'orders', 'group'), await join(transport, 'orders', 'group')];
      await until('the partitions are shared', () => areShared(members));
      const feeds = members.flatMap((member) => member.owned().map((partition) => member.feeds.get(partition)));
      await new Promise((resolve) => setTimeout(resolve, 1.3 * system.memberTimeoutMs));
      expect(feeds.map((feed) => feed?.revoked.aborted)).toEqual(partitions.map(() => false));
    });

    it('stops giving partitions when the signal aborts, without taking those it gave', async () => {
      const subscription = await transport.subscribe('orders', 'group');
      const stop = new AbortController();
      const given: AbortSignal[] = [];
      for await (const feed of subscription.feeds(stop.signal)) {
        given.push(feed.revoked);
        if (given.length === partitions.length) setTimeout(() => stop.abort(), 20);
      }
      expect(given.map(({ aborted }) => aborted)).toEqual(partitions.map(() => false));
      await subscription.close();
      expect(given.map(({ aborted }) => aborted)).toEqual(partitions.map(() => true));
      await subscription.close();
    });
  });
};
