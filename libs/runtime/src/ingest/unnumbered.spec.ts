import { decodeRawRange, hash32 } from '@dsf/messages';
import type { CatalogSource } from '@dsf/metadata';
import { Failure, type Delivery, type LaneTransaction, type Transport, type Warehouse } from '@dsf/ports';
import { CommitUnknown, createMemoryDatabase, openMemoryWarehouse } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { fakeContext, fakeTransport } from '../specs/fake-context.ts';
import { fakeIngestPhase } from '../specs/fake-ingest-phase.ts';
import type { LaneWork } from '../work.ts';
import { createUnnumberedWork } from './unnumbered.ts';

/*
 * Ingest of a source without offsets, under a seed: several replicas on the same lanes, messages that come again after their acknowledgement
 * or while somebody still works on them, replicas that die at any await and never return, commits whose answer is lost.
 */

const lanes = 2;
const source = 1;
const ends = { capabilities: { offsets: 'assigned', messageBytesMax: 1e6 }, clusterId: async () => 'project' } as unknown as Transport;
const catalogSource = { id: source, topic: 'reading', retired: false, definition: { name: 'orders' } } as unknown as CatalogSource;

type Dice = (below: number) => number;

/** https://en.wikipedia.org/wiki/Linear_congruential_generator, with the numbers of Numerical Recipes */
const makeDice = (seed: number): Dice => {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

interface Message {
  readonly number: number;
  readonly id: string;
  /** Empty: none. */
  readonly key: string;
  state: 'waiting' | 'out' | 'acknowledged';
}

class Died extends Error {}

const laneOf = ({ key, id }: Message): number => hash32(key === '' ? id : key) % lanes;
const toDelivery = ({ number, id, key }: Message, offset: number): Delivery => ({
  ...{ offset, id, time: 1_000_000 + number, timeType: 'append', headers: [] },
  key: key === '' ? null : new TextEncoder().encode(key),
  body: new TextEncoder().encode(String(number)),
});

/** What a subscription hands out: keyless messages in any order, those of a key in theirs. */
const takeSome = (messages: readonly Message[], dice: Dice): Message[] => {
  const taken: Message[] = [];
  const blocked = new Set<string>();
  for (const message of messages) {
    if (message.state === 'acknowledged') continue;
    if (message.key !== '' && (message.state === 'out' || blocked.has(message.key))) blocked.add(message.key);
    else if (message.state === 'waiting' && dice(3) > 0) taken.push(message);
    else blocked.add(message.key);
    if (taken.length > 6) break;
  }
  for (const message of taken) message.state = 'out';
  return taken.toSorted((a, b) => (a.key === '' && b.key === '' ? dice(3) - 1 : 0));
};

interface World {
  readonly dice: Dice;
  readonly messages: readonly Message[];
  /** While it is true things go wrong. */
  isRough: boolean;
}

const makeReplica = (world: World, database: ReturnType<typeof createMemoryDatabase>, weaken: (warehouse: Warehouse) => Warehouse) => {
  const { dice } = world;
  let isDead = false;
  const rough = (below: number): boolean => world.isRough && dice(below) === 0;
  const pauses = async (): Promise<void> => {
    for (let ticks = dice(6); ticks > 0; ticks -= 1) await Promise.resolve();
    if (rough(120)) isDead = true;
    if (isDead) throw new Died();
  };
  const lost = (): Failure => new Failure('retry', 'warehouse.connection-lost', 'no answer', {});
  const warehouse = openMemoryWarehouse(database, {
    before: pauses,
    begun: (_lane, end) => {
      if (isDead) end.rollback();
    },
    intend: async (store) => store(),
    commit: async (_lane, end) => {
      if (rough(12)) {
        end.commit();
        throw new CommitUnknown(lost());
      }
      if (rough(12)) throw lost();
      end.commit();
    },
  });
  const outside: Message[] = [];
  const internal = fakeTransport();
  const context = fakeContext({ phase: 'ingest', warehouse: weaken(warehouse), internal });
  const works: readonly LaneWork[] = Array.from({ length: lanes }, (_, partition) =>
    createUnnumberedWork(context, fakeIngestPhase, { source: catalogSource, transport: ends, partition }),
  );
  /** As a lane's loop does. */
  const untilDone = async (work: LaneWork, attempt: () => Promise<void>): Promise<void> => {
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        await work.lane.refresh();
        return await attempt();
      } catch (error) {
        if (isDead || !(error instanceof Failure) || error.kind !== 'retry') throw error;
      }
    }
    throw new Error('it was tried 200 times');
  };
  const claim = async (work: LaneWork): Promise<void> =>
    untilDone(work, async () => {
      await work.lane.transact({}, async () => undefined);
      await work.claimed({} as never);
    });
  const turn = async (): Promise<void> => {
    const some = takeSome(world.messages, dice);
    // Sent again when the deadline has passed, should we die.
    outside.push(...some);
    for (const [partition, work] of works.entries()) {
      const mine = some.filter((message) => laneOf(message) === partition);
      if (mine.length === 0) continue;
      const deliveries = mine.map(toDelivery);
      // The source has lost patience, and sends them to another while we still work.
      if (rough(8)) for (const message of mine) message.state = 'waiting';
      if (rough(6)) deliveries.push(...deliveries.slice(0, 1));
      await untilDone(work, () => work.handle(deliveries, () => ({ recordsMax: 1 + dice(5), refuse: null })));
      // Some acknowledgements do not arrive.
      for (const message of mine) message.state = rough(5) ? 'waiting' : 'acknowledged';
      if (dice(3) === 0) await untilDone(work, () => work.announce());
    }
  };
  return {
    internal,
    live: async (): Promise<void> => {
      try {
        for (const work of works) await claim(work);
        // While things go wrong only so often: then somebody comes who finds them right.
        for (let turns = 0; turns < (world.isRough ? 60 : 10_000); turns += 1) {
          if (world.messages.every(({ state }) => state === 'acknowledged')) return;
          await turn();
          await Promise.resolve();
        }
      } catch (error) {
        if (!(error instanceof Died) && !isDead) throw error;
        for (const message of outside) if (message.state === 'out') message.state = 'waiting';
      }
    },
  };
};

