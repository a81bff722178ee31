import { Failure } from '@dsf/ports';
import type {
  Cell,
  FlatRow,
  FlatRows,
  FlatSchema,
  FlatTable,
  GroupRow,
  LaneKey,
  LaneState,
  LaneWrites,
  PhaseName,
  Position,
  PurgedRows,
  RawRow,
  RecordFailure,
  Request,
  RowRange,
  SentMessage,
} from '@dsf/ports';
import type { SourcePartition } from '@dsf/messages';
import type { ColumnType } from '@dsf/metadata';
import { failureKey, flatShelf, laneShelf, partitionShelf, recordShelf, rootOf } from './memory-warehouse-state.ts';
import type { MemoryState, RecordAt } from './memory-warehouse-state.ts';

/** What writes need besides the state. */
export interface Ground {
  readonly schema: () => FlatSchema;
  readonly hasInstance: (instance: string) => boolean;
  readonly nextId: () => number;
  /** A row whose data the database would not take, for reasons of its own. */
  readonly refusesRow: (row: FlatRow) => boolean;
}

const duplicate = (what: string): Failure => new Failure('retry', 'warehouse.duplicate-key', `${what} is there already: look again`);

const writeRaw = (state: MemoryState, rows: readonly RawRow[]): void => {
  for (const row of rows) {
    if (state.raw.get(partitionShelf(row), row.offset) !== undefined) throw duplicate(`raw row ${recordShelf(row)}`);
    state.raw.put(partitionShelf(row), row.offset, row);
  }
};

const writeMessages = (state: MemoryState, { source, partition }: SourcePartition, messages: readonly SentMessage[]): void => {
  for (const { id, time } of messages) {
    if (state.messages.get(String(source), id) !== undefined) throw duplicate(`message ${id} of source ${source}`);
    state.messages.put(String(source), id, { id, partition, time });
  }
};

const forgetMessages = (
  state: MemoryState,
  { source, partition }: SourcePartition,
  { before, max }: { readonly before: number; readonly max: number },
): void => {
  const old = state.messages.all(String(source)).filter((message) => message.partition === partition && message.time < before);
  for (const { id } of old.slice(0, max)) state.messages.remove(String(source), id);
};

const int64 = 2n ** 63n;

const fits = (type: ColumnType, cell: Cell): boolean => {
  if (cell === null) return true;
  if (type === 'boolean') return typeof cell === 'boolean';
  if (type === 'double') return typeof cell === 'number' && !Number.isNaN(cell);
  if (type === 'bigint')
    return typeof cell === 'bigint' ? cell >= -int64 && cell < int64 : typeof cell === 'number' && Number.isSafeInteger(cell);
  return typeof cell === 'string';
};

export const checkRow = (refusesRow: Ground['refusesRow'], table: FlatTable, row: FlatRow): void => {
  if (refusesRow(row)) throw new Failure('poison', 'warehouse.data', `the database does not take a row of ${table.name}`);
  for (const [index, { type }] of table.columns.entries()) {
    const cell = row.cells[index] ?? null;
    if (!fits(type, cell)) throw new Failure('poison', 'warehouse.data', `a ${type} column cannot take a ${typeof cell}`, { type });
  }
};

const writeTable = (state: MemoryState, ground: Ground, write: TableWrite): void => {
  const { source, partition, table, version } = write;
  for (const [offset, some] of Map.groupBy(write.rows, (row) => row.offset)) {
    const stored = state.flat.get(flatShelf(table.id, partition), offset);
    const merged = [...(stored?.rows ?? []), ...some].sort((a, b) => a.row - b.row);
    if (new Set(merged.map(({ row }) => row)).size !== merged.length) throw duplicate(`${table.name} ${source}:${partition}:${offset}`);
    for (const row of some) {
      checkRow(ground.refusesRow, table, row);
      const parents = table.parent === null ? null : (state.flat.get(flatShelf(table.parent, partition), offset)?.rows ?? []);
      if (parents !== null && parents.every((parent) => parent.row !== row.parentRow))
        throw new Failure('fatal', 'warehouse.parent-missing', `a row of ${table.name} has no parent row`, { source, partition, offset });
    }
    state.flat.put(flatShelf(table.id, partition), offset, { offset, version, rows: merged });
  }
};
interface TableWrite extends SourcePartition {
  readonly table: FlatTable;
  readonly rows: readonly FlatRow[];
  readonly version: number;
}

const writeFlat = (
  state: MemoryState,
  ground: Ground,
  write: { readonly rows: FlatRows; readonly version: number; readonly known: number },
): void => {
  const schema = ground.schema();
  if (write.known !== schema.version)
    throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again', {
      known: write.known,
      current: schema.version,
    });
  const { source, partition } = write.rows;
  for (const { table, rows } of write.rows.tables) writeTable(state, ground, { source, partition, table, rows, version: write.version });
};

const deleteFlat = (state: MemoryState, schema: FlatSchema, { source, partition, offset }: RecordAt): void => {
  for (const table of schema.tables) if (table.source === source) state.flat.remove(flatShelf(table.id, partition), offset);
};

export const purge = (
  state: MemoryState,
  schema: FlatSchema,
  { rows, range, max }: { readonly rows: PurgedRows; readonly range: RowRange; readonly max: number },
): number => {
  const root = rootOf(schema, range.source);
  const stored =
    rows === 'raw' ? state.raw.all(partitionShelf(range)) : root === undefined ? [] : state.flat.all(flatShelf(root.id, range.partition));
  const offsets = stored.map(({ offset }) => offset).filter((offset) => offset >= range.from && offset < range.to);
  for (const offset of offsets.slice(0, max)) {
    if (rows === 'raw') state.raw.remove(partitionShelf(range), offset);
    else deleteFlat(state, schema, { ...range, offset });
  }
  return Math.min(offsets.length, max);
};

