import { Failure } from '@dsf/ports';
import type { LaneKey, LaneTransaction, Warehouse } from '@dsf/ports';
import { holdVersion } from './memory-metadata.ts';
import { evolveSchema } from './memory-warehouse-schema.ts';
import { allPositions, createState, laneShelf, loadLane, memoryReads, mergeState } from './memory-warehouse-state.ts';
import type { MemoryState } from './memory-warehouse-state.ts';
import { administer } from './memory-warehouse-admin.ts';
import { groundOf, type MemoryDatabase, type TransactionEnd, type WarehouseHooks } from './memory-warehouse-database.ts';
import { memoryWrites, writeRequests } from './memory-warehouse-writes.ts';

const noHooks: WarehouseHooks = {
  before: async () => undefined,
  commit: async (_lane, end) => end.commit(),
  begun: () => undefined,
  intend: async (store) => store(),
};

type Write = (state: MemoryState) => unknown;

interface OpenTransaction {
  readonly transaction: LaneTransaction;
  readonly end: TransactionEnd;
  /** No call after it is taken. */
  readonly close: () => void;
  /** The first error of a write, which dooms the transaction even when the work catches it. */
  readonly doom: () => { readonly error: unknown } | null;
}

/** Raises the lane's seq and locks it. Reads see the transaction's own layer; a commit does its writes again on what is committed by then. */
const begin = (
  database: MemoryDatabase,
  hooks: WarehouseHooks,
  turn: { readonly lane: LaneKey; readonly seq: number },
): OpenTransaction => {
  const { lane, seq } = turn;
  const name = laneShelf(lane);
  const row = database.state.lanes.get('', name);
  if (database.comparesSeq && (row?.seq ?? 0) !== seq)
    throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane: reload it', { ...lane, seq });
  const next = database.comparesSeq ? seq + 1 : (row?.seq ?? 0) + 1;
  const unlock = Promise.withResolvers<void>();
  database.locks.set(name, unlock.promise);
  const firstId = database.nextId;
  const layer = createState(database.state);
  const ground = groundOf(database);
  const writes: { readonly call: string; readonly write: Write }[] = [];
  let isOpen = true;
  let isEnded = false;
  let doom: { readonly error: unknown } | null = null;

  const raise: Write = (state) =>
    state.lanes.put('', name, { lane: { ...lane }, seq: next, facts: state.lanes.get('', name)?.facts ?? {} });
  raise(layer);

  const perform = async <T>(call: string, work: (state: MemoryState) => T): Promise<T> => {
    if (!isOpen) throw new Failure('fatal', 'warehouse.transaction-over', 'a call came after its transaction had ended', { ...lane });
    await hooks.before(call);
    if (isEnded) throw new Failure('retry', 'warehouse.connection-lost', 'the database ended the transaction', { ...lane });
    if (doom !== null) throw doom.error;
    try {
      const result = work(layer);
      if (/^(write|delete|resolve|close|set|purge|freeze|take)/.test(call)) writes.push({ call, write: work });
      return result;
    } catch (error) {
      doom = { error };
      throw error;
    }
  };

  const finish = (): void => {
    isEnded = true;
    database.locks.delete(name);
    unlock.resolve();
  };
  const end: TransactionEnd = {
    commit() {
      if (isEnded) throw new Failure('retry', 'warehouse.connection-lost', 'the database ended the transaction', { ...lane });
      const last = createState(database.state);
      try {
        raise(last);
        for (const { write } of writes) write(last);
        mergeState(last);
      } finally {
        finish();
      }
      database.onCommit({ lane, seq: next, writes: writes.map(({ call }) => call), firstId });
    },
    rollback() {
      if (!isEnded) finish();
    },
  };
  return {
    transaction: {
      seq: next,
      ...memoryReads(perform, ground.schema),
      ...memoryWrites(lane, perform, ground),
      holdVersion: (version) => perform('holdVersion', () => holdVersion(database.config, version, unlock.promise)),
    },
    end,
    close: () => {
      isOpen = false;
    },
    doom: () => doom,
  };
};

/** Compares and sets at the moment at which it is committed. */
const storeIntent = (
  database: MemoryDatabase,
  intent: { readonly lane: LaneKey; readonly seq: number; readonly body: Uint8Array },
): void => {
  const { state, locks, administered } = database;
  const { phase, source, lane } = intent.lane;
  const name = laneShelf(intent.lane);
  if (locks.has(name) || administered !== null) throw new Failure('retry', 'warehouse.busy', 'somebody has a turn in the lane');
  if ((state.lanes.get('', name)?.seq ?? 0) !== intent.seq || state.intents.get('', name) !== undefined)
    throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane: reload it', { phase, source, lane });
  state.intents.put('', name, { lane: { phase, source, lane }, body: intent.body });
};

