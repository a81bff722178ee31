import type { GroupRow, LaneKey } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane, type Lane } from '../lane.ts';
import { fakeWarehouse, type FakeWarehouse } from '../specs/fake-warehouse.ts';
import { createGroupStore, type GroupStore } from './group-store.ts';

const key: LaneKey = { phase: 'summarise', source: 0, lane: 0 };
const rowOf = (group: string, revision: number): GroupRow => ({
  ...{ instance: 'd@1', group, key: [group], window: null, windowEnd: null, revision, reason: 'update', time: 0 },
  ...{ version: 1, status: 'live', measures: [], states: [] },
});

const cachedMax = 100;

interface Room {
  readonly warehouse: FakeWarehouse;
  readonly lane: Lane;
  readonly store: GroupStore;
  /** The groups that the database was asked for, call by call. */
  readonly asked: (readonly string[])[];
  readonly rows: Map<string, GroupRow>;
  readonly revisions: (...groups: readonly string[]) => Promise<readonly (number | undefined)[]>;
}

const setUp = async (...stored: readonly GroupRow[]): Promise<Room> => {
  const rows = new Map(stored.map((row) => [row.group, row]));
  const asked: (readonly string[])[] = [];
  const warehouse = fakeWarehouse([[key, { seq: 1 }]], {
    committed: {
      readGroups: async (_, groups) => {
        asked.push(groups);
        return groups.flatMap((group) => rows.get(group) ?? []);
      },
    },
  });
  const lane = openLane(warehouse, key);
  await lane.refresh();
  const store = createGroupStore(warehouse, lane, cachedMax);
  store.enter();
  const revisions = async (...groups: readonly string[]) => {
    const found = await store.load(new Map([['d@1', groups]]));
    return groups.map((group) => found.get('d@1')?.get(group)?.revision);
  };
  return { warehouse, lane, store, asked, rows, revisions };
};

describe('the groups of a lane', () => {
  it('are read once, those that do not exist too', async () => {
    const { revisions, asked } = await setUp(rowOf('a', 3));
    expect(await revisions('a', 'none')).toEqual([3, undefined]);
    expect(await revisions('a', 'none')).toEqual([3, undefined]);
    expect(asked).toEqual([['a', 'none']]);
  });

  it('are asked for only where they are not known', async () => {
    const { revisions, asked } = await setUp(rowOf('a', 3), rowOf('b', 4));
    await revisions('a');
    expect(await revisions('a', 'b')).toEqual([3, 4]);
    expect(asked).toEqual([['a'], ['b']]);
  });

  it('are as they were committed last', async () => {
    const { revisions, store } = await setUp(rowOf('a', 3));
    await revisions('a', 'new');
    store.keep([rowOf('a', 5), rowOf('new', 5)]);
    expect(await revisions('a', 'new')).toEqual([5, 5]);
  });

  it('are read again when somebody else was in the lane, though none of its positions moved', async () => {
    const { warehouse, lane, store, rows, revisions } = await setUp(rowOf('a', 3));
    await revisions('a');
    warehouse.takeTurn(key);
    rows.set('a', rowOf('a', 9));
    await lane.transact({}, async () => undefined).catch(() => undefined);
    await lane.refresh();
    store.enter();
    expect(await revisions('a')).toEqual([9]);
  });

  it('are kept while the lane is ours', async () => {
    const { lane, store, revisions, asked } = await setUp(rowOf('a', 3));
    await revisions('a');
    await lane.transact({}, async () => undefined);
    store.enter();
    await revisions('a');
    expect(asked).toHaveLength(1);
  });

  it('do not fill the memory: those that were not asked for lately are read again, and are right', async () => {
    const { revisions, asked } = await setUp(rowOf('g7', 3));
    await revisions(...Array.from({ length: 10 * cachedMax }, (_, number) => `g${number}`));
    expect(await revisions('g7')).toEqual([3]);
    expect(asked).toHaveLength(2);
  });

  it('stay in memory while they are asked for, however many others come by', async () => {
    const { revisions, asked } = await setUp(rowOf('hot', 3));
    await revisions('hot');
    for (let number = 0; number < 10 * cachedMax; number += 1) {
      await revisions(`g${number}`);
      if (number % 10 === 0) expect(await revisions('hot')).toEqual([3]);
    }
    expect(asked.filter(([group]) => group === 'hot')).toHaveLength(1);
  });

  it('are all given also when they are more than the memory holds', async () => {
    const names = Array.from({ length: 3 * cachedMax }, (_, number) => `g${number}`);
    const { revisions } = await setUp(...names.map((name) => rowOf(name, 5)));
    expect(await revisions(...names)).toEqual(names.map(() => 5));
  });
});