const writeFailures = (state: MemoryState, ground: Ground, failures: readonly RecordFailure[], now: number): void => {
  for (const failure of failures) {
    const before = state.failures.get(recordShelf(failure), failureKey(failure));
    const { phase, source, partition, offset, scope, code, path, detail, version } = failure;
    state.failures.put(recordShelf(failure), failureKey(failure), {
      ...{ phase, source, partition, offset, scope, code, path, detail, version },
      id: before?.id ?? ground.nextId(),
      attempts: (before?.attempts ?? 0) + 1,
      firstAt: before?.firstAt ?? now,
      lastAt: now,
      status: 'open',
    });
  }
};

interface Resolution {
  readonly phase: PhaseName;
  readonly at: RecordAt;
  readonly scopePrefix: string;
  readonly now: number;
}

const resolveFailures = (state: MemoryState, { phase, at, scopePrefix, now }: Resolution): number => {
  const open = state.failures
    .all(recordShelf(at))
    .filter((failure) => failure.status !== 'resolved' && failure.phase === phase && failure.scope.startsWith(scopePrefix));
  for (const failure of open) state.failures.put(recordShelf(at), failureKey(failure), { ...failure, status: 'resolved', lastAt: now });
  return open.length;
};

export const writeRequests = (state: MemoryState, ground: Ground, requests: readonly Omit<Request, 'id'>[]): void => {
  for (const { lane, body } of requests) {
    const id = ground.nextId();
    state.requests.put(laneShelf(lane), id, { id, lane: { phase: lane.phase, source: lane.source, lane: lane.lane }, body });
    if (body.kind !== 'replay') continue;
    for (const failure of state.failures.all(recordShelf(body))) {
      if (failure.status === 'open') state.failures.put(recordShelf(body), failureKey(failure), { ...failure, status: 'replaying' });
    }
  }
};

const writeGroups = (
  state: MemoryState,
  ground: Ground,
  write: { readonly instance: string; readonly lane: number; readonly rows: readonly GroupRow[] },
): void => {
  if (!ground.hasInstance(write.instance))
    throw new Failure('retry', 'warehouse.summary-missing', 'the driver instance has no table yet: ensure it and decide again', {
      instance: write.instance,
    });
  for (const row of write.rows) state.groups.put(write.instance, row.group, { lane: write.lane, row });
};

const setInstanceLive = (state: MemoryState, lane: number, change: { readonly instance: string; readonly live: boolean }): void => {
  if (change.live) state.live.put(String(lane), change.instance, change.instance);
  else state.live.remove(String(lane), change.instance);
};

const writeFacts = (state: MemoryState, lane: LaneKey, facts: LaneState['facts']): void => {
  const row = state.lanes.get('', laneShelf(lane));
  if (row !== undefined) state.lanes.put('', laneShelf(lane), { ...row, facts });
};

export const writePositions = (state: MemoryState, lane: LaneKey, positions: readonly Position[]): void => {
  for (const position of positions) state.positions.put(laneShelf(lane), partitionShelf(position), position);
};

/** Does one write, where the transaction stands; it is done again when the transaction commits. */
export type Perform = <T>(call: string, work: (state: MemoryState) => T) => Promise<T>;

export const memoryWrites = (lane: LaneKey, perform: Perform, ground: Ground): LaneWrites => ({
  writePositions: (positions) => perform('writePositions', (state) => writePositions(state, lane, positions)),
  writeFacts: (facts) => perform('writeFacts', (state) => writeFacts(state, lane, facts)),
  writeRaw: (rows) => perform('writeRaw', (state) => writeRaw(state, rows)),
  writeMessages: (at, messages) => perform('writeMessages', (state) => writeMessages(state, at, messages)),
  forgetMessages: (at, before, max) => perform('deleteMessages', (state) => forgetMessages(state, at, { before, max })),
  writeFlat: (rows, version, known) => perform('writeFlat', (state) => writeFlat(state, ground, { rows, version, known })),
  deleteFlat: (at) => perform('deleteFlat', (state) => deleteFlat(state, ground.schema(), at)),
  purge: (rows, range, max) => perform('purge', (state) => purge(state, ground.schema(), { rows, range, max })),
  freezeGroups: (instance, groups) =>
    perform('freezeGroups', (state) => {
      for (const group of groups) state.frozen.put(instance, group, group);
    }),
  writeGroups: (instance, number, rows) => perform('writeGroups', (state) => writeGroups(state, ground, { instance, lane: number, rows })),
  writeFailures: (failures, now) => perform('writeFailures', (state) => writeFailures(state, ground, failures, now)),
  resolveFailures: (phase, at, scopePrefix, now) =>
    perform('resolveFailures', (state) => resolveFailures(state, { phase, at, scopePrefix, now })),
  writeRequests: (requests) => perform('writeRequests', (state) => writeRequests(state, ground, requests)),
  closeRequests: (ids) =>
    perform('closeRequests', (state) => {
      for (const id of ids) for (const shelf of state.requests.shelves()) state.requests.remove(shelf, id);
    }),
  takeIntent: () =>
    perform('takeIntent', (state) => {
      const intent = state.intents.get('', laneShelf(lane));
      state.intents.remove('', laneShelf(lane));
      return intent?.body ?? null;
    }),
  setInstanceLive: (number, instance, live) => perform('setInstanceLive', (state) => setInstanceLive(state, number, { instance, live })),
});
