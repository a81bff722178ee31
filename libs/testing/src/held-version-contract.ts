import { definitionsSchema } from '@dsf/metadata';
import type { Definitions } from '@dsf/metadata';
import type { Activation, LaneKey, MetadataStore, Warehouse } from '@dsf/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { turn } from './warehouse/room.ts';

/** A metadata store and a warehouse on one database. */
export interface DefinedWarehouse {
  readonly store: MetadataStore;
  readonly warehouse: Warehouse;
}

const catalog = { version: 0, settings: { lanes: 4 }, sources: [], drivers: [], publications: [] };

/**
 * What `holdVersion` promises, which takes both ports. Each pair of adapters runs it in its own spec.
 * @param open - a handle of each, on a database that nothing was activated in when the suite begins
 */
export const heldVersionContract = (name: string, open: () => Promise<DefinedWarehouse>): void => {
  describe(`the version in force, held by ${name}`, () => {
    let [store, warehouse]: [MetadataStore | null, Warehouse | null] = [null, null];
    let numbers = 0;
    beforeAll(async () => {
      ({ store, warehouse } = await open());
    });
    afterAll(async () => {
      await warehouse?.close();
      await store?.close();
    });
    const room = (): DefinedWarehouse => {
      if (store === null || warehouse === null) throw new Error('the database is not open');
      return { store, warehouse };
    };
    const freshLane = (): LaneKey => ({ phase: 'flatten', source: 0, lane: (numbers += 1) });
    const change = () => ({ comment: '', now: (numbers += 1), check: () => ({ catalog, problems: [] }) });
    /** What differs from all before; the number of lanes, which a resize alone may change, stays. */
    const edited = async (): Promise<Definitions> => {
      const { definitions } = await room().store.readTables();
      return {
        ...definitionsSchema.parse({ sources: [{ name: `source_${(numbers += 1)}` }] }),
        settings: { lanes: definitions?.settings.lanes ?? 4 },
      };
    };
    const activations = {
      definitions: async (): Promise<Activation> => room().store.activate({ ...change(), definitions: await edited() }),
      lanes: (): Promise<Activation> => room().store.activate({ ...change(), lanes: (numbers += 1) }),
    };
    let tookMs = 0;
    const activated = async (): Promise<number> => {
      const begunAt = performance.now();
      const made = await activations.definitions();
      tookMs = performance.now() - begunAt;
      if (made.kind !== 'activated') throw new Error(`nothing was activated: ${JSON.stringify(made)}`);
      return made.version;
    };
    /** Long enough for an activation that nobody keeps waiting. */
    const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200 + 2 * tookMs));
    /** What a lane's seq is once a version has come into force. */
    const seqWhenActivated = async (lane: LaneKey, what: keyof typeof activations): Promise<number> => {
      await activations[what]();
      return (await room().warehouse.loadLane(lane)).seq;
    };

    it('is 0 until one is activated', async () => {
      const lane = freshLane();
      await turn(room().warehouse, lane, (transaction) => transaction.holdVersion(0));
      expect((await room().warehouse.loadLane(lane)).seq).toBe(1);
    });

    it('is the one that a transaction was decided by, or nothing of it is kept', async () => {
      const lane = freshLane();
      const version = await activated();
      for (const other of [version - 1, version + 1]) {
        const work = turn(room().warehouse, lane, async (transaction) => {
          await transaction.writeFacts({ kept: 1 });
          await transaction.holdVersion(other);
        });
        await expect(work).rejects.toMatchObject({ kind: 'retry', code: 'catalog.behind' });
      }
      expect(await room().warehouse.loadLane(lane)).toEqual({ seq: 0, positions: [], facts: {} });
      await turn(room().warehouse, lane, async (transaction) => {
        await transaction.writeFacts({ kept: 2 });
        await transaction.holdVersion(version);
      });
      expect(await room().warehouse.loadLane(lane)).toMatchObject({ seq: 1, facts: { kept: 2 } });
      await activated();
      await expect(turn(room().warehouse, lane, (transaction) => transaction.holdVersion(version))).rejects.toMatchObject({
        code: 'catalog.behind',
      });
    });

    it.each(['definitions', 'lanes'] as const)('stays in force until the transaction has committed, whoever activates %s', async (what) => {
      const lane = freshLane();
      const version = await activated();
      let seen: Promise<number> = Promise.resolve(0);
      await turn(room().warehouse, lane, async (transaction) => {
        await transaction.holdVersion(version);
        seen = seqWhenActivated(lane, what);
        await moment();
        expect(await room().store.currentVersion()).toBe(version);
      });
      expect(await seen).toBe(1);
      expect(await room().store.currentVersion()).toBe(version + 1);
    });

    it('is let go by a transaction that fails', async () => {
      const lane = freshLane();
      const version = await activated();
      let seen: Promise<number> = Promise.resolve(0);
      const work = turn(room().warehouse, lane, async (transaction) => {
        await transaction.holdVersion(version);
        seen = seqWhenActivated(lane, 'definitions');
        await moment();
        expect(await room().store.currentVersion()).toBe(version);
        throw new Error('on purpose');
      });
      await expect(work).rejects.toThrow('on purpose');
      expect(await seen).toBe(0);
      expect(await room().store.currentVersion()).toBe(version + 1);
    });

    it('is held by a lane’s turn within an operator’s transaction until that has ended', async () => {
      const lane = freshLane();
      const version = await activated();
      let seen: Promise<number> = Promise.resolve(0);
      await room().warehouse.administer(async (transaction) => {
        await transaction.turn(lane, (own) => own.holdVersion(version));
        seen = seqWhenActivated(lane, 'definitions');
        await moment();
        expect(await room().store.currentVersion()).toBe(version);
      });
      expect(await seen).toBe(1);
      const behind = room().warehouse.administer((transaction) => transaction.turn(lane, (own) => own.holdVersion(version)));
      await expect(behind).rejects.toMatchObject({ kind: 'retry', code: 'catalog.behind' });
      expect((await room().warehouse.loadLane(lane)).seq).toBe(1);
    });
  });
};
