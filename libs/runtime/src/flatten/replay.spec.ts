import type { RawRecord } from '@dsf/messages';
import {
  Failure,
  type FlatRows,
  type FlattenEffects,
  type FlattenPhase,
  type PointsPhase,
  type Position,
  type RecordFailure,
  type Request,
} from '@dsf/ports';
import type { Catalog, DriverInstance } from '@dsf/metadata';
import { describe, expect, it } from 'vitest';
import { noCounts, openLane } from '../lane.ts';
import { catalogOf, fakeCatalogs, fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse, positionAt, type FakeWarehouse } from '../specs/fake-warehouse.ts';
import { createFlattener } from './flattener.ts';
import { createPointsOut } from './points-out.ts';
import { replay } from './replay.ts';

const key = { phase: 'flatten', source: 0, lane: 0 } as const;
const at = { source: 1, partition: 0, offset: 5 };
const raw: RawRecord = { ...at, time: 0, timeType: 'create', ingestedAt: 0, key: null, headers: [], payload: null };
const root = { id: 1, source: 1, path: '', name: 'orders', parent: null, columns: [] };
const rowsOf = (name: string | null): FlatRows => ({
  ...{ source: 1, partition: 0 },
  tables:
    name === null
      ? []
      : [
          {
            table: root,
            rows: [
              ...[
                { offset: 5, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: 0, ingestedAt: 0, cells: [name] },
              ],
            ],
          },
        ],
});
const failed: RecordFailure = { phase: 'flatten', ...at, scope: '', code: 'flatten.not-json', path: null, detail: '', version: 1 };

const driverOf = (instance: string): DriverInstance => ({ instance, name: 'd', inputs: [], key: ['k'], windowMs: null, measures: [] });

/** One point per row and instance of the catalog, `d@1` where it has none; its group is the row's first cell. */
const points: PointsPhase<readonly string[]> = {
  compile: ({ drivers }) => (drivers.length === 0 ? ['d@1'] : drivers.map(({ instance }) => instance)),
  tables: () => [1],
  apply: (instances, { tables }, only) =>
    tables.flatMap(({ rows }) =>
      rows.flatMap(({ offset, row, cells }) =>
        instances
          .filter((instance) => only?.has(instance) !== false)
          .map((instance) => ({ instance, offset, row, key: [String(cells[0])], window: null, time: 0, amounts: [] })),
      ),
    ),
  fold: () => ({ why: 'a fake' }),
};
const phaseGiving = (effects: Partial<FlattenEffects>): FlattenPhase<null> => ({
  compile: () => null,
  evolve: () => [],
  apply: () => ({ missing: [], rows: rowsOf(null), refusals: [], written: 0, filtered: 0, ...effects }),
});

interface Scene {
  readonly raw?: readonly RawRecord[];
  readonly old?: string | null;
  readonly failures?: readonly RecordFailure[];
  readonly effects?: Partial<FlattenEffects>;
  readonly next?: number;
  readonly beforeCommit?: () => void;
  readonly live?: readonly string[];
  readonly catalogs?: readonly Catalog[];
}

const play = async ({
  raw: records = [raw],
  old = null,
  failures = [failed],
  effects = {},
  next = 9,
  beforeCommit,
  live = [],
  catalogs = [catalogOf(4)],
}: Scene): Promise<FakeWarehouse> => {
  const request: Request = { id: 77, lane: key, body: { kind: 'replay', ...at } };
  const position = positionAt(next, { counters: { ...noCounts, written: 6, failed: 2, filtered: 1 } });
  const warehouse = fakeWarehouse([[key, { positions: [position] }]], {
    schema: async () => ({ version: 3, tables: [root] }),
    committed: {
      readRequests: async () => [request],
      readRaw: async () => records,
      readFlat: async (range) => ({ rows: rowsOf(old), next: range.to }),
      readFailures: async () => failures,
      readLiveInstances: async () => live,
    },
  });
  if (beforeCommit !== undefined) warehouse.beforeCommit = beforeCommit;
  const context = fakeContext({ warehouse, catalogs: fakeCatalogs(...catalogs) });
  const phases = { flatten: phaseGiving(effects), points };
  const lane = openLane(warehouse, key);
  await lane.refresh();
  await replay(context, { lane, phases, flattener: createFlattener(context, phases.flatten), out: createPointsOut() });
  return warehouse;
};

const written = ({ writes }: FakeWarehouse, call: string): readonly unknown[] | undefined =>
  writes.find(([name]) => name === call)?.slice(1);