const sameWarehouse = (warehouse: Warehouse): Warehouse => warehouse;

const simulate = async (seed: number, weaken = sameWarehouse) => {
  const dice = makeDice(seed);
  const database = createMemoryDatabase();
  const messages = Array.from({ length: 60 }, (_, number): Message => {
    const key = dice(2) === 0 ? '' : `k${dice(3)}`;
    return { number, id: `m${seed}-${number}`, key, state: 'waiting' };
  });
  const world: World = { dice, messages, isRough: true };
  const replicas = Array.from({ length: 3 }, () => makeReplica(world, database, weaken));
  await Promise.all(replicas.map(({ live }) => live()));
  world.isRough = false;
  for (const message of messages) if (message.state === 'out') message.state = 'waiting';
  const last = makeReplica(world, database, weaken);
  await last.live();
  const stored = Array.from({ length: lanes }, (_, partition) => database.state.raw.all(`${source}:${partition}`));
  return { messages, stored, database, sent: [...replicas, last].flatMap(({ internal }) => internal.sent) };
};

const numberOf = ({ payload }: { readonly payload: Uint8Array | null }): number =>
  Number(new TextDecoder().decode(payload ?? new Uint8Array()));

describe('a source without offsets', () => {
  it('has each message stored once, at offsets without holes, in order per key, whatever comes again and whoever dies (100 seeds)', async () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const { messages, stored, sent } = await simulate(seed);
      const numbers = stored.flat().map(numberOf);
      expect(
        numbers.toSorted((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(messages.map(({ number }) => number));
      for (const rows of stored) {
        expect(
          rows.map(({ offset }) => offset),
          `seed ${seed}`,
        ).toEqual(rows.map((_, index) => index));
        for (const key of ['k0', 'k1', 'k2']) {
          const ofKey = rows.map(numberOf).filter((number) => messages[number]?.key === key);
          expect(ofKey, `seed ${seed}, key ${key}`).toEqual(ofKey.toSorted((a, b) => a - b));
        }
      }
      // What went on says what is stored, and never anything else.
      for (const { body } of sent) {
        const range = decodeRawRange(body);
        if (range.items === undefined) continue;
        for (const item of range.items) {
          const row = stored[range.partition]?.[item.offset];
          expect(row === undefined ? null : numberOf(row), `seed ${seed}`).toBe(numberOf(item));
        }
      }
    }
  });

  it('doubles messages in that simulation when their ids are not kept', async () => {
    let doubled = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const { messages, stored } = await simulate(seed, forgetful);
      if (stored.flat().length > messages.length) doubled += 1;
    }
    expect(doubled).toBeGreaterThan(0);
  });
});

/** Knows of its own last turn alone, and nothing of what others have had. */
const forgetful = (warehouse: Warehouse): Warehouse => {
  let mine: readonly string[] = [];
  return {
    ...warehouse,
    committed: { ...warehouse.committed, readMessages: async (_source, ids) => ids.filter((id) => mine.includes(id)) },
    transact: async (lane, seq, work) => {
      let noted: readonly string[] = [];
      const writeMessages: LaneTransaction['writeMessages'] = async (_at, messages) => {
        noted = messages.map(({ id }) => id);
      };
      const result = await warehouse.transact(lane, seq, (transaction) => work({ ...transaction, writeMessages }));
      mine = [...mine, ...noted].slice(-20);
      return result;
    },
  };
};
