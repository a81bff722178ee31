import type { DriverInstance } from '@dsf/metadata';
import type { GroupRow, PointsPhase, Request, RequestBody, SummarisePhase } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { catalogOf, fakeCatalogs, fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse, positionAt } from '../specs/fake-warehouse.ts';
import { adoptInstances, carryOutRequests } from './chores.ts';
import { createGroupStore } from './group-store.ts';
import { createSummaryOut } from './summary-out.ts';

const key = { phase: 'summarise', source: 0, lane: 0 } as const;
const driver: DriverInstance = {
  ...{ instance: 'sales@1', name: 'sales', key: ['city'], windowMs: null, measures: [] },
  inputs: [{ source: 1, table: '', filter: null, eventTime: null, key: ['city'], amounts: [] }],
};
const rowOf = (group: string, more: Partial<GroupRow> = {}): GroupRow => ({
  ...{
    instance: driver.instance,
    group: `["${group}"]`,
    key: [group],
    window: null,
    windowEnd: null,
    revision: 1,
    reason: 'update',
    time: 0,
  },
  ...{ version: 1, status: 'live', measures: [], states: [group] },
  ...more,
});

/** Every flat row is a point of the group `rome`; a group's state is its name. */
const points: PointsPhase<null> = {
  compile: () => null,
  tables: () => [1],
  apply: () => [{ instance: driver.instance, offset: 0, row: 0, key: ['rome'], window: null, time: 0, amounts: [] }],
  fold: () => ({ inputs: [], windowMs: null, aggregates: [] }),
};
const summarise: SummarisePhase<null> = {
  compile: () => null,
  instances: () => [driver],
  groups: () => new Map(),
  apply: (_, { points: batches, revision, reason }) => ({
    changed: new Map([
      [
        driver.instance,
        batches
          .flatMap((batch) => batch.points)
          .map(({ key: [name] }) => rowOf(typeof name === 'string' ? name : '', { revision, reason })),
      ],
    ]),
    ...{ refusals: [], written: 0, failed: 0 },
  }),
  retract: (row, { revision }) => ({ ...row, revision, status: 'gone', reason: 'retract' }),
  aggregates: () => [],
  settle: (_, __, { groups, at: { revision, reason } }) =>
    groups.map(({ key: [name] }) => rowOf(typeof name === 'string' ? name : '', { revision, reason })),
};

interface Scene {
  readonly asked?: readonly RequestBody[];
  readonly stored?: readonly GroupRow[];
  readonly live?: readonly string[];
  readonly drivers?: readonly DriverInstance[];
}

const setUp = async ({ asked = [], stored = [], live = [driver.instance], drivers = [driver] }: Scene) => {
  const requests = asked.map((body, index): Request => ({ id: index + 1, lane: key, body }));
  const warehouse = fakeWarehouse([[key, { seq: 9, positions: [positionAt(10)] }]], {
    schema: async () => ({ version: 1, tables: [] }),
    ensureSummaryTables: async () => undefined,
    committed: {
      readRequests: async () => requests,
      readLiveInstances: async () => live,
      readFlat: async ({ source, partition, to }) => ({ rows: { source, partition, tables: [] }, next: to }),
      readGroups: async (_, groups) => stored.filter(({ group }) => groups.includes(group)),
      readGroupsByRevision: async (instance) => stored.filter((row) => row.instance === instance),
    },
  });
  const catalog = catalogOf(1, { settings: { lanes: 1 }, drivers });
  const context = fakeContext({ phase: 'summarise', warehouse, catalogs: fakeCatalogs(catalog) });
  const lane = openLane(warehouse, key);
  await lane.refresh();
  const room = {
    lane,
    phases: { points, summarise },
    groups: createGroupStore(warehouse, lane, 100),
    out: createSummaryOut(context, lane),
  };
  const groups = (): readonly GroupRow[] => (warehouse.writes.find(([call]) => call === 'writeGroups')?.[3] ?? []) as readonly GroupRow[];
  const closed = (): readonly unknown[] => warehouse.writes.filter(([call]) => call === 'closeRequests').flatMap(([, ids]) => ids);
  return { context, room, catalog, warehouse, groups, closed };
};

const at = (offset: number) => ({ source: 1, partition: 0, offset });
const recompute = (name: string, offset: number): RequestBody => ({
  ...{ kind: 'recompute', instance: driver.instance, key: [name], window: null, after: at(offset) },
});