const countersOf = (warehouse: FakeWarehouse): unknown => {
  const [positions] = written(warehouse, 'writePositions') ?? [];
  return (positions as readonly Position[] | undefined)?.[0]?.counters;
};

describe('a replay', () => {
  it('puts new rows in the place of old ones and asks for the groups of both', async () => {
    const warehouse = await play({ old: 'before', effects: { rows: rowsOf('after'), written: 1 } });
    expect(written(warehouse, 'deleteFlat')).toEqual([at]);
    expect(written(warehouse, 'writeFlat')?.slice(1)).toEqual([4, 3]);
    const asked = (written(warehouse, 'writeRequests')?.[0] ?? []) as readonly Omit<Request, 'id'>[];
    expect(asked.map(({ body }) => (body.kind === 'recompute' ? body.key : null))).toEqual([['before'], ['after']]);
    expect(written(warehouse, 'closeRequests')?.[0]).toEqual([77]);
  });

  it('asks also for the groups of instances that only older versions have, by the newest that has them, while lanes still keep them', async () => {
    const warehouse = await play({
      ...{ old: 'before', effects: { rows: rowsOf('after'), written: 1 }, live: ['d@1', 'd@2', 'd@4', 'd@9'] },
      catalogs: [
        catalogOf(1, { drivers: ['d@1', 'd@0'].map(driverOf) }),
        catalogOf(2, { drivers: ['d@1', 'd@2', 'd@3'].map(driverOf) }),
        catalogOf(3, { drivers: ['d@2'].map(driverOf) }),
        catalogOf(4, { drivers: ['d@4'].map(driverOf) }),
      ],
    });
    const asked = (written(warehouse, 'writeRequests')?.[0] ?? []) as readonly Omit<Request, 'id'>[];
    expect(
      asked.map(({ lane, body }) => (body.kind === 'recompute' ? [body.instance, ...body.key] : [body.kind, lane.lane, body])),
    ).toEqual([
      ...['d@4', 'd@2', 'd@1'].flatMap((instance) => [
        [instance, 'before'],
        [instance, 'after'],
      ]),
      // No version has it that is known here.
      ...[0, 1].map((lane) => ['rebuild', lane, { kind: 'rebuild', instance: 'd@9', after: at }]),
    ]);
  });

  it('counts a record that failed before and is written now as written', async () => {
    const warehouse = await play({ effects: { rows: rowsOf('after'), written: 1 } });
    expect(countersOf(warehouse)).toMatchObject({ written: 7, failed: 1, filtered: 1 });
  });

  it('changes no count when it is refused again, and leaves the failure open', async () => {
    const warehouse = await play({ effects: { refusals: [failed] } });
    expect(countersOf(warehouse)).toMatchObject({ written: 6, failed: 2, filtered: 1 });
    expect(written(warehouse, 'writeFailures')?.[0]).toEqual([failed]);
  });

  it('holds the version that it was decided by until it has committed, and asks for that when all else is written', async () => {
    for (const effects of [{ rows: rowsOf('after'), written: 1 }, { refusals: [failed] }]) {
      const { writes } = await play({ old: 'before', effects });
      expect(writes.slice(-2).map(([call, value]) => [call, call === 'holdVersion' ? value : null])).toEqual([
        ['holdVersion', 4],
        ['writePositions', null],
      ]);
    }
  });

  it('waits for the record’s first turn', async () => {
    expect((await play({ next: 5 })).writes).toEqual([]);
  });

  it('touches neither rows nor counts of a record that has no raw row, and keeps what failed open', async () => {
    const lost: RecordFailure = { ...failed, phase: 'ingest', scope: 'lost-range', code: 'ingest.lost-range' };
    const foreign: RecordFailure = { ...failed, phase: 'publish', scope: '["x"]', code: 'publish.template' };
    const warehouse = await play({ raw: [], old: 'kept', failures: [lost, foreign] });
    expect(warehouse.writes.map(([call]) => call)).toEqual(['writeFailures', 'closeRequests']);
    expect(written(warehouse, 'writeFailures')?.[0]).toEqual([lost]);
  });

  it('stores the refusal of the database as the record’s failure instead of failing for ever', async () => {
    let commits = 0;
    const beforeCommit = (): void => {
      commits += 1;
      if (commits === 1) throw new Failure('poison', 'warehouse.data', 'the database refuses the value');
    };
    const warehouse = await play({ effects: { rows: rowsOf('after'), written: 1 }, beforeCommit });
    expect(warehouse.writes.some(([call]) => call === 'writeFlat')).toBe(false);
    expect(written(warehouse, 'writeFailures')?.[0]).toMatchObject([{ code: 'warehouse.data', offset: 5 }]);
  });
});
