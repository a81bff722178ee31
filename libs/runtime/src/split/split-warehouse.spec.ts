import { Failure, type FlatRow, type GroupRow, type LaneKey, type RawRow, type RowStore, type Warehouse } from '@dsf/ports';
import { definitionsSchema } from '@dsf/metadata';
import {
  createMemoryConfig,
  createMemoryDatabase,
  heldVersionContract,
  openMemoryMetadata,
  openMemoryRowStore,
  openMemoryWarehouse,
} from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { noCounts } from '../lane.ts';
import { openSplitWarehouse } from './split-warehouse.ts';

const lane: LaneKey = { phase: 'ingest', source: 1, lane: 0 };
const range = { source: 1, partition: 0, from: 0, to: 100 };
const position = (next: number) => ({
  ...{ source: 1, partition: 0, next, start: 0, time: null, idle: false, version: 1 },
  counters: { ...noCounts, written: next },
});

const raw = (offset: number): RawRow => ({
  ...{ source: 1, partition: 0, offset, time: 5, timeType: 'create', ingestedAt: 6, key: null, headers: [], topic: 't', sha256: null },
  payload: Uint8Array.of(1, 2, 255),
});

/** A database and a store of rows in memory, and what was called, in its order. */
const room = (fails: (call: string) => void = () => undefined) => {
  const database = createMemoryDatabase();
  const calls: string[] = [];
  const note = async (call: string): Promise<void> => {
    calls.push(call);
    fails(call);
  };
  const state = openMemoryWarehouse(database, {
    before: async (call) => {
      if (call === 'writePositions') await note(call);
    },
    begun: () => undefined,
    intend: async (store) => {
      await note('intend');
      store();
    },
    commit: async (_lane, end) => {
      end.commit();
      await note('commit');
    },
  });
  const plain = openMemoryRowStore(database);
  const rows: RowStore = {
    ...plain,
    async append(writes, schema) {
      await plain.append(writes, schema);
      await note('append');
    },
  };
  const open = (): Warehouse => openSplitWarehouse({ state, rows, currentVersion: async () => 1 });
  return { database, calls, open };
};

const ingest = (warehouse: Warehouse, seq: number, offset: number): Promise<void> =>
  warehouse.transact(lane, seq, async (transaction) => {
    await transaction.writeRaw([raw(offset)]);
    await transaction.writePositions([position(offset + 1)]);
  });

describe('a warehouse of a state database and a store of rows', () => {
  it('writes down what a turn has decided, then its rows, then its position', async () => {
    const { calls, open } = room();
    const warehouse = open();
    await ingest(warehouse, 0, 0);
    expect(calls).toEqual(['writePositions', 'intend', 'append', 'writePositions', 'commit']);
    expect(await warehouse.loadLane(lane)).toMatchObject({ seq: 1, positions: [{ next: 1 }] });
    expect(await warehouse.committed.readRaw(range, 10)).toMatchObject([{ offset: 0, payload: Uint8Array.of(1, 2, 255) }]);
  });

  it('is one transaction of the state where a turn has no rows', async () => {
    const { calls, open } = room();
    await open().transact(lane, 0, (transaction) => transaction.writePositions([position(3)]));
    expect(calls).toEqual(['writePositions', 'commit']);
  });

  it('finishes what was begun before anything else happens in the lane, whoever comes to it', async () => {
    let isAway = true;
    const { calls, open } = room((call) => {
      if (call === 'append' && isAway) throw new Failure('retry', 'warehouse.append-unknown', 'no answer');
    });
    await expect(ingest(open(), 0, 0)).rejects.toMatchObject({ code: 'warehouse.append-unknown' });
    const next = open();
    expect(await next.loadLane(lane)).toMatchObject({ seq: 0, positions: [] });
    isAway = false;
    calls.length = 0;
    await expect(ingest(next, 0, 7)).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
    expect(calls).toEqual(['append', 'writePositions', 'commit']);
    expect(await next.loadLane(lane)).toMatchObject({ seq: 1, positions: [{ next: 1 }] });
    expect((await next.committed.readRaw(range, 10)).map(({ offset }) => offset)).toEqual([0]);
  });

  it('finishes what was begun before operators do anything', async () => {
    let isAway = true;
    const { open } = room((call) => {
      if (call === 'append' && isAway) throw new Failure('retry', 'warehouse.append-unknown', 'no answer');
    });
    const warehouse = open();
    await expect(ingest(warehouse, 0, 0)).rejects.toMatchObject({ kind: 'retry' });
    isAway = false;
    const lanes = await warehouse.administer((transaction) => transaction.lanes());
    expect(lanes).toMatchObject([{ ...lane, seq: 1, positions: [{ next: 1 }] }]);
  });

  it('promises nothing that the store of rows or the state would refuse', async () => {
    const { database, calls, open } = room();
    const warehouse = open();
    const { tables, version } = await warehouse.evolve(() => [{ kind: 'table', source: 1, path: '', parentPath: null, name: 'orders' }]);
    const [table] = tables;
    if (table === undefined) throw new Error('unreachable');
    const row: FlatRow = {
      ...{ offset: 0, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: 1, ingestedAt: 1 },
      cells: [],
    };
    database.refusesRow = () => true;
    const poisoned = warehouse.transact(lane, 0, (transaction) =>
      transaction.writeFlat({ source: 1, partition: 0, tables: [{ table, rows: [row] }] }, 1, version),
    );
    await expect(poisoned).rejects.toMatchObject({ kind: 'poison' });
    database.refusesRow = () => false;
    await expect(
      warehouse.transact(lane, 0, async (transaction) => {
        await transaction.writeRaw([raw(1)]);
        throw new Error('the work itself');
      }),
    ).rejects.toThrow('the work itself');
    expect(calls).toEqual([]);
  });

  it('shows a record what the newest turn made of it, and nothing when that made nothing', async () => {
    const { open } = room();
    const warehouse = open();
    const flatten: LaneKey = { phase: 'flatten', source: 0, lane: 0 };
    const { tables, version } = await warehouse.evolve(() => [
      { kind: 'table', source: 1, path: '', parentPath: null, name: 'orders' },
      { kind: 'column', source: 1, tablePath: '', path: 'total', name: 'total', type: 'bigint', role: 'value' },
    ]);
    const [table] = tables;
    if (table === undefined) throw new Error('unreachable');
    const at = { source: 1, partition: 0, offset: 4 };
    const rows = (total: bigint) => ({
      ...{ source: 1, partition: 0 },
      tables: [
        {
          table,
          rows: [
            {
              ...{ offset: 4, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: 1, ingestedAt: 1 },
              cells: [total],
            },
          ],
        },
      ],
    });
    const shown = async () => (await warehouse.committed.readFlat(range, [table.id], 10)).rows.tables.flatMap((one) => one.rows);
    await warehouse.transact(flatten, 0, (transaction) => transaction.writeFlat(rows(2n ** 60n), 1, version));
    expect(await shown()).toMatchObject([{ cells: [2n ** 60n] }]);
    await warehouse.transact(flatten, 1, async (transaction) => {
      await transaction.deleteFlat(at);
      await transaction.writeFlat(rows(7n), 1, version);
    });
    expect(await shown()).toMatchObject([{ cells: [7n] }]);
    await warehouse.transact(flatten, 2, (transaction) => transaction.deleteFlat(at));
    expect(await shown()).toEqual([]);
  });
});

