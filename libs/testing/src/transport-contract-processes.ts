import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '@dsf/ports';
import { startTransportChild, type TransportChild } from './transport-child.ts';
import { drain, feedOf, join, limits, messagesOf, never, textsOf, until, type TransportHarness } from './transport-harness.ts';
import type { ProcessTask } from './transport-process.ts';

/** Starting a process, and missing one that was killed, take seconds on a busy machine. */
const patienceMs = 60_000;
const partitions = [0, 1, 2, 3, 4, 5];

export const processContract = (make: () => Promise<TransportHarness>): void => {
  let system: TransportHarness;
  let transport: Transport;
  let children: TransportChild[] = [];
  beforeEach(async () => {
    system = await make();
    transport = await system.open();
    await transport.ensureTopic('orders', partitions.length);
  });
  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    children = [];
    await transport.close();
    await system.close();
  });

  const start = (task: ProcessTask): TransportChild => {
    const child = startTransportChild(task);
    children.push(child);
    return child;
  };
  const consumer = (): TransportChild => start({ kind: 'consume', remote: system.remote, topic: 'orders', group: 'group' });
  const areShared = (members: readonly TransportChild[]): boolean => {
    const owned = members.map((child) => child.owned());
    return (
      owned
        .flat()
        .toSorted((a, b) => a - b)
        .join() === partitions.join() && owned.every(({ length }) => length > 0)
    );
  };
  const sendToAll = async (name: string): Promise<readonly string[]> => {
    const bodies = partitions.map((partition) => `${name} ${partition}`);
    await transport.send(
      'orders',
      bodies.flatMap((body, partition) => messagesOf(partition, [body])),
    );
    return bodies;
  };

  describe('processes', () => {
    it('shares partitions, takes over from a member that is killed, and loses nothing', { timeout: 4 * patienceMs }, async () => {
      const members = [consumer(), consumer(), consumer()] as const;
      await until('three processes share the partitions', () => areShared(members), patienceMs);
      const sent = [...(await sendToAll('before'))];
      const read = (): ReadonlySet<string> => new Set(members.flatMap((child) => child.read()));
      await until('everything is read', () => read().size === sent.length, patienceMs);

      const [killed, ...rest] = members;
      await killed.kill();
      sent.push(...(await sendToAll('after')));
      // One timeout to miss it and one to share anew, and what a busy machine adds.
      await until('the others take over', () => areShared(rest), system.memberTimeoutMs * 2 + 20_000);
      await until('everything is read', () => read().size === sent.length, patienceMs);
      expect([...read()].toSorted()).toEqual(sent.toSorted());

      const [left, last] = rest;
      await left?.end();
      await until('the last has all', () => last !== undefined && areShared([last]), patienceMs);
    });

    it('wakes a read when another process sends', { timeout: 2 * patienceMs }, async () => {
      const member = await join(transport, 'orders', 'group');
      const feed = await feedOf(member, 0);
      const waiting = feed.read({ ...limits, waitMs: patienceMs }, never);
      const child = start({ kind: 'produce', remote: system.remote, topic: 'orders', name: 'p', partitions: 1 });
      const start0 = performance.now();
      expect(textsOf(await waiting)[0]).toBe('p:0');
      expect(performance.now() - start0).toBeLessThan(patienceMs - 1000);
      await child.kill();
    });

    it('never tears a send or gives an offset twice when senders are killed', { timeout: 4 * patienceMs }, async () => {
      const bodies = new Map<number, readonly (string | null)[]>();
      const member = await join(transport, 'orders', 'group');
      const confirmed = new Map<string, number>();
      for (const round of [1, 2, 3]) {
        const senders = ['x', 'y'].map((name) =>
          start({ kind: 'produce', remote: system.remote, topic: 'orders', name: `${name}${round}`, partitions: 2 }),
        );
        await until('both have sent', () => senders.every(({ events }) => events.length > 20 * round), patienceMs);
        await Promise.all(senders.map((sender) => sender.kill()));
        for (const [index, { events }] of senders.entries()) {
          for (const event of events) if (event.event === 'sent') confirmed.set(`${'xy'[index]}${round} in ${event.partition}`, event.upTo);
        }
        for (const partition of [0, 1]) {
          await transport.send('orders', messagesOf(partition, [`between:${round}`]));
          const got = await drain(await feedOf(member, partition));
          const before = bodies.get(partition) ?? [];
          // What was read before the kill keeps its offsets: new messages only ever follow.
          expect(got.map(({ offset }) => offset)).toEqual(got.map((_, index) => before.length + index));
          bodies.set(partition, [...before, ...textsOf(got)]);
        }
      }
      for (const [partition, all] of bodies) {
        for (const name of ['x1', 'y1', 'x2', 'y2', 'x3', 'y3']) {
          const numbers = all.filter((body) => body?.startsWith(`${name}:`)).map((body) => Number(body?.split(':')[1]));
          expect(numbers).toEqual(numbers.map((_, index) => index));
          expect(numbers.length % 50).toBe(0);
          expect(numbers.length).toBeGreaterThan(confirmed.get(`${name} in ${partition}`) ?? 0);
        }
        expect(all.filter((body) => body?.startsWith('between:'))).toEqual(['between:1', 'between:2', 'between:3']);
      }
    });
  });
};
