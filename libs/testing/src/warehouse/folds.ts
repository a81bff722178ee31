import type { DriverInstance } from '@dsf/metadata';
import type { FlatRow, FlatSchema, FlatTable, GroupRow, PointsPhase, RecordFailure, RowRange, SummarisePhase, Warehouse } from '@dsf/ports';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalog, day, drivers, order, schemaChanges, source, type Order } from './folds-cases.ts';
import { childRow, rootRow, tableOf, turn } from './room.ts';

/*
 * What a warehouse promises that folds by itself: the statement gives the groups that the fold gives, whatever the rows are.
 */

const lane = { phase: 'flatten', source: 0, lane: 0 } as const;

type Tables = Readonly<Record<'root' | 'address' | 'items', FlatTable>>;

const rowsOf = (schema: FlatSchema, { root, address, items }: Tables, orders: readonly (readonly [offset: number, order: Order])[]) => {
  expect(schema.tables).toContain(root);
  const roots = orders.map(([offset, one]): FlatRow => rootRow(offset, one.root, { time: one.time }));
  const addresses = orders.flatMap(([offset, { zip }]) => (zip === null ? [] : [childRow(offset, 0, [zip], { listIdx: null })]));
  const list = orders.flatMap(([offset, one]) => one.items.map((cells, row) => childRow(offset, row, cells)));
  return [
    { table: root, rows: roots },
    { table: address, rows: addresses },
    { table: items, rows: list },
  ].filter(({ rows }) => rows.length > 0);
};

type At = { readonly revision: number; readonly now: number; readonly version: number; readonly reason: 'rebuild' };
const at: At = { revision: 7, now: 1_700_000_000_000, version: 1, reason: 'rebuild' };

/**
 * @param phases - the pure phases, which no warehouse knows
 * @param runs - generated sets of rows; a statement of an emulator takes a second
 */
