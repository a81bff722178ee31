import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery, OutgoingMessage, PartitionFeed, Transport } from '@dsf/ports';
import { feedOf, join, limits, messagesOf, never, textsOf, until, type LaneHarness, type Member } from './transport-harness.ts';

/** Starting a process, and waiting for a deadline to pass, take seconds on a busy machine. */
export const patienceMs = 60_000;
export const lanes = 4;
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

export const message = (partition: number, parts: Partial<OutgoingMessage>): OutgoingMessage => ({
  partition,
  key: null,
  headers: [],
  body: null,
  ...parts,
});

/** What a stand-in of the system is laxer in than the system itself. */
export interface Strictness {
  /** False: messages overtake those of their lane that come again, and nobody is given the lanes of a client that was killed. */
  readonly isStrict: boolean;
}

const anyBytes = fc.uint8Array({ maxLength: 40 });
const anyMessage: fc.Arbitrary<OutgoingMessage> = fc.record({
  partition: fc.integer({ min: 0, max: 2 }),
  key: fc.option(anyBytes),
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), anyBytes), { maxLength: 3 }),
  body: fc.option(fc.oneof(anyBytes, fc.uint8Array({ minLength: 1000, maxLength: 3000 }))),
});

/** Reads and acknowledges until `count` messages have come; a system may send the next of a lane only after an acknowledgement. */
const take = async (feed: PartitionFeed, count: number): Promise<readonly Delivery[]> => {
  const all: Delivery[] = [];
  const giveUpAt = Date.now() + patienceMs;
  while (all.length < count) {
    if (Date.now() > giveUpAt) throw new Error(`${all.length} of ${count} messages came in ${patienceMs} ms`);
    const some = await feed.read({ ...limits, waitMs: 1000 }, never);
    const last = some.at(-1);
    if (last === undefined) continue;
    all.push(...some);
    await feed.acknowledge(last.offset + 1);
  }
  return all;
};

const nothingMore = async (feed: PartitionFeed): Promise<void> => {
  expect(textsOf(await feed.read({ ...limits, waitMs: 300 }, never))).toEqual([]);
};

