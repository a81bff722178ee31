import { groupLane } from '@dsf/messages';
import type { DriverInstance } from '@dsf/metadata';
import { Failure, type FlatFolds, type FoldAnswer, type GroupRow, type LaneState, type RowRange } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { catalogOf, fakeCatalogs, fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse, positionAt } from '../specs/fake-warehouse.ts';
import { fold, type SummarisePhases } from './fold.ts';

const key = { phase: 'summarise', source: 0, lane: 1 } as const;
const lanes = 3;
const driver: DriverInstance = {
  ...{ instance: 'sales@1', name: 'sales', key: ['city'], windowMs: null, measures: [] },
  inputs: [{ source: 1, table: '', filter: null, eventTime: null, key: ['city'], amounts: [] }],
};
const rowOf = (name: string, by: string): GroupRow => ({
  ...{
    instance: driver.instance,
    group: `["${name}"]`,
    key: [name],
    window: null,
    windowEnd: null,
    revision: 8,
    reason: 'rebuild',
    time: 0,
  },
  ...{ version: 1, status: 'live', measures: [], states: [by] },
});
const ours = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter((name) => groupLane('sales', [name], lanes) === key.lane);
const [mine = ''] = ours;

const phases = (parts: Partial<{ why: string; unsettled: string }> = {}): SummarisePhases<null, null> => ({
  points: {
    compile: () => null,
    tables: () => [1],
    apply: () => [{ instance: driver.instance, offset: 0, row: 0, key: [mine], window: null, time: 0, amounts: [] }],
    fold: () => (parts.why === undefined ? { inputs: [], windowMs: null, aggregates: [] } : { why: parts.why }),
  },
  summarise: {
    compile: () => null,
    instances: () => [driver],
    groups: () => new Map(),
    apply: (_, { points }) => ({
      changed: new Map([[driver.instance, points.flatMap((batch) => batch.points).map(() => rowOf(mine, 'pages'))]]),
      ...{ refusals: [], written: 0, failed: 0 },
    }),
    retract: (row) => row,
    aggregates: () => [],
    settle: (_, __, { groups }) =>
      parts.unsettled === undefined
        ? groups.map(({ key: [name] }) => rowOf(typeof name === 'string' ? name : '', 'statement'))
        : { why: parts.unsettled },
  },
});

const setUp = async (answer: FoldAnswer | Failure, state: Partial<LaneState> = {}) => {
  const asked: (readonly RowRange[])[] = [];
  const folds: FlatFolds = {
    estimate: async () => 0,
    async run(_, ranges, { keeps, beat }) {
      asked.push(ranges);
      beat();
      if (answer instanceof Failure) throw answer;
      return { ...answer, groups: answer.groups.filter((group) => keeps(group.key)) };
    },
  };
  const warehouse = fakeWarehouse([[key, { seq: 7, positions: [positionAt(10)], ...state }]], {
    schema: async () => ({ version: 1, tables: [] }),
    folds,
    committed: { readFlat: async ({ source, partition, to }) => ({ rows: { source, partition, tables: [] }, next: to }) },
  });
  const catalog = catalogOf(1, { settings: { lanes }, drivers: [driver] });
  const context = fakeContext({ phase: 'summarise', warehouse, catalogs: fakeCatalogs(catalog) });
  const lane = openLane(warehouse, key);
  await lane.refresh();
  const request = { catalog, instance: driver, groups: null, reason: 'rebuild' } as const;
  const told = () => context.events.filter(({ name }) => name === 'fold');
  return { context, lane, request, asked, told };
};
const groups = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ key: [name], window: null, amounts: [] }));
const answer: FoldAnswer = { groups, unfit: 0, scannedBytes: 4096 };
const statesOf = ({ groups: folded }: { readonly groups: ReadonlyMap<string, GroupRow> }) =>
  [...folded.values()].map(({ states }) => states[0]);

describe('a fold where the database folds', () => {
  it('is one statement, of which the lane keeps its own groups, and tells what it scanned', async () => {
    const { context, lane, request, told } = await setUp(answer);
    const folded = await fold(context, lane, phases(), request);
    expect([...folded.groups.keys()]).toEqual(ours.map((name) => `["${name}"]`));
    expect(new Set(statesOf(folded))).toEqual(new Set(['statement']));
    expect(told()).toMatchObject([{ instance: 'sales@1', by: 'statement', why: null, bytes: 4096 }]);
  });

  it('reads the rows of the driver’s sources below the lane’s positions, above where it began and what it has let go', async () => {
    const { context, lane, request, asked } = await setUp(answer, {
      positions: [
        positionAt(10, { start: 2 }),
        positionAt(20, { partition: 1 }),
        positionAt(5, { partition: 2, start: 5 }),
        positionAt(9, { source: 2 }),
      ],
      facts: { 'horizon:folds:1:1': 12 },
    });
    await fold(context, lane, phases(), request);
    expect(asked).toEqual([
      [
        { source: 1, partition: 0, from: 2, to: 10 },
        { source: 1, partition: 1, from: 12, to: 20 },
      ],
    ]);
  });

  it('goes page by page where some groups alone are asked for', async () => {
    const { context, lane, request, asked, told } = await setUp(answer);
    const folded = await fold(context, lane, phases(), { ...request, groups: new Set([`["${mine}"]`]) });
    expect([statesOf(folded), asked, told()]).toEqual([['pages'], [], []]);
  });

  it.each([
    ['a measure is a module', answer, { why: 'measure p95: a module' }, 'measure p95: a module'],
    ['rows are not plain', { ...answer, unfit: 3 }, {}, '3'],
    ['a group has no number to show', answer, { unsettled: 'group ["a"]: too large' }, 'group ["a"]: too large'],
    ['the statement cannot be computed', new Failure('poison', 'warehouse.fold', 'overflow'), {}, 'overflow'],
  ])('goes page by page where %s, and says so', async (_, given, parts, why) => {
    const { context, lane, request, told } = await setUp(given);
    expect(statesOf(await fold(context, lane, phases(parts), request))).toEqual(['pages']);
    expect(told()).toMatchObject([{ by: 'pages', why: expect.stringContaining(why) }]);
  });

  it('is tried again where the database is away', async () => {
    const { context, lane, request } = await setUp(new Failure('retry', 'warehouse.away', 'gone'));
    await expect(fold(context, lane, phases(), request)).rejects.toMatchObject({ code: 'warehouse.away' });
  });
});