export const foldsContract = <Plan, PointsPlan>(
  name: string,
  open: () => Promise<Warehouse>,
  {
    points,
    summarise,
    runs,
  }: { readonly points: PointsPhase<PointsPlan>; readonly summarise: SummarisePhase<Plan>; readonly runs: number },
): void => {
  describe(`folds by ${name}`, () => {
    const plan = summarise.compile(catalog, new Map());
    let warehouse: Warehouse;
    let partitions = 0;
    beforeAll(async () => {
      warehouse = await open();
      await warehouse.evolve(() => schemaChanges);
    }, 120_000);
    afterAll(() => warehouse.close());

    const write = async (partition: number, orders: readonly (readonly [offset: number, order: Order])[]): Promise<void> => {
      const schema = await warehouse.schema();
      const tables = {
        root: tableOf(schema, source, ''),
        address: tableOf(schema, source, 'address'),
        items: tableOf(schema, source, 'items'),
      };
      await turn(warehouse, lane, (transaction) =>
        transaction.writeFlat({ source, partition, tables: rowsOf(schema, tables, orders) }, 1, schema.version),
      );
    };

    /** Some records in two partitions, some of them written again with other rows, as a replay does. */
    const writeAll = async (orders: readonly Order[], replayed: readonly Order[]): Promise<readonly RowRange[]> => {
      const [one, other] = [(partitions += 1), (partitions += 1)];
      await write(
        one,
        orders.flatMap((each, index) => (index % 3 === 0 ? [] : [[index, each] as const])),
      );
      await write(
        other,
        orders.flatMap((each, index) => (index % 3 === 0 ? [[index, each] as const] : [])),
      );
      for (const [index, again] of replayed.entries()) {
        const partition = index % 3 === 0 ? other : one;
        if (index >= orders.length) break;
        await turn(warehouse, lane, (transaction) => transaction.deleteFlat({ source, partition, offset: index }));
        if (index % 2 === 0) await write(partition, [[index, again]]);
      }
      // Neither the first nor the last record of one of them.
      return [
        { source, partition: one, from: 0, to: orders.length },
        { source, partition: other, from: 1, to: Math.max(1, orders.length - 1) },
      ];
    };

    const byPages = async (instance: DriverInstance, ranges: readonly RowRange[]) => {
      const pointsPlan = points.compile(catalog, await warehouse.schema());
      const groups = new Map<string, GroupRow>();
      const refusals: RecordFailure[] = [];
      for (const { partition, from: start, to } of ranges)
        for (let from = start; from < to;) {
          const page = await warehouse.committed.readFlat({ source, partition, from, to }, points.tables(pointsPlan, source), 200);
          const made = points.apply(pointsPlan, page.rows, new Set([instance.instance]));
          const current = new Map([[instance.instance, groups]]);
          const effects = summarise.apply(plan, { points: [{ source, partition, points: made }], current, ...at });
          for (const row of effects.changed.get(instance.instance) ?? []) groups.set(row.group, row);
          refusals.push(...effects.refusals);
          from = page.next;
        }
      return { groups, refusals };
    };

    /** Null: it says that the services have to do it. */
    const byStatement = async (instance: DriverInstance, ranges: readonly RowRange[]): Promise<ReadonlyMap<string, GroupRow> | null> => {
      const { folds } = warehouse;
      if (folds === undefined) throw new Error('the warehouse does not fold');
      const aggregates = summarise.aggregates(plan, instance.instance);
      if ('why' in aggregates) throw new Error(aggregates.why);
      const asked = points.fold(await warehouse.schema(), instance, aggregates);
      if ('why' in asked) throw new Error(asked.why);
      const { groups, unfit } = await folds.run(asked, ranges, { keeps: () => true, beat: () => undefined });
      if (unfit > 0) return null;
      const rows = summarise.settle(plan, instance.instance, { groups, at });
      return 'why' in rows ? null : new Map(rows.map((row) => [row.group, row]));
    };

    const sorted = (groups: ReadonlyMap<string, GroupRow>): readonly GroupRow[] =>
      [...groups.values()].toSorted((a, b) => (a.group < b.group ? -1 : 1)).map((row) => JSON.parse(JSON.stringify(row)) as GroupRow);

    it('give the groups that the services fold of the same rows, replayed ones too, of every measure, filter, window and join', async () => {
      const orders = fc.array(order(false), { minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(orders, fc.array(order(false), { maxLength: 6 }), async (all, replayed) => {
          const ranges = await writeAll(all, replayed);
          for (const instance of drivers) {
            const { groups, refusals } = await byPages(instance, ranges);
            const answer = await byStatement(instance, ranges);
            expect(refusals).toEqual([]);
            expect(answer === null ? 'not by a statement' : sorted(answer)).toEqual(sorted(groups));
          }
        }),
        { numRuns: runs, endOnFailure: true },
      );
    }, 300_000);

    it('leave to the services what is not plain, and never give another number', async () => {
      const orders = fc.array(order(true), { minLength: 1, maxLength: 8 });
      let left = 0;
      await fc.assert(
        fc.asyncProperty(orders, async (all) => {
          const ranges = await writeAll(all, []);
          for (const instance of drivers) {
            const { groups, refusals } = await byPages(instance, ranges);
            const answer = await byStatement(instance, ranges);
            if (answer === null) left += 1;
            else expect([sorted(answer), refusals]).toEqual([sorted(groups), []]);
          }
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(left).toBeGreaterThan(0);
    }, 300_000);

    it('give none where there are no rows, and only the groups that are wanted', async () => {
      const [instance] = drivers as readonly [DriverInstance];
      const { folds } = warehouse;
      const aggregates = summarise.aggregates(plan, instance.instance);
      if ('why' in aggregates) throw new Error(aggregates.why);
      const asked = points.fold(await warehouse.schema(), instance, aggregates);
      if ('why' in asked) throw new Error(asked.why);
      const watch = { keeps: ([first]: readonly unknown[]) => first === 'Rom', beat: () => undefined };
      expect(await folds?.run(asked, [{ source, partition: 999_999, from: 0, to: 10 }], watch)).toMatchObject({ groups: [], unfit: 0 });
      expect(await folds?.run(asked, [], watch)).toMatchObject({ groups: [], unfit: 0 });
      const orders = ['Rom', 'Oslo', 'Rom'].map((name): Order => ({
        root: [name, '1', null, 1, true, null, null],
        time: day,
        zip: null,
        items: [],
      }));
      const ranges = await writeAll(orders, []);
      expect(await folds?.run(asked, ranges, watch)).toMatchObject({ groups: [{ key: ['Rom'] }], unfit: 0 });
      expect(await folds?.estimate(asked, ranges)).toBeGreaterThanOrEqual(0);
    });
  });
};
