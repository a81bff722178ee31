import type { Catalog, DriverInstance } from '@dsf/metadata';
import { Failure, type FlatFolds, type Measure, type RowRange, type Warehouse } from '@dsf/ports';
import { openSplitWarehouse } from '@dsf/runtime';
import { createMemoryDatabase, openMemoryRowStore, openMemoryWarehouse } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { planRebuild } from './plan-rebuild.ts';

const driver = (measure: string, amount: string): DriverInstance => ({
  ...{ instance: 'sales@1', name: 'sales', key: ['city'], windowMs: null },
  inputs: [{ source: 1, table: '', filter: null, eventTime: null, key: ['city'], amounts: [{ kind: 'expression', text: amount }] }],
  measures: [{ name: 'total', function: measure, type: 'decimal', max: 1 }],
});
const catalogOf = (instance: DriverInstance): Catalog => ({
  ...{ version: 1, settings: { lanes: 2 }, sources: [], drivers: [instance], publications: [] },
});
const own: Measure = { zero: 'some', lift: () => 'some', combine: () => 'some', lower: (state) => state };

const openState = async (): Promise<{ readonly state: Warehouse; readonly split: Warehouse; readonly asked: (readonly RowRange[])[] }> => {
  const database = createMemoryDatabase();
  const state = openMemoryWarehouse(database);
  await state.evolve(() => [
    { kind: 'table', source: 1, path: '', parentPath: null, name: 'orders' },
    { kind: 'column', source: 1, tablePath: '', path: 'total', name: 'total', type: 'decimal', role: 'value' },
  ]);
  const counters = { written: 0, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 };
  const position = { source: 1, partition: 0, time: null, idle: false, version: 1, counters };
  for (const [lane, start, next] of [
    [0, 5, 20],
    [1, 2, 10],
  ] as const)
    await state.transact({ phase: 'summarise', source: 0, lane }, 0, (transaction) =>
      transaction.writePositions([{ ...position, start, next }]),
    );
  const asked: (readonly RowRange[])[] = [];
  const split = openSplitWarehouse({ state, rows: openMemoryRowStore(database), currentVersion: async () => 1 });
  const folds: FlatFolds = {
    ...(split.folds as FlatFolds),
    async estimate(_, ranges) {
      asked.push(ranges);
      return 4096;
    },
  };
  return { state, split: { ...split, folds }, asked };
};

describe('the plan of a rebuild', () => {
  it('is one statement where the driver can be said in it, over the widest range of the lanes', async () => {
    const { split, asked } = await openState();
    const instance = driver('sum', 'total');
    expect(await planRebuild({ warehouse: split, measures: new Map() }, catalogOf(instance), instance)).toEqual({
      by: 'statement',
      bytes: 4096,
    });
    expect(asked).toEqual([[{ source: 1, partition: 0, from: 2, to: 20 }]]);
  });

  it('is page by page where it cannot, and says why', async () => {
    const { split } = await openState();
    for (const [instance, why] of [
      [driver('sum', 'total / 3'), 'measure total: more than comparisons'],
      [driver('mine', 'total'), 'measure total: a module'],
    ] as const)
      expect(await planRebuild({ warehouse: split, measures: new Map([['mine', own]]) }, catalogOf(instance), instance)).toEqual({
        by: 'pages',
        why: expect.stringContaining(why),
      });
  });

  it('is for the summariser to find out where a module is not loaded here, or the database is away', async () => {
    const { split } = await openState();
    const mine = driver('mine', 'total');
    expect(await planRebuild({ warehouse: split, measures: new Map() }, catalogOf(mine), mine)).toEqual({
      by: 'unknown',
      why: expect.stringContaining('no measure is called mine'),
    });
    const folds: FlatFolds = {
      ...(split.folds as FlatFolds),
      estimate: () => Promise.reject(new Failure('retry', 'warehouse.away', 'gone')),
    };
    const instance = driver('sum', 'total');
    expect(await planRebuild({ warehouse: { ...split, folds }, measures: new Map() }, catalogOf(instance), instance)).toEqual({
      by: 'unknown',
      why: 'gone',
    });
  });

  it('has nothing to say where no database folds', async () => {
    const { state } = await openState();
    const instance = driver('sum', 'total');
    expect(await planRebuild({ warehouse: state, measures: new Map() }, catalogOf(instance), instance)).toEqual({ by: 'pages', why: null });
  });
});
