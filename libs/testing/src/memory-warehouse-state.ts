import type { RawRecord, SourcePartition } from '@dsf/messages';
import type {
  Cell,
  FlatColumn,
  FlatRow,
  FlatRows,
  FlatSchema,
  FlatTable,
  GroupRow,
  LaneKey,
  LanePosition,
  LaneReads,
  LaneState,
  Position,
  PurgedRows,
  RawRow,
  Request,
  RowRange,
  StoredFailure,
} from '@dsf/ports';
import { createShelf, type Shelf } from './memory-warehouse-shelf.ts';

/** The rows of one record in one flat table, and the catalog version that made them. */
export interface StoredFlat {
  readonly offset: number;
  readonly version: number;
  readonly rows: readonly FlatRow[];
}

/** What a store of rows keeps of one record: which generation of its rows counts, and those that wait for their root row. */
export interface StoredGeneration {
  readonly offset: number;
  readonly shown: number;
  readonly rows: readonly {
    readonly generation: number;
    readonly table: number;
    readonly version: number;
    readonly rows: readonly FlatRow[];
  }[];
}

/** Everything that lane transactions write. Shelves are named by the functions below. */
export interface MemoryState {
  readonly lanes: Shelf<{ readonly lane: LaneKey; readonly seq: number; readonly facts: LaneState['facts'] }>;
  readonly positions: Shelf<Position>;
  readonly raw: Shelf<RawRow>;
  readonly flat: Shelf<StoredFlat>;
  readonly groups: Shelf<{ readonly lane: number; readonly row: GroupRow }>;
  readonly failures: Shelf<StoredFailure>;
  readonly requests: Shelf<Request>;
  readonly live: Shelf<string>;
  readonly frozen: Shelf<string>;
  /** In a store of rows alone. */
  readonly generations: Shelf<StoredGeneration>;
  readonly summaries: Shelf<GroupRow>;
  /** By source and id. */
  readonly messages: Shelf<{ readonly id: string; readonly partition: number; readonly time: number }>;
  readonly intents: Shelf<{ readonly lane: LaneKey; readonly body: Uint8Array }>;
}

export const createState = (below: MemoryState | null): MemoryState => ({
  lanes: createShelf(below?.lanes ?? null),
  positions: createShelf(below?.positions ?? null),
  raw: createShelf(below?.raw ?? null),
  flat: createShelf(below?.flat ?? null),
  groups: createShelf(below?.groups ?? null),
  failures: createShelf(below?.failures ?? null),
  requests: createShelf(below?.requests ?? null),
  live: createShelf(below?.live ?? null),
  frozen: createShelf(below?.frozen ?? null),
  generations: createShelf(below?.generations ?? null),
  summaries: createShelf(below?.summaries ?? null),
  messages: createShelf(below?.messages ?? null),
  intents: createShelf(below?.intents ?? null),
});

export const mergeState = (state: MemoryState): void => {
  for (const shelf of Object.values(state) as readonly Shelf<unknown>[]) shelf.merge();
};

/** A copy that changes of the other do not reach; rows are never changed in place. */
export const copyState = (state: MemoryState): MemoryState => {
  const copy = createState(null);
  const from = Object.values(state) as readonly Shelf<unknown>[];
  const to = Object.values(copy) as readonly Shelf<unknown>[];
  for (const [index, shelf] of from.entries())
    for (const name of shelf.shelves()) for (const [key, row] of shelf.entries(name)) to[index]?.put(name, key, row);
  return copy;
};

export type RecordAt = SourcePartition & { readonly offset: number };

export const laneShelf = ({ phase, source, lane }: LaneKey): string => `${phase}/${source}/${lane}`;
export const partitionShelf = ({ source, partition }: SourcePartition): string => `${source}:${partition}`;
export const flatShelf = (table: number, partition: number): string => `${table}:${partition}`;
export const recordShelf = ({ source, partition, offset }: RecordAt): string => `${source}:${partition}:${offset}`;
export const failureKey = ({ phase, scope }: Pick<StoredFailure, 'phase' | 'scope'>): string => `${phase}\u0000${scope}`;

export const loadLane = (state: MemoryState, key: LaneKey): LaneState => {
  const lane = state.lanes.get('', laneShelf(key));
  if (lane === undefined) return { seq: 0, positions: [], facts: {} };
  const positions = [...state.positions.all(laneShelf(key))].sort((a, b) => a.source - b.source || a.partition - b.partition);
  return { seq: lane.seq, positions, facts: lane.facts };
};

export const allPositions = (state: MemoryState): readonly LanePosition[] =>
  state.lanes
    .all('')
    .flatMap(({ lane }) => loadLane(state, lane).positions.map((position) => ({ ...position, phase: lane.phase, lane: lane.lane })));

const readEnds = (state: MemoryState, source: number): readonly Position[] =>
  state.lanes
    .all('')
    .flatMap(({ lane }) => (lane.phase === 'ingest' && lane.source === source ? loadLane(state, lane).positions : []))
    .sort((a, b) => a.partition - b.partition);

const within = (range: RowRange, offset: number): boolean => offset >= range.from && offset < range.to;

const recordOf = ({ topic: _topic, sha256: _sha256, ...record }: RawRow): RawRecord => record;

const readRaw = (state: MemoryState, range: RowRange, max: number): readonly RawRecord[] =>
  state.raw
    .all(partitionShelf(range))
    .filter(({ offset }) => within(range, offset))
    .slice(0, max)
    .map(recordOf);

/** A column that was widened gives its older values as decimal text. */
const readCell = ({ type }: FlatColumn, cell: Cell | undefined): Cell =>
  cell === undefined || cell === null
    ? null
    : type === 'decimal' && (typeof cell === 'number' || typeof cell === 'bigint')
      ? String(cell)
      : cell;