/** A split warehouse with the config tables in the database that keeps the state; `appended` comes after each append. */
const definedRoom = (appended: () => Promise<void> = async () => undefined) => {
  const config = createMemoryConfig();
  const database = createMemoryDatabase(config);
  const store = openMemoryMetadata(config);
  const plain = openMemoryRowStore(database);
  const rows: RowStore = {
    ...plain,
    async append(writes, schema) {
      await plain.append(writes, schema);
      await appended();
    },
  };
  const activate = async (name: string): Promise<void> => {
    const catalog = { version: 0, settings: { lanes: 4 }, sources: [], drivers: [], publications: [] };
    const definitions = definitionsSchema.parse({ sources: [{ name }] });
    await store.activate({ definitions, comment: '', now: 1, check: () => ({ catalog, problems: [] }) });
  };
  const open = (): Warehouse =>
    openSplitWarehouse({ state: openMemoryWarehouse(database), rows, currentVersion: () => store.currentVersion() });
  return { store, activate, open };
};

const defined = definedRoom();
heldVersionContract('a warehouse of a state database and a store of rows', async () => ({
  store: defined.store,
  warehouse: defined.open(),
}));

describe('an instance that goes live with rows in another database', () => {
  const instance = 'sales@1';
  const summarise: LaneKey = { phase: 'summarise', source: 0, lane: 0 };
  const driver = { instance, name: 'sales', inputs: [], key: ['city'], windowMs: null, measures: [] };
  const row: GroupRow = {
    ...{ instance, key: ['rome'], group: '["rome"]', window: null, windowEnd: null, revision: 1, reason: 'update', time: 1, version: 1 },
    ...{ status: 'live', measures: [], states: [] },
  };
  const goLive = (warehouse: Warehouse): Promise<void> =>
    warehouse.transact(summarise, 0, async (transaction) => {
      await transaction.writeGroups(instance, 0, [row]);
      await transaction.setInstanceLive(0, 'sales@0', false);
      await transaction.setInstanceLive(0, instance, true);
      await transaction.holdVersion(1);
    });
  const live = (warehouse: Warehouse): Promise<readonly string[]> => warehouse.committed.readLiveInstances(0);
  const begin = async ({ activate, open }: ReturnType<typeof definedRoom>): Promise<Warehouse> => {
    await activate('first');
    const warehouse = open();
    await warehouse.ensureSummaryTables([driver, { ...driver, instance: 'sales@0' }]);
    return warehouse;
  };

  it('is live when its rows are there, under the version that it was decided by', async () => {
    const warehouse = await begin(definedRoom());
    await goLive(warehouse);
    expect(await live(warehouse)).toEqual([instance]);
  });

  it('does not go live when another version has come into force before its rows were there, and its lane is told', async () => {
    const scene = definedRoom(() => scene.activate('second'));
    const warehouse = await begin(scene);
    await expect(goLive(warehouse)).rejects.toMatchObject({ kind: 'retry', code: 'catalog.overtaken' });
    expect(await live(warehouse)).toEqual([]);
    expect((await warehouse.loadLane(summarise)).seq).toBe(1);
    expect(await warehouse.readIntent(summarise)).toBeNull();
    // Its groups are written, as they were to be; whoever goes live later has them before it.
    expect(await warehouse.committed.readGroups(instance, ['["rome"]'])).toHaveLength(1);
  });

  it('does not go live either where somebody else finishes it', async () => {
    let isAway = true;
    const scene = definedRoom(async () => {
      if (isAway) throw new Failure('retry', 'warehouse.append-unknown', 'no answer');
    });
    const warehouse = await begin(scene);
    await expect(goLive(warehouse)).rejects.toMatchObject({ code: 'warehouse.append-unknown' });
    await scene.activate('second');
    isAway = false;
    const other = scene.open();
    await expect(other.transact(summarise, 0, async () => undefined)).rejects.toMatchObject({ code: 'lane.lost' });
    expect(await live(other)).toEqual([]);
    expect((await other.loadLane(summarise)).seq).toBe(1);
  });
});