describe('requests to a summarise lane', () => {
  it('wait until the lane has had the record that they are about', async () => {
    const asked: RequestBody[] = [recompute('rome', 10), { kind: 'rebuild', instance: driver.instance, after: at(12) }];
    const { context, room, catalog, warehouse } = await setUp({ asked });
    await carryOutRequests(context, room, catalog);
    expect(warehouse.writes).toEqual([]);
  });

  it('fold the group again from rows, and take it back when no row is left', async () => {
    const asked = [recompute('rome', 9), recompute('oslo', 9)];
    const { context, room, catalog, groups, closed } = await setUp({ asked, stored: [rowOf('rome'), rowOf('oslo')] });
    await carryOutRequests(context, room, catalog);
    expect(groups()).toMatchObject([
      { group: '["rome"]', status: 'live', revision: 10, reason: 'correction' },
      { group: '["oslo"]', status: 'gone', revision: 10 },
    ]);
    expect(closed()).toEqual([1, 2]);
  });

  it('rebuild at once when a person asks, and leave groups alone whose numbers are right', async () => {
    const { context, room, catalog, groups, closed } = await setUp({
      asked: [{ kind: 'rebuild', instance: driver.instance }],
      stored: [rowOf('rome'), rowOf('oslo')],
    });
    await carryOutRequests(context, room, catalog);
    expect(groups()).toMatchObject([{ group: '["oslo"]', status: 'gone' }]);
    expect(closed()).toEqual([1]);
  });

  it('are closed when their driver is gone', async () => {
    const { context, room, catalog, closed } = await setUp({ asked: [recompute('rome', 1)], drivers: [] });
    await carryOutRequests(context, room, catalog);
    expect(closed()).toEqual([1]);
  });
});

describe('a driver instance', () => {
  it('goes live as a fold of all rows, every group with a new revision', async () => {
    const { context, room, catalog, warehouse, groups } = await setUp({ live: [], stored: [rowOf('rome')] });
    await adoptInstances(context, room, catalog);
    expect(groups()).toMatchObject([{ group: '["rome"]', revision: 10 }]);
    expect(warehouse.writes).toContainEqual(['setInstanceLive', 0, driver.instance, true]);
  });

  it('holds the version that it goes live by until it has, and none when it is folded again later', async () => {
    const fresh = await setUp({ live: [] });
    await adoptInstances(fresh.context, fresh.room, fresh.catalog);
    expect(fresh.warehouse.writes.at(-1)).toEqual(['holdVersion', 1]);
    const known = await setUp({ asked: [{ kind: 'rebuild', instance: driver.instance }] });
    await carryOutRequests(known.context, known.room, known.catalog);
    expect(known.closed()).toEqual([1]);
    expect(known.warehouse.writes.map(([call]) => call)).not.toContain('holdVersion');
  });

  it('retracts what its driver had published before and it has no rows for, or the documents would stand for ever', async () => {
    const before = { instance: 'sales@0', revision: 7 };
    const { context, room, catalog, groups } = await setUp({
      live: ['sales@0', 'other@0'],
      stored: [
        ...[rowOf('rome', before), rowOf('oslo', before), rowOf('bern', { ...before, status: 'gone' }), rowOf('pisa', before)],
        // It was live once, and what it had retracted then was published by another since.
        rowOf('pisa', { status: 'gone', revision: 3 }),
        ...[
          rowOf('kiel', { instance: 'other@0' }),
          rowOf('lima', { ...before, key: ['lima', 'peru'] }),
          rowOf('linz', { ...before, window: 0 }),
        ],
      ],
    });
    await adoptInstances(context, room, catalog);
    expect(groups().map(({ instance, group, status, revision }) => [instance, group, status, revision])).toEqual([
      ['sales@1', '["rome"]', 'live', 10],
      ['sales@1', '["oslo"]', 'gone', 10],
      ['sales@1', '["bern"]', 'gone', 10],
      ['sales@1', '["pisa"]', 'gone', 10],
    ]);
  });

  it('stops when the catalog no longer has it', async () => {
    const { context, room, catalog, warehouse } = await setUp({ drivers: [] });
    await adoptInstances(context, room, catalog);
    expect(warehouse.writes).toEqual([['setInstanceLive', 0, driver.instance, false]]);
  });

  it('stays as it is while the catalog has it', async () => {
    const { context, room, catalog, warehouse } = await setUp({});
    expect(await adoptInstances(context, room, catalog)).toBe(false);
    expect(warehouse.writes).toEqual([]);
  });
});
