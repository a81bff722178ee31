import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionFeed, Transport } from '@dsf/ports';
import {
  bytesOf,
  drain,
  feedOf,
  join,
  limits,
  messagesOf,
  never,
  textsOf,
  type Member,
  type TransportHarness,
} from './transport-harness.ts';

/** Far more than a wait that ends at once takes, the first send of a transport included, on a machine that is busy with other things. */
const soonMs = 15_000;
/** Far longer: who waits for it has not been woken. */
const longMs = 60_000;

export const readContract = (make: () => Promise<TransportHarness>): void => {
  let system: TransportHarness;
  let transport: Transport;
  let member: Member;
  let feed: PartitionFeed;
  beforeEach(async () => {
    system = await make();
    transport = await system.open();
    await transport.ensureTopic('orders', 2);
    member = await join(transport, 'orders', 'group');
    feed = await feedOf(member, 0);
  });
  afterEach(async () => {
    await member.close();
    await transport.close();
    await system.close();
  });

  const timed = async <T>(work: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> => {
    const start = performance.now();
    const result = await work;
    return { result, ms: performance.now() - start };
  };

  describe('reads', () => {
    it('goes on where the last read ended, at most as many messages as asked for', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c', 'd', 'e']));
      const read = async (recordsMax: number) => textsOf(await feed.read({ ...limits, recordsMax }, never));
      expect(await read(2)).toEqual(['a', 'b']);
      expect(await read(1)).toEqual(['c']);
      expect(await read(10)).toEqual(['d', 'e']);
      expect(await read(10)).toEqual([]);
    });

    it('stops before the bytes are too many, but always gives one message', async () => {
      const large = 'x'.repeat(3000);
      await transport.send('orders', messagesOf(0, ['a', large, 'b', 'c', large]));
      const sizes = async () => (await feed.read({ ...limits, bytesMax: 1000 }, never)).map(({ body }) => body?.byteLength);
      expect([await sizes(), await sizes(), await sizes(), await sizes()]).toEqual([[1], [3000], [1, 1], [3000]]);
    });

    it('starts where it is told, whatever the group has acknowledged', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c']));
      await feed.acknowledge(3);
      feed.seek(1);
      expect(textsOf(await drain(feed))).toEqual(['b', 'c']);
      feed.seek(0);
      expect(textsOf(await drain(feed))).toEqual(['a', 'b', 'c']);
      feed.seek(3);
      expect(await drain(feed)).toEqual([]);
    });

    it('stops when the offset was deleted, and says what is there', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c', 'd']));
      await system.trim('orders', 0, 2);
      expect(await transport.bounds('orders', 0)).toEqual({ start: 2, end: 4 });
      feed.seek(1);
      const failure = { kind: 'fatal', code: 'transport.out-of-range', facts: { start: 2, end: 4 } };
      await expect(feed.read(limits, never)).rejects.toMatchObject(failure);
      await expect(feed.read(limits, never)).rejects.toMatchObject(failure);
      feed.seek(2);
      expect(textsOf(await drain(feed))).toEqual(['c', 'd']);
    });

    it('stops when the offset lies beyond the end', async () => {
      await transport.send('orders', messagesOf(0, ['a']));
      feed.seek(2);
      const failure = { kind: 'fatal', code: 'transport.out-of-range', facts: { start: 0, end: 1 } };
      await expect(feed.read({ ...limits, waitMs: 1000 }, never)).rejects.toMatchObject(failure);
    });

    it('never gives an offset twice, even when every message is deleted', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c']));
      await system.trim('orders', 0, 3);
      await transport.close();
      transport = await system.open();
      expect(await transport.bounds('orders', 0)).toEqual({ start: 3, end: 3 });
      await transport.send('orders', messagesOf(0, ['d']));
      member = await join(transport, 'orders', 'another group');
      expect(await drain(await feedOf(member, 0))).toMatchObject([{ offset: 3, body: bytesOf('d') }]);
    });
  });

  describe('waits', () => {
    it('gives up with an empty list after the time that it was given', async () => {
      const { result, ms } = await timed(feed.read({ ...limits, waitMs: 100 }, never));
      expect(result).toEqual([]);
      expect(ms).toBeGreaterThan(80);
      expect(ms).toBeLessThan(100 + soonMs);
    });

    it('wakes when a message comes, and not for another partition', async () => {
      const waiting = timed(feed.read({ ...limits, waitMs: longMs }, never));
      await transport.send('orders', messagesOf(1, ['other']));
      await transport.send('orders', messagesOf(0, ['mine']));
      const { result, ms } = await waiting;
      expect(textsOf(result)).toEqual(['mine']);
      expect(ms).toBeLessThan(soonMs);
    });

    it('ends at once with an empty list when the signal aborts, before or while it waits', async () => {
      const stop = new AbortController();
      const waiting = timed(feed.read({ ...limits, waitMs: longMs }, stop.signal));
      stop.abort();
      const { result, ms } = await waiting;
      expect(result).toEqual([]);
      expect(ms).toBeLessThan(soonMs);
      await transport.send('orders', messagesOf(0, ['a']));
      expect(await feed.read({ ...limits, waitMs: longMs }, stop.signal)).toEqual([]);
      expect(textsOf(await feed.read(limits, never))).toEqual(['a']);
    });

    it('ends at once with an empty list when the subscription closes', async () => {
      const waiting = timed(feed.read({ ...limits, waitMs: longMs }, never));
      await member.close();
      const { result, ms } = await waiting;
      expect(result).toEqual([]);
      expect(ms).toBeLessThan(soonMs);
      expect(feed.revoked.aborted).toBe(true);
      await transport.send('orders', messagesOf(0, ['a']));
      expect(await feed.read(limits, never)).toEqual([]);
    });

    it('wakes within a few milliseconds', async () => {
      const waits: number[] = [];
      for (let round = 0; round < 100; round += 1) {
        const waiting = feed.read({ ...limits, waitMs: longMs }, never).then((result) => ({ result, at: performance.now() }));
        await transport.send('orders', messagesOf(0, [`${round}`]));
        // How long a message takes until it is kept is the disk's.
        const sentAt = performance.now();
        const { result, at } = await waiting;
        expect(result).toHaveLength(1);
        waits.push(at - sentAt);
      }
      // The median, so that a busy machine does not fail it; with polling alone it would be half the interval at least.
      expect(waits.toSorted((a, b) => a - b)[50]).toBeLessThan(50);
    });
  });
};