const readRow = (table: FlatTable, row: FlatRow): FlatRow => ({
  ...row,
  cells: table.columns.map((column, index) => readCell(column, row.cells[index])),
});

export const rootOf = ({ tables }: FlatSchema, source: number): FlatTable | undefined =>
  tables.find((table) => table.source === source && table.parent === null);

const readFlat = (
  state: MemoryState,
  schema: FlatSchema,
  { range, tables, max }: { readonly range: RowRange; readonly tables: readonly number[]; readonly max: number },
): { readonly rows: FlatRows; readonly next: number } => {
  const { source, partition } = range;
  const wanted = schema.tables.filter((table) => table.source === source && tables.includes(table.id));
  const root = rootOf(schema, source);
  if (root === undefined || wanted.length === 0) return { rows: { source, partition, tables: [] }, next: range.to };
  const stored = (table: FlatTable): readonly StoredFlat[] =>
    state.flat.all(flatShelf(table.id, partition)).filter(({ offset }) => within(range, offset));
  const next = stored(root)[max]?.offset ?? range.to;
  const found = wanted.map((table) => ({
    table,
    rows: stored(table)
      .filter(({ offset }) => offset < next)
      .flatMap(({ rows }) => rows.map((row) => readRow(table, row))),
  }));
  return { rows: { source, partition, tables: found.filter(({ rows }) => rows.length > 0) }, next };
};

const readGroupsByRevision = (
  state: MemoryState,
  instance: string,
  page: { readonly lane: number; readonly from: number; readonly to: number; readonly after: string | null; readonly max: number },
): readonly GroupRow[] =>
  state.groups
    .all(instance)
    .filter(({ lane, row }) => lane === page.lane && row.revision >= page.from && row.revision < page.to)
    .map(({ row }) => row)
    .filter((row) => page.after === null || row.revision > page.from || row.group > page.after)
    .sort((a, b) => a.revision - b.revision || (a.group < b.group ? -1 : 1))
    .slice(0, page.max);

const readFailures = (state: MemoryState, at: RecordAt): ReturnType<LaneReads['readFailures']> extends Promise<infer Rows> ? Rows : never =>
  state.failures
    .all(recordShelf(at))
    .filter(({ status }) => status !== 'resolved')
    .map(({ id: _id, attempts: _attempts, firstAt: _firstAt, lastAt: _lastAt, status: _status, ...failure }) => failure);

const findSince = (
  state: MemoryState,
  schema: FlatSchema,
  question: { readonly rows: PurgedRows; readonly range: RowRange; readonly time: number },
): number | null => {
  const { rows, range, time } = question;
  if (rows === 'raw')
    return state.raw.all(partitionShelf(range)).find((row) => within(range, row.offset) && row.time >= time)?.offset ?? null;
  const root = rootOf(schema, range.source);
  if (root === undefined) return null;
  const isSince = (row: FlatRow): boolean => row.time !== null && row.time >= time;
  return (
    state.flat.all(flatShelf(root.id, range.partition)).find((one) => within(range, one.offset) && one.rows.some(isSince))?.offset ?? null
  );
};

/** Offsets at which a record of the source partition still needs its rows. */
const needed = (state: MemoryState, { source, partition }: SourcePartition): readonly number[] => {
  const shelves = state.failures.shelves().filter((shelf) => shelf.startsWith(`${source}:${partition}:`));
  const failures = shelves
    .flatMap((shelf) => state.failures.all(shelf))
    .filter(
      ({ phase, status, code }) => status !== 'resolved' && (phase === 'flatten' || phase === 'summarise') && code !== 'summarise.frozen',
    );
  const replays = state.requests
    .shelves()
    .flatMap((shelf) => state.requests.all(shelf))
    .flatMap(({ body }) => (body.kind === 'replay' && body.source === source && body.partition === partition ? [body] : []));
  return [...failures, ...replays].map(({ offset }) => offset);
};

/** Runs one read on a state: at once, or where its turn comes. */
export type OnState = <T>(call: string, work: (state: MemoryState) => T) => Promise<T>;

export const memoryReads = (on: OnState, schema: () => FlatSchema): LaneReads => ({
  readRaw: (range, max) => on('readRaw', (state) => readRaw(state, range, max)),
  readFlat: (range, tables, max) => on('readFlat', (state) => readFlat(state, schema(), { range, tables, max })),
  readGroups: (instance, groups) =>
    on('readGroups', (state) =>
      groups.flatMap((group) => {
        const found = state.groups.get(instance, group);
        return found === undefined ? [] : [found.row];
      }),
    ),
  readGroupsByRevision: (instance, ...[lane, from, to, after, max]) =>
    on('readGroupsByRevision', (state) => readGroupsByRevision(state, instance, { lane, from, to, after, max })),
  readRequests: (lane, max) => on('readRequests', (state) => state.requests.all(laneShelf(lane)).slice(0, max)),
  readLiveInstances: (lane) => on('readLiveInstances', (state) => state.live.all(String(lane))),
  readEnds: (source) => on('readEnds', (state) => readEnds(state, source)),
  readFailures: (at) => on('readFailures', (state) => readFailures(state, at)),
  findSince: (rows, range, time) => on('findSince', (state) => findSince(state, schema(), { rows, range, time })),
  readNeeded: (at) =>
    on('readNeeded', (state) => {
      const offsets = needed(state, at);
      return offsets.length === 0 ? null : Math.min(...offsets);
    }),
  readMessages: (source, ids) => on('readMessages', (state) => ids.filter((id) => state.messages.get(String(source), id) !== undefined)),
  readFrozen: (instance, groups) => on('readFrozen', (state) => groups.filter((group) => state.frozen.get(instance, group) !== undefined)),
});
