import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage, Transport } from '@dsf/ports';
import { drain, feedOf, join, limits, messagesOf, never, textsOf, type TransportHarness } from './transport-harness.ts';

const message = (partition: number, parts: Partial<OutgoingMessage>): OutgoingMessage => ({
  partition,
  key: null,
  headers: [],
  body: null,
  ...parts,
});

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const anyBytes = fc.uint8Array({ maxLength: 40 });
const anyMessage: fc.Arbitrary<OutgoingMessage> = fc.record({
  partition: fc.integer({ min: 0, max: 2 }),
  key: fc.option(anyBytes),
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), anyBytes), { maxLength: 3 }),
  body: fc.option(fc.oneof(anyBytes, fc.uint8Array({ minLength: 1000, maxLength: 3000 }))),
});

export const logContract = (make: () => Promise<TransportHarness>): void => {
  let system: TransportHarness;
  let transport: Transport;
  beforeEach(async () => {
    system = await make();
    transport = await system.open();
  });
  afterEach(async () => {
    await transport.close();
    await system.close();
  });

  const readAll = async (topic: string, partition: number) => {
    const member = await join(transport, topic, `reader of ${partition}`);
    const all = await drain(await feedOf(member, partition));
    await member.close();
    return all;
  };

  describe('topics', () => {
    it('says that a topic is missing, whatever is asked of it', async () => {
      const missing = { kind: 'fatal', code: 'transport.topic-missing' };
      await expect(transport.partitionCount('nowhere')).rejects.toMatchObject(missing);
      await expect(transport.bounds('nowhere', 0)).rejects.toMatchObject(missing);
      await expect(transport.offsetAt('nowhere', 0, 0)).rejects.toMatchObject(missing);
      await expect(transport.send('nowhere', messagesOf(0, ['a']))).rejects.toMatchObject(missing);
      await expect(transport.subscribe('nowhere', 'group')).rejects.toMatchObject(missing);
    });

    it('makes a topic once and keeps the number of its partitions', async () => {
      await transport.ensureTopic('orders', 3);
      await transport.send('orders', messagesOf(2, ['a']));
      await transport.ensureTopic('orders', 3);
      await transport.ensureTopic('orders', 2);
      expect(await transport.partitionCount('orders')).toBe(3);
      expect(await transport.bounds('orders', 2)).toEqual({ start: 0, end: 1 });
    });

    it('refuses a topic that has fewer partitions than are needed', async () => {
      await transport.ensureTopic('orders', 2);
      await expect(transport.ensureTopic('orders', 3)).rejects.toMatchObject({ kind: 'fatal', code: 'transport.partitions' });
    });

    it('gives a topic more partitions, which others can send to at once; never fewer', async () => {
      await transport.ensureTopic('orders', 2);
      const other = await system.open();
      await other.send('orders', messagesOf(1, ['a']));
      await transport.growTopic('orders', 4);
      await transport.growTopic('orders', 3);
      expect(await transport.partitionCount('orders')).toBe(4);
      await transport.ensureTopic('orders', 4);
      await transport.send('orders', messagesOf(3, ['b']));
      await other.send('orders', messagesOf(2, ['c']));
      expect(await other.partitionCount('orders')).toBe(4);
      expect(await other.bounds('orders', 3)).toEqual({ start: 0, end: 1 });
      await expect(transport.growTopic('nowhere', 2)).rejects.toMatchObject({ kind: 'fatal', code: 'transport.topic-missing' });
      await other.close();
    });

    it('deletes what lies below an offset, and never gives an offset again', async () => {
      await transport.ensureTopic('orders', 2);
      await transport.send('orders', messagesOf(1, ['a', 'b', 'c']));
      await transport.trim('orders', 1, 2);
      expect(await transport.bounds('orders', 1)).toEqual({ start: 2, end: 3 });
      await transport.trim('orders', 1, 3);
      await transport.trim('orders', 1, 1);
      expect(await transport.bounds('orders', 1)).toEqual({ start: 3, end: 3 });
      await transport.send('orders', messagesOf(1, ['d']));
      expect(await transport.bounds('orders', 1)).toEqual({ start: 3, end: 4 });
    });

    it('refuses a message for a partition that is not there, and the rest of its send', async () => {
      await transport.ensureTopic('orders', 2);
      await expect(transport.send('orders', [...messagesOf(0, ['a']), ...messagesOf(2, ['b'])])).rejects.toMatchObject({ kind: 'fatal' });
      expect(await transport.bounds('orders', 0)).toEqual({ start: 0, end: 0 });
    });

    it('has one identity for all clients', async () => {
      const other = await system.open();
      expect(await other.clusterId()).toBe(await transport.clusterId());
      expect(await transport.clusterId()).not.toBe('');
      await other.close();
    });
  });

  describe('messages', () => {
    beforeEach(() => transport.ensureTopic('orders', 3));

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
      await transport.send('orders', sent);
      const got = await readAll('orders', 0);
      expect(got.map(({ key, headers, body }) => ({ partition: 0, key, headers, body }))).toEqual(sent);
    });

    it('takes a body of 5 MB', async () => {
      const body = new Uint8Array(5_000_000).fill(7);
      await transport.send('orders', [...messagesOf(1, ['before']), message(1, { body }), ...messagesOf(1, ['after'])]);
      const got = await readAll('orders', 1);
      expect(got.map((delivery) => delivery.body?.byteLength)).toEqual([6, 5_000_000, 5]);
      expect(Buffer.compare(got[1]?.body ?? new Uint8Array(), body)).toBe(0);
    });

    it('refuses a body that is too large, and the rest of its send', async () => {
      const body = new Uint8Array(transport.capabilities.messageBytesMax + 1);
      const failure = { kind: 'poison', code: 'transport.too-large' };
      await expect(transport.send('orders', [...messagesOf(0, ['a']), message(0, { body })])).rejects.toMatchObject(failure);
      expect(await transport.bounds('orders', 0)).toEqual({ start: 0, end: 0 });
    });

    it('takes an empty send', async () => {
      await transport.send('orders', []);
      expect(await transport.bounds('orders', 0)).toEqual({ start: 0, end: 0 });
    });

    it('stamps messages with a time, and finds the first at or after one', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b']));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await transport.send('orders', messagesOf(0, ['c']));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await transport.send('orders', messagesOf(0, ['d', 'e']));
      const times = (await readAll('orders', 0)).map(({ time }) => time);
      const [first = 0, , third = 0, , fifth = 0] = times;
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(Math.abs(first - Date.now())).toBeLessThan(60_000);
      const found = await Promise.all(
        [0, first, first + 1, third, third + 1, fifth, fifth + 1].map((time) => transport.offsetAt('orders', 0, time)),
      );
      expect(found).toEqual([0, 0, 2, 2, 3, 3, 5]);
      expect(await transport.offsetAt('orders', 1, 0)).toBe(0);
    });

    it('numbers the messages of a partition without holes, in the order of each sender', async () => {
      const bodies = (sender: number) => Array.from({ length: 120 }, (_, index) => `${sender}:${index}`);
      const sendOneByOne = async (sender: number): Promise<void> => {
        for (const body of bodies(sender)) await transport.send('orders', messagesOf(sender % 2, [body]));
      };
      await Promise.all([0, 1, 2, 3].map(sendOneByOne));
      for (const partition of [0, 1]) {
        const got = await readAll('orders', partition);
        expect(got.map(({ offset }) => offset)).toEqual(Array.from({ length: 240 }, (_, index) => index));
        for (const sender of [partition, partition + 2]) {
          expect(textsOf(got).filter((text) => text?.startsWith(`${sender}:`))).toEqual(bodies(sender));
        }
      }
    });

    it('keeps everything when it is opened again: messages, offsets, groups, identity', async () => {
      await transport.send('orders', messagesOf(0, ['a', 'b', 'c']));
      const cluster = await transport.clusterId();
      const before = await join(transport, 'orders', 'group');
      await (await feedOf(before, 0)).acknowledge(2);
      await before.close();
      await transport.close();
      transport = await system.open();
      await transport.send('orders', messagesOf(0, ['d']));
      const after = await join(transport, 'orders', 'group');
      expect(textsOf(await drain(await feedOf(after, 0)))).toEqual(['c', 'd']);
      expect(await transport.clusterId()).toBe(cluster);
      await after.close();
    });

    it('LAW: what was sent is what is read, however sends and reads are cut', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(anyMessage, { maxLength: 20 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 30 }),
          fc.integer({ min: 1, max: 6000 }),
          async (sends, recordsMax, bytesMax) => {
            const topic = `law${(run += 1)}`;
            await transport.ensureTopic(topic, 3);
            for (const messages of sends) await transport.send(topic, messages);
            const member = await join(transport, topic, 'group');
            for (const partition of [0, 1, 2]) {
              const feed = await feedOf(member, partition);
              const expected = sends.flat().filter((sent) => sent.partition === partition);
              const got: OutgoingMessage[] = [];
              while (got.length < expected.length) {
                const some = await feed.read({ ...limits, recordsMax, bytesMax }, never);
                expect(some.length).toBeGreaterThan(0);
                expect(some.length).toBeLessThanOrEqual(recordsMax);
                expect(some.map(({ offset }) => offset)).toEqual(some.map((_, index) => got.length + index));
                got.push(...some.map(({ key, headers, body }) => ({ partition, key, headers, body })));
              }
              expect(got).toEqual(expected);
            }
            await member.close();
          },
        ),
        { numRuns: 25 },
      );
    });
  });
};
