import { Failure, type AdminTransaction, type Request, type StoredLane } from '@dsf/ports';
import { holdVersion } from './memory-metadata.ts';
import { createState, laneShelf, loadLane, memoryReads, mergeState, partitionShelf, type MemoryState } from './memory-warehouse-state.ts';
import { memoryWrites, writePositions, writeRequests } from './memory-warehouse-writes.ts';
import { groundOf, type MemoryDatabase, type WarehouseHooks } from './memory-warehouse-database.ts';

const readLanes = (state: MemoryState): readonly StoredLane[] =>
  state.lanes.all('').map(({ lane }) => ({
    ...lane,
    ...loadLane(state, lane),
    live: lane.phase === 'summarise' ? state.live.all(String(lane.lane)) : [],
  }));

const writeLane = (state: MemoryState, { phase, source, lane, seq, facts, positions, live }: StoredLane): void => {
  const key = { phase, source, lane };
  const name = laneShelf(key);
  if (seq <= (state.lanes.get('', name)?.seq ?? 0))
    throw new Failure('fatal', 'lane.seq-falls', `the seq of lane ${name} would not rise to ${seq}`, { ...key, seq });
  state.lanes.put('', name, { lane: key, seq, facts });
  for (const position of state.positions.all(name)) state.positions.remove(name, partitionShelf(position));
  writePositions(state, key, positions);
  if (phase !== 'summarise') return;
  for (const instance of state.live.all(String(lane))) state.live.remove(String(lane), instance);
  for (const instance of live) state.live.put(String(lane), instance, instance);
};

const readPlaces = (state: MemoryState, instance: string, page: { readonly after: string | null; readonly max: number }) =>
  state.groups
    .all(instance)
    .filter(({ row }) => page.after === null || row.group > page.after)
    .slice(0, page.max)
    .map(({ lane, row }) => ({ group: row.group, key: row.key, lane }));

const openRequests = (state: MemoryState): readonly Request[] =>
  state.requests
    .shelves()
    .flatMap((shelf) => state.requests.all(shelf))
    .toSorted((a, b) => a.id - b.id);

interface Administering {
  readonly database: MemoryDatabase;
  readonly state: MemoryState;
  readonly before: (call: string) => Promise<void>;
  /** Resolves with its end. */
  readonly done: Promise<void>;
}

const transactionOn = ({ database, state, before, done }: Administering): AdminTransaction => {
  const call = async <T>(name: string, work: () => T): Promise<T> => {
    await before(name);
    return work();
  };
  return {
    lanes: () => call('lanes', () => readLanes(state)),
    writeLane: (lane) => call('writeLane', () => writeLane(state, lane)),
    writeRequests: (requests) => call('writeRequests', () => writeRequests(state, groundOf(database), requests)),
    readRequests: () => call('readRequests', () => openRequests(state)),
    closeRequests: (ids) =>
      call('closeRequests', () => {
        for (const id of ids) for (const shelf of state.requests.shelves()) state.requests.remove(shelf, id);
      }),
    instances: () => call('instances', () => [...database.instances]),
    intents: () => call('intents', () => state.intents.all('').map(({ lane }) => lane)),
    async turn(lane, work) {
      const name = laneShelf(lane);
      const row = state.lanes.get('', name);
      const seq = (row?.seq ?? 0) + 1;
      state.lanes.put('', name, { lane, seq, facts: row?.facts ?? {} });
      const on = <T>(name: string, step: (state: MemoryState) => T): Promise<T> => call(name, () => step(state));
      await work({
        seq,
        ...memoryReads(on, () => database.schema),
        ...memoryWrites(lane, on, groundOf(database)),
        holdVersion: (version) => on('holdVersion', () => holdVersion(database.config, version, done)),
      });
    },
    readGroupPlaces: (instance, after, max) => call('readGroupPlaces', () => readPlaces(state, instance, { after, max })),
    moveGroups: (instance, places) =>
      call('moveGroups', () => {
        for (const { group, lane } of places) {
          const found = state.groups.get(instance, group);
          if (found !== undefined) state.groups.put(instance, group, { ...found, lane });
        }
      }),
  };
};

/** Runs an operator's transaction when no lane has one open, and keeps lanes from beginning one until it has ended. */
export const administer = async <T>(
  database: MemoryDatabase,
  hooks: WarehouseHooks,
  work: (transaction: AdminTransaction) => Promise<T>,
): Promise<T> => {
  for (;;) {
    await hooks.before('administer');
    const open = [...database.locks.values(), ...(database.administered === null ? [] : [database.administered.done])];
    if (open.length === 0) break;
    await Promise.all(open);
  }
  const unlock = Promise.withResolvers<void>();
  const mine = {
    done: unlock.promise,
    abandon: () => {
      if (database.administered === mine) database.administered = null;
      unlock.resolve();
    },
  };
  database.administered = mine;
  try {
    const layer = createState(database.state);
    const before = (call: string): Promise<void> => hooks.before(call);
    const result = await work(transactionOn({ database, state: layer, before, done: mine.done }));
    await hooks.before('commit');
    mergeState(layer);
    database.onAdminister();
    return result;
  } finally {
    mine.abandon();
  }
};
