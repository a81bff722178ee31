import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '@dsf/ports';
import { startTransportChild, type TransportChild } from './transport-child.ts';
import { lanes, message, patienceMs, type Strictness } from './transport-contract-lanes.ts';
import { bytesOf, feedOf, join, limits, messagesOf, never, textsOf, until, type LaneHarness } from './transport-harness.ts';
import type { ProcessTask } from './transport-process.ts';

export const laneProcessContract = (make: () => Promise<LaneHarness>, { isStrict }: Strictness): void => {
  let system: LaneHarness;
  let transport: Transport;
  let children: TransportChild[] = [];
  beforeEach(async () => {
    system = await make();
    transport = await system.open();
    await transport.ensureTopic('orders', lanes);
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

  describe('processes', () => {
    it.runIf(isStrict)('take over from a member that is killed, and lose nothing', { timeout: 4 * patienceMs }, async () => {
      const consumer = () => start({ kind: 'consume', remote: system.remote, topic: 'orders', group: 'group', lanes });
      const pair = [consumer(), consumer()];
      await until('both are there', () => pair.every(({ events }) => events.some(({ event }) => event === 'ready')), patienceMs);
      const sent: string[] = [];
      const sendToAll = async (name: string): Promise<void> => {
        for (let lane = 0; lane < lanes; lane += 1) await transport.send('orders', messagesOf(lane, [`${name} ${lane}`]));
        for (let lane = 0; lane < lanes; lane += 1) sent.push(`${name} ${lane}`);
      };
      const read = (): ReadonlySet<string> => new Set(children.flatMap((child) => child.read()));
      await sendToAll('before');
      await until('everything is read', () => read().size === sent.length, patienceMs);
      // Whoever has the lanes is killed.
      const [killed] = pair.toSorted((a, b) => b.owned().length - a.owned().length);
      await killed?.kill();
      await sendToAll('after');
      await until('the other takes over', () => read().size === sent.length, patienceMs);
      expect([...read()].toSorted()).toEqual(sent.toSorted());
    });

    it('never mix the order of a sender that is killed', { timeout: 4 * patienceMs }, async () => {
      const member = await join(transport, 'orders', 'group', lanes);
      const feed = await feedOf(member, 0);
      const senders = ['x', 'y'].map((name) => start({ kind: 'produce', remote: system.remote, topic: 'orders', name, partitions: 1 }));
      const got: (string | null)[] = [];
      const readSome = async (): Promise<void> => {
        const some = await feed.read({ ...limits, waitMs: 1000 }, never);
        got.push(...textsOf(some));
        const last = some.at(-1);
        if (last !== undefined) await feed.acknowledge(last.offset + 1);
      };
      const confirmed = (child: TransportChild): number =>
        child.events.reduce((most, event) => (event.event === 'sent' ? Math.max(most, event.upTo) : most), -1);
      const giveUpAt = Date.now() + patienceMs;
      while (senders.some((sender) => confirmed(sender) < 99)) {
        if (Date.now() > giveUpAt) throw new Error('the senders confirmed nothing');
        await readSome();
      }
      await Promise.all(senders.map((sender) => sender.kill()));
      await transport.send('orders', [message(0, { body: bytesOf('end') })]);
      while (!got.includes('end')) await readSome();
      await member.close();
      for (const [index, name] of ['x', 'y'].entries()) {
        const numbers = [...new Set(got.filter((body) => body?.startsWith(`${name}:`)).map((body) => Number(body?.split(':')[1])))];
        expect(numbers).toEqual(numbers.map((_, number) => number));
        const child = senders[index];
        expect(numbers.length).toBeGreaterThan(child === undefined ? 0 : confirmed(child));
      }
    });
  });
};