/** A handle on a database in memory, for one process. Everything is lost with the database. */
export const openMemoryWarehouse = (database: MemoryDatabase, hooks: WarehouseHooks = noHooks): Warehouse => {
  const call = async <T>(name: string, work: (state: MemoryState) => T): Promise<T> => {
    await hooks.before(name);
    return work(database.state);
  };

  /** Runs `work` at the very moment at which nobody has a turn in the lane. */
  const whenFree = async <T>(lane: LaneKey, work: () => T): Promise<T> => {
    for (;;) {
      await hooks.before('begin');
      const lock = database.locks.get(laneShelf(lane)) ?? database.administered?.done;
      if (lock === undefined) return work();
      await lock;
    }
  };

  const beginWhenFree = (lane: LaneKey, seq: number): Promise<OpenTransaction> =>
    whenFree(lane, () => {
      const open = begin(database, hooks, { lane, seq });
      hooks.begun(lane, open.end);
      return open;
    });

  return {
    capabilities: { nameLengthMax: 128, columnsMax: 1000, decimal: { precision: 38, scale: 12 } },
    loadLane: (lane) => call(`loadLane ${laneShelf(lane)}`, (state) => loadLane(state, lane)),
    async transact(lane, seq, work) {
      const { transaction, end, close, doom } = await beginWhenFree(lane, seq);
      try {
        const result = await work(transaction);
        close();
        const doomed = doom();
        if (doomed !== null) throw doomed.error;
        await hooks.commit(lane, end);
        return result;
      } catch (error) {
        close();
        if (!(error instanceof CommitUnknown)) end.rollback();
        throw error instanceof CommitUnknown ? error.failure : error;
      }
    },
    async intend(lane, seq, body) {
      await whenFree(lane, () => undefined);
      await hooks.intend(() => storeIntent(database, { lane, seq, body }));
    },
    readIntent: (lane) => call('readIntent', (state) => state.intents.get('', laneShelf(lane))?.body ?? null),
    schema: () => call('schema', () => database.schema),
    evolve: (plan) =>
      call('evolve', () => {
        database.schema = evolveSchema(database.schema, plan(database.schema));
        return database.schema;
      }),
    ensureSummaryTables: (instances) =>
      call('ensureSummaryTables', () => {
        for (const { instance } of instances) database.instances.add(instance);
      }),
    administer: (work) => administer(database, hooks, work),
    committed: memoryReads(call, () => database.schema),
    request: (requests) => call('request', (state) => writeRequests(state, groundOf(database), requests)),
    inspect: {
      positions: async () => allPositions(database.state),
      lanes: async () => database.state.lanes.all('').map(({ lane, seq }) => ({ ...lane, seq })),
      failures: async ({ max, ...filter }) =>
        database.state.failures
          .shelves()
          .flatMap((shelf) => database.state.failures.all(shelf))
          .filter(
            (failure) =>
              (filter.ids === undefined || filter.ids.includes(failure.id)) &&
              (filter.phase === undefined || filter.phase === failure.phase) &&
              (filter.source === undefined || filter.source === failure.source) &&
              (filter.code === undefined || filter.code === failure.code) &&
              (filter.status === undefined || filter.status === failure.status),
          )
          .sort((a, b) => a.id - b.id)
          .slice(0, max),
      openFailures: async () =>
        database.state.failures
          .shelves()
          .flatMap((shelf) => database.state.failures.all(shelf))
          .filter(({ status }) => status === 'open').length,
      openRequests: async () =>
        database.state.requests.shelves().reduce((sum, shelf) => sum + database.state.requests.all(shelf).length, 0),
      tables: async () => [],
      shownInstances: async () => [],
      instances: async () =>
        [...database.instances].map((instance) => ({ instance, driver: instance, keys: [], measures: [], windowed: false })),
      query: async () => {
        throw new Failure('fatal', 'query.refused', 'the warehouse in memory knows no SQL');
      },
    },
    close: async () => undefined,
  };
};

/** Thrown by a `commit` hook: the caller gets `failure`, and the transaction, which may still be running, is left alone. */
export class CommitUnknown extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'CommitUnknown';
    this.failure = failure;
  }
}