export const laneContract = (make: () => Promise<LaneHarness>, { isStrict }: Strictness): void => {
  let system: LaneHarness;
  let transport: Transport;
  let members: Member[] = [];
  beforeEach(async () => {
    system = await make();
    transport = await system.open();
  });
  afterEach(async () => {
    await Promise.all(members.map((member) => member.close()));
    members = [];
    await transport.close();
    await system.close();
  });
  const enter = async (topic = 'orders', group = 'group'): Promise<Member> => {
    const member = await join(transport, topic, group, lanes);
    members.push(member);
    return member;
  };

  describe('topics', () => {
    it('says that a topic is missing, whatever is asked of it', async () => {
      const missing = { kind: 'fatal', code: 'transport.topic-missing' };
      await expect(transport.partitionCount('nowhere')).rejects.toMatchObject(missing);
      await expect(transport.send('nowhere', messagesOf(0, ['a']))).rejects.toMatchObject(missing);
      await expect(transport.subscribe('nowhere', 'group')).rejects.toMatchObject(missing);
      await expect(transport.growTopic('nowhere', 2)).rejects.toMatchObject(missing);
    });

    it('has no offsets, and says so', async () => {
      await transport.ensureTopic('orders', lanes);
      const none = { kind: 'fatal', code: 'transport.no-offsets' };
      await expect(transport.bounds('orders', 0)).rejects.toMatchObject(none);
      await expect(transport.offsetAt('orders', 0, 0)).rejects.toMatchObject(none);
      await expect(transport.trim('orders', 0, 0)).rejects.toMatchObject(none);
      expect(transport.capabilities.offsets).toBe('assigned');
    });

    it('makes a topic once, with room for every lane', async () => {
      await transport.ensureTopic('orders', lanes);
      const member = await enter();
      await transport.send('orders', messagesOf(2, ['a']));
      await transport.ensureTopic('orders', lanes);
      expect(await transport.partitionCount('orders')).toBeGreaterThanOrEqual(lanes);
      expect(textsOf(await take(await feedOf(member, 2), 1))).toEqual(['a']);
    });

    it('has one identity for all clients', async () => {
      const other = await system.open();
      expect(await other.clusterId()).toBe(await transport.clusterId());
      expect(await transport.clusterId()).not.toBe('');
      await other.close();
    });
  });

  describe('messages', () => {
    beforeEach(() => transport.ensureTopic('orders', lanes));

    it('keeps null and empty apart, and every byte of keys, headers and bodies', async () => {
      const headers = [
        ['', everyByte],
        ['naïve \u0000 ключ 🧭', new Uint8Array()],
        ['twice', everyByte.subarray(0, 1)],
        ['twice', everyByte.subarray(255)],
      ] as const;
      const sent = [
        message(0, {}),
        message(0, { key: new Uint8Array(), body: new Uint8Array() }),
        message(0, { key: everyByte, body: everyByte, headers }),
        message(0, { body: everyByte.subarray(7, 9) }),
      ];
      const feed = await feedOf(await enter(), 0);
      await transport.send('orders', sent);
      const got = await take(feed, sent.length);
      const plain = (bytes: Uint8Array | null) => bytes && new Uint8Array(bytes);
      expect(
        got.map(({ key, headers: found, body }) => ({
          partition: 0,
          key: plain(key),
          headers: found.map(([name, value]) => [name, plain(value)]),
          body: plain(body),
        })),
      ).toEqual(sent);
    });

    it('takes a body of 5 MB', async () => {
      const body = new Uint8Array(5_000_000).fill(7);
      const feed = await feedOf(await enter(), 1);
      await transport.send('orders', [...messagesOf(1, ['before']), message(1, { body }), ...messagesOf(1, ['after'])]);
      const got = await take(feed, 3);
      expect(got.map((delivery) => delivery.body?.byteLength)).toEqual([6, 5_000_000, 5]);
      expect(Buffer.compare(got[1]?.body ?? new Uint8Array(), body)).toBe(0);
    });

    it('refuses a body that is too large, and the rest of its send', async () => {
      const body = new Uint8Array(transport.capabilities.messageBytesMax + 100_000);
      const failure = { kind: 'poison', code: 'transport.too-large' };
      const feed = await feedOf(await enter(), 0);
      await expect(transport.send('orders', [...messagesOf(0, ['a']), message(0, { body })])).rejects.toMatchObject(failure);
      await transport.send('orders', messagesOf(0, ['b']));
      expect(textsOf(await take(feed, 1))).toEqual(['b']);
      await nothingMore(feed);
    });

    it('takes an empty send', async () => {
      const feed = await feedOf(await enter(), 0);
      await transport.send('orders', []);
      expect(textsOf(await feed.read({ ...limits, waitMs: 300 }, never))).toEqual([]);
    });

    it('stamps messages with a time that does not fall, and an id of their own', async () => {
      const feed = await feedOf(await enter(), 0);
      for (const body of ['a', 'b', 'c']) await transport.send('orders', messagesOf(0, [body]));
      const got = await take(feed, 3);
      const times = got.map(({ time }) => time);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(Math.abs((times[0] ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(new Set(got.map(({ id }) => id)).size).toBe(3);
      expect(got[0]?.id).toBeTruthy();
    });

    it('counts what a feed is sent without holes, in the order of each sender', { timeout: 4 * patienceMs }, async () => {
      const member = await enter();
      const bodies = (sender: number) => Array.from({ length: 40 }, (_, index) => `${sender}:${index}`);
      const sendOneByOne = async (sender: number): Promise<void> => {
        for (const body of bodies(sender)) await transport.send('orders', messagesOf(sender % 2, [body]));
      };
      const sending = Promise.all([0, 1, 2, 3].map(sendOneByOne));
      for (const lane of [0, 1]) {
        const got = await take(await feedOf(member, lane), 80);
        expect(got.map(({ offset }) => offset)).toEqual(Array.from({ length: 80 }, (_, index) => index));
        for (const sender of [lane, lane + 2])
          expect(textsOf(got).filter((text) => text?.startsWith(`${sender}:`))).toEqual(bodies(sender));
      }
      await sending;
    });

    it('LAW: what was sent is what is read, however sends and reads are cut', { timeout: 4 * patienceMs }, async () => {
      const member = await enter();
      const feeds = [await feedOf(member, 0), await feedOf(member, 1), await feedOf(member, 2)];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(anyMessage, { maxLength: 8 }), { maxLength: 4 }),
          fc.integer({ min: 1, max: 30 }),
          fc.integer({ min: 1, max: 6000 }),
          async (sends, recordsMax, bytesMax) => {
            for (const messages of sends) await transport.send('orders', messages);
            for (const [partition, feed] of feeds.entries()) {
              const expected = sends.flat().filter((sent) => sent.partition === partition);
              const got: OutgoingMessage[] = [];
              while (got.length < expected.length) {
                const some = await feed.read({ recordsMax, bytesMax, waitMs: patienceMs }, never);
                expect(some.length).toBeGreaterThan(0);
                expect(some.length).toBeLessThanOrEqual(recordsMax);
                await feed.acknowledge((some.at(-1)?.offset ?? 0) + 1);
                got.push(...some.map(({ key, headers, body }) => ({ partition, key, headers, body })));
              }
              const hex = (bytes: Uint8Array | null) => bytes?.toHex() ?? null;
              const plain = (messages: readonly OutgoingMessage[]) =>
                messages.map(({ key, headers, body }) => [hex(key), headers.map(([name, value]) => [name, hex(value)]), hex(body)]);
              expect(plain(got)).toEqual(plain(expected));
            }
          },
        ),
        { numRuns: 10 },
      );
    });
  });

  describe('reads', () => {
    let feed: PartitionFeed;
    beforeEach(async () => {
      await transport.ensureTopic('orders', lanes);
      feed = await feedOf(await enter(), 0);
    });

    it('gives at most as many messages as asked for, and goes on where the last read ended', async () => {
      const bodies = ['a', 'b', 'c', 'd', 'e'];
      await transport.send('orders', messagesOf(0, bodies));
      const got: (string | null)[] = [];
      while (got.length < bodies.length) {
        const some = await feed.read({ ...limits, recordsMax: 2, waitMs: patienceMs }, never);
        expect(some.length).toBeLessThanOrEqual(2);
        expect(some.length).toBeGreaterThan(0);
        got.push(...textsOf(some));
        await feed.acknowledge((some.at(-1)?.offset ?? 0) + 1);
      }
      expect(got).toEqual(bodies);
      await nothingMore(feed);
    });

    it('stops before the bytes are too many, but always gives one message', async () => {
      const large = 'x'.repeat(3000);
      await transport.send('orders', messagesOf(0, [large, large, 'a']));
      const got: (string | null)[] = [];
      while (got.length < 3) {
        const some = await feed.read({ ...limits, bytesMax: 1000, waitMs: patienceMs }, never);
        expect(some).toHaveLength(1);
        got.push(...textsOf(some));
        await feed.acknowledge((some[0]?.offset ?? 0) + 1);
      }
      expect(got).toEqual([large, large, 'a']);
    });

    it('gives up with an empty list after the time that it was given', async () => {
      const start = performance.now();
      expect(await feed.read({ ...limits, waitMs: 100 }, never)).toEqual([]);
      expect(performance.now() - start).toBeGreaterThan(80);
    });

    it('wakes when a message comes, and not for another lane', async () => {
      const waiting = feed.read({ ...limits, waitMs: 20_000 }, never);
      await transport.send('orders', messagesOf(1, ['other']));
      await transport.send('orders', messagesOf(0, ['mine']));
      expect(textsOf(await waiting)).toEqual(['mine']);
    });

    it('ends at once with an empty list when the signal aborts, or the subscription closes', async () => {
      const stop = new AbortController();
      const waiting = feed.read({ ...limits, waitMs: 20_000 }, stop.signal);
      stop.abort();
      expect(await waiting).toEqual([]);
      const closing = feed.read({ ...limits, waitMs: 20_000 }, never);
      await members[0]?.close();
      expect(await closing).toEqual([]);
      expect(feed.revoked.aborted).toBe(true);
      expect(await feed.read(limits, never)).toEqual([]);
    });
  });

  describe('groups', () => {
    beforeEach(() => transport.ensureTopic('orders', lanes));

    it('gives each lane to a member although nothing was sent there', async () => {
      const member = await enter();
      await until('all lanes are given', () => member.owned().length === lanes, patienceMs);
      expect(member.owned()).toEqual(Array.from({ length: lanes }, (_, lane) => lane));
    });

    it('sends again what was read but not acknowledged, in order, to whoever comes next, under the same id', async () => {
      const first = await enter();
      const feed = await feedOf(first, 0);
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c', 'd']));
      const [a] = await feed.read({ ...limits, recordsMax: 1, waitMs: patienceMs }, never);
      await feed.acknowledge((a?.offset ?? 0) + 1);
      const [b] = await feed.read({ ...limits, recordsMax: 1, waitMs: patienceMs }, never);
      expect(textsOf(b === undefined ? [] : [b])).toEqual(['b']);
      // Time for the acknowledgement of the first to be sent.
      await new Promise((resolve) => setTimeout(resolve, 300));
      await first.close();
      const second = await enter();
      const got = await take(await feedOf(second, 0), 3);
      expect(textsOf(got)).toEqual(['b', 'c', 'd']);
      expect(got[0]?.id).toBe(b?.id);
    });

    it('keeps groups apart, each with all messages', async () => {
      const groups = ['one', 'two', `three'; DROP TABLE member; --`];
      const feeds = await Promise.all(groups.map(async (group) => feedOf(await enter('orders', group), 0)));
      await transport.send('orders', messagesOf(0, ['a', 'b']));
      for (const feed of feeds) expect(textsOf(await take(feed, 2))).toEqual(['a', 'b']);
    });

    it(`has each lane read by somebody${isStrict ? ', in order,' : ''} when members come and go`, { timeout: 4 * patienceMs }, async () => {
      const got = new Map<number, string[]>(Array.from({ length: lanes }, (_, lane) => [lane, []]));
      const distinct = (lane: number) => [...new Set(got.get(lane))];
      const follow = async (member: Member): Promise<void> => {
        const followed = new Set<PartitionFeed>();
        while (members.includes(member)) {
          for (const feed of member.feeds.values())
            if (!followed.has(feed)) {
              followed.add(feed);
              void readOn(feed);
            }
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      const readOn = async (feed: PartitionFeed): Promise<void> => {
        while (!feed.revoked.aborted) {
          const some = await feed.read({ ...limits, recordsMax: 3, waitMs: 500 }, never);
          for (const { body } of some) got.get(feed.partition)?.push(new TextDecoder().decode(body ?? new Uint8Array()));
          const last = some.at(-1);
          if (last !== undefined) await feed.acknowledge(last.offset + 1);
        }
      };
      const first = await enter();
      void follow(first);
      const sendAll = async (from: number): Promise<void> => {
        for (let lane = 0; lane < lanes; lane += 1)
          await transport.send(
            'orders',
            messagesOf(
              lane,
              Array.from({ length: 10 }, (_, index) => String(from + index)),
            ),
          );
      };
      await sendAll(0);
      const second = await enter();
      void follow(second);
      await sendAll(10);
      // What is under way to a member that leaves comes again after its deadline; from Google's emulator, never.
      if (!isStrict) await until('what was sent has come', () => [...got.keys()].every((lane) => distinct(lane).length === 20), patienceMs);
      members = members.filter((member) => member !== first);
      await first.close();
      await sendAll(20);
      await until('everything is read', () => [...got.keys()].every((lane) => distinct(lane).length === 30), patienceMs);
      // Something may come twice; what comes for the first time comes in order.
      const sent = Array.from({ length: 30 }, (_, index) => String(index));
      for (const lane of got.keys())
        expect(isStrict ? distinct(lane) : distinct(lane).toSorted()).toEqual(isStrict ? sent : sent.toSorted());
    });

    it('stops giving lanes when the signal aborts, without taking those it gave', async () => {
      const subscription = await transport.subscribe('orders', 'group', lanes);
      const stop = new AbortController();
      const given: AbortSignal[] = [];
      for await (const feed of subscription.feeds(stop.signal)) {
        given.push(feed.revoked);
        if (given.length === lanes) setTimeout(() => stop.abort(), 20);
      }
      expect(given.map(({ aborted }) => aborted)).toEqual(given.map(() => false));
      await subscription.close();
      expect(given.map(({ aborted }) => aborted)).toEqual(given.map(() => true));
      await subscription.close();
    });
  });
};
