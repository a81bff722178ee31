import type { LaneKey, PurgedRows, RowRange } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { childRow, driverInstance, everything, ordersTables, rawRow, rootRow, tableOf, turn } from './room.ts';
import type { Room } from './room.ts';

export const retentionContract = (room: Room): void => {
  const lane = (source: number): LaneKey => ({ phase: 'flatten', source: 0, lane: source });

  /** Records 0 to 9 of partition 0, one an hour, each with its raw row, root row and two items; and one of partition 1. */
  const filled = async (): Promise<number> => {
    const source = room.fresh();
    const schema = await room.warehouse().evolve(() => ordersTables(source));
    const [root, items] = [tableOf(schema, source, ''), tableOf(schema, source, 'items')];
    await turn(room.warehouse(), lane(source), async (transaction) => {
      const offsets = Array.from({ length: 10 }, (_, offset) => offset);
      await transaction.writeRaw([
        ...offsets.map((offset) => rawRow(source, offset, { time: offset * 3_600_000 })),
        rawRow(source, 0, { partition: 1 }),
      ]);
      for (const partition of [0, 1]) {
        const own = partition === 0 ? offsets : [0];
        const roots = own.map((offset) => rootRow(offset, [offset, null], { time: offset * 3_600_000 }));
        const children = own.flatMap((offset) => [childRow(offset, 0, ['a']), childRow(offset, 1, ['b'])]);
        await transaction.writeFlat(
          {
            source,
            partition,
            tables: [
              { table: root, rows: roots },
              { table: items, rows: children },
            ],
          },
          1,
          schema.version,
        );
      }
    });
    return source;
  };
  const rawOffsets = async (source: number, partition = 0): Promise<readonly number[]> =>
    (await room.warehouse().committed.readRaw({ ...everything(source), partition }, 100)).map(({ offset }) => offset);
  const flatOffsets = async (source: number, partition = 0): Promise<readonly (readonly number[])[]> => {
    const ids = (await room.warehouse().schema()).tables.filter((table) => table.source === source).map(({ id }) => id);
    const { rows } = await room.warehouse().committed.readFlat({ ...everything(source), partition }, ids, 100);
    return rows.tables.map((table) => table.rows.map(({ offset }) => offset));
  };
  const purge = (source: number, rows: PurgedRows, range: Partial<RowRange>, max: number): Promise<number> =>
    turn(room.warehouse(), lane(source), (transaction) => transaction.purge(rows, { ...everything(source), ...range }, max));

  /** What a purge of five records, at most three of them, has done: a store of rows without transactions deletes them all with one statement. */
  const [first, rest] = room.lacks('one transaction') ? [5, 0] : [3, 2];

  describe('retention', () => {
    it.skipIf(room.lacks('deletion of fresh rows'))(
      'deletes raw rows of a range, lowest offsets first, at most as many as asked for, of one partition alone',
      async () => {
        const source = await filled();
        expect(await purge(source, 'raw', { from: 1, to: 6 }, 3)).toBe(first);
        expect(await rawOffsets(source)).toEqual([0, 4, 5, 6, 7, 8, 9].filter((offset) => rest > 0 || offset > 5 || offset === 0));
        expect(await purge(source, 'raw', { from: 1, to: 6 }, 3)).toBe(rest);
        expect(await purge(source, 'raw', { from: 1, to: 6 }, 3)).toBe(0);
        expect(await rawOffsets(source)).toEqual([0, 6, 7, 8, 9]);
        expect(await rawOffsets(source, 1)).toEqual([0]);
        expect((await flatOffsets(source))[0]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      },
    );

    it.skipIf(room.lacks('deletion of fresh rows'))(
      'deletes the root and child rows of whole records, and leaves their raw rows',
      async () => {
        const source = await filled();
        expect(await purge(source, 'flat', { to: 5 }, 3)).toBe(first);
        const left = [3, 4, 5, 6, 7, 8, 9].filter((offset) => offset >= first);
        expect(await flatOffsets(source)).toEqual([left, left.flatMap((offset) => [offset, offset])]);
        expect(await purge(source, 'flat', { to: 5 }, 3)).toBe(rest);
        expect(await purge(source, 'flat', { to: 5 }, 3)).toBe(0);
        expect((await flatOffsets(source, 1))[1]).toEqual([0, 0]);
        expect((await rawOffsets(source)).length).toBe(10);
      },
    );

    it('of a source without tables deletes nothing', async () => {
      expect(await purge(room.fresh(), 'flat', {}, 5)).toBe(0);
    });

    it.skipIf(room.lacks('one transaction'))('comes with its transaction or not at all', async () => {
      const source = await filled();
      const work = turn(room.warehouse(), lane(source), async (transaction) => {
        await transaction.purge('raw', everything(source), 5);
        await transaction.purge('flat', everything(source), 5);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect((await rawOffsets(source)).length).toBe(10);
      expect((await flatOffsets(source))[0]?.length).toBe(10);
    });

    it('finds the first record of a range since a time, by raw rows and by root rows', async () => {
      const source = await filled();
      for (const rows of ['raw', 'flat'] as const) {
        const find = (time: number, range: Partial<RowRange> = {}): Promise<number | null> =>
          room.warehouse().committed.findSince(rows, { ...everything(source), ...range }, time);
        expect(await find(0)).toBe(0);
        expect(await find(3 * 3_600_000)).toBe(3);
        expect(await find(3 * 3_600_000 + 1)).toBe(4);
        expect(await find(0, { from: 7 })).toBe(7);
        expect(await find(8 * 3_600_000, { to: 8 })).toBeNull();
        expect(await find(10 * 3_600_000)).toBeNull();
        expect(await room.warehouse().committed.findSince(rows, everything(room.fresh()), 0)).toBeNull();
      }
    });

    it('knows the lowest record that an unresolved failure or a replay still needs', async () => {
      const source = room.fresh();
      const at = { source, partition: 0 };
      const needed = (): Promise<number | null> => room.warehouse().committed.readNeeded(at);
      const failure = { code: 'x', path: null, detail: '', version: 1, scope: '', source, partition: 0 } as const;
      expect(await needed()).toBeNull();
      await turn(room.warehouse(), lane(source), (transaction) =>
        transaction.writeFailures(
          [
            { ...failure, phase: 'ingest', offset: 1 },
            { ...failure, phase: 'publish', offset: 2 },
            { ...failure, phase: 'flatten', offset: 3, partition: 1 },
            { ...failure, phase: 'summarise', offset: 4, code: 'summarise.frozen' },
            { ...failure, phase: 'summarise', offset: 7, scope: 'd@00000001/0' },
            { ...failure, phase: 'flatten', offset: 9 },
          ],
          1,
        ),
      );
      expect(await needed()).toBe(7);
      await room.warehouse().request([{ lane: lane(source), body: { kind: 'replay', source, partition: 0, offset: 5 } }], 1);
      await room.warehouse().request([{ lane: lane(source), body: { kind: 'replay', source, partition: 1, offset: 4 } }], 1);
      expect(await needed()).toBe(5);
      const requests = await room.warehouse().committed.readRequests(lane(source), 10);
      await turn(room.warehouse(), lane(source), async (transaction) => {
        await transaction.closeRequests(
          requests.map(({ id }) => id),
          2,
        );
        await transaction.resolveFailures('summarise', { ...at, offset: 7 }, '', 2);
      });
      expect(await needed()).toBe(9);
    });

    it('freezes groups for good, and knows which of some are', async () => {
      const number = room.fresh();
      const [one, other] = [driverInstance(`frozen_${number}`, '00000001'), driverInstance(`frozen_${number}`, '00000002')];
      await room.warehouse().ensureSummaryTables([one, other]);
      const freeze = (groups: readonly string[]): Promise<void> =>
        turn(room.warehouse(), { phase: 'summarise', source: 0, lane: number }, (transaction) =>
          transaction.freezeGroups(one.instance, groups),
        );
      await freeze(['["a"]', '["é😀"]@-5']);
      await freeze(['["a"]', '["b"]']);
      const readFrozen = (instance: string, groups: readonly string[]): Promise<readonly string[]> =>
        room.warehouse().committed.readFrozen(instance, groups);
      expect((await readFrozen(one.instance, ['["é😀"]@-5', '["c"]', '["b"]', '["a"]'])).toSorted()).toEqual(
        ['["a"]', '["b"]', '["é😀"]@-5'].toSorted(),
      );
      expect(await readFrozen(one.instance, [])).toEqual([]);
      expect(await readFrozen(other.instance, ['["a"]'])).toEqual([]);
      expect(await readFrozen('nobody@00000000', ['["a"]'])).toEqual([]);
    });
  });
};
