import { Failure, type FlatRow, type GroupRow, type RawRow, type RowStore, type RowWrite } from '@dsf/ports';
import { memoryFolds } from './memory-folds.ts';
import type { MemoryDatabase } from './memory-warehouse-database.ts';
import { flatShelf, memoryReads, partitionShelf, rootOf, type StoredGeneration } from './memory-warehouse-state.ts';
import { checkRow, purge } from './memory-warehouse-writes.ts';

/** Where a test may come between a caller and the store. */
export interface RowHooks {
  before(call: string): Promise<void>;
  /** Appends the pieces in their order: all, some, again, later. */
  append(pieces: readonly (() => void)[]): Promise<void>;
  /** The record shows other rows from now on, or none. */
  changed(at: { readonly source: number; readonly partition: number; readonly offset: number }): void;
}

const noHooks: RowHooks = {
  before: async () => undefined,
  async append(pieces) {
    for (const piece of pieces) piece();
  },
  changed: () => undefined,
};

/** Bytes by what they are, not by the class that holds them. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array || Array.isArray(value)) return Array.from(value as Iterable<unknown>, plain);
  return Object.entries(value).map(([name, member]) => [name, plain(member)]);
};
const textOf = (data: unknown): string => JSON.stringify(plain(data));

/** All copies of a key must be equal: a reader is shown any of them. */
const assertEqual = (what: string, one: unknown, other: unknown): void => {
  if (textOf(one) !== textOf(other)) throw new Failure('fatal', 'rows.copies-differ', `two copies of ${what} differ`);
};

type FlatWrite = Extract<RowWrite, { kind: 'flat' }>;

/** One table's rows of one record. */
interface Part {
  readonly source: number;
  readonly partition: number;
  readonly offset: number;
  readonly table: number;
  readonly isRoot: boolean;
  readonly generation: number;
  readonly version: number;
  readonly rows: readonly FlatRow[];
}

const partsOf = ({ rows: { source, partition, tables }, version, generation }: FlatWrite): readonly Part[] =>
  tables.flatMap(({ table, rows }) =>
    [...Map.groupBy(rows, ({ offset }) => offset)].map(([offset, own]) => ({
      ...{ source, partition, offset, version, generation },
      table: table.id,
      isRoot: table.parent === null,
      rows: own,
    })),
  );

/** Rows in memory behind the rules of a store without transactions; what its views would show stands where a warehouse in memory keeps its rows. */
export const openMemoryRowStore = (database: MemoryDatabase, hooks: RowHooks = noHooks): RowStore => {
  const state = () => database.state;

  const addRaw = (row: RawRow): void => {
    const before = state().raw.get(partitionShelf(row), row.offset);
    if (before === undefined) state().raw.put(partitionShelf(row), row.offset, row);
    else assertEqual(`raw row ${partitionShelf(row)}:${row.offset}`, before, row);
  };

  /** The rows that the record shows: those of the generation of its newest root row. */
  const show = (at: Pick<Part, 'source' | 'partition' | 'offset'>, stored: StoredGeneration): void => {
    for (const table of database.schema.tables.filter(({ source }) => source === at.source)) {
      const own = stored.rows.find((part) => part.generation === stored.shown && part.table === table.id);
      const shelf = flatShelf(table.id, at.partition);
      if (own === undefined) state().flat.remove(shelf, at.offset);
      else state().flat.put(shelf, at.offset, { offset: at.offset, version: own.version, rows: own.rows });
    }
    state().generations.put(partitionShelf(at), at.offset, stored);
  };

  const addPart = (part: Part): void => {
    const before = state().generations.get(partitionShelf(part), part.offset) ?? { offset: part.offset, shown: 0, rows: [] };
    const same = before.rows.find(({ generation, table }) => generation === part.generation && table === part.table);
    if (same !== undefined) return assertEqual(`rows of record ${partitionShelf(part)}:${part.offset}`, same.rows, part.rows);
    const { generation, table, version, rows } = part;
    const shown = part.isRoot ? Math.max(before.shown, generation) : before.shown;
    if (shown !== before.shown) hooks.changed(part);
    show(part, { offset: part.offset, shown, rows: [...before.rows, { generation, table, version, rows }] });
  };

  const addTombstone = ({ at, generation }: Extract<RowWrite, { kind: 'tombstone' }>): void => {
    const before = state().generations.get(partitionShelf(at), at.offset) ?? { offset: at.offset, shown: 0, rows: [] };
    if (generation > before.shown) hooks.changed(at);
    show(at, { ...before, shown: Math.max(before.shown, generation) });
  };

  const addGroup = (instance: string, row: GroupRow): void => {
    const before = state().summaries.get(instance, row.group);
    if (before === undefined || before.revision < row.revision) state().summaries.put(instance, row.group, row);
    else if (before.revision === row.revision) assertEqual(`group ${instance} ${row.group}`, before, row);
  };

  /** Children first: nobody is shown them before their root row is there. */
  const piecesOf = (write: RowWrite): readonly (() => void)[] => {
    if (write.kind === 'raw') return write.rows.map((row) => () => addRaw(row));
    if (write.kind === 'groups') return write.rows.map((row) => () => addGroup(write.instance, row));
    if (write.kind === 'tombstone') return [() => addTombstone(write)];
    return partsOf(write)
      .toReversed()
      .map((part) => () => addPart(part));
  };

  const check = (writes: readonly RowWrite[]): void => {
    for (const write of writes)
      if (write.kind === 'flat')
        for (const { table, rows } of write.rows.tables) for (const row of rows) checkRow(database.refusesRow, table, row);
  };

  const reads = memoryReads(
    async (call, work) => {
      await hooks.before(`rows.${call}`);
      return work(state());
    },
    () => database.schema,
  );

  const readFlat: RowStore['reads']['readFlat'] = (_schema, { range, tables, max }) => reads.readFlat(range, tables, max);

  return {
    capabilities: { nameLengthMax: 128, columnsMax: 1000, decimal: { precision: 38, scale: 12 } },
    check,
    async append(writes) {
      await hooks.before('append');
      await hooks.append(writes.flatMap(piecesOf));
    },
    follow: () => hooks.before('follow'),
    ensureSummaryTables: () => hooks.before('rows.ensureSummaryTables'),
    show: () => hooks.before('show'),
    reads: {
      readRaw: (range, max) => reads.readRaw(range, max),
      readFlat,
      findSince: (rows, range, time) => reads.findSince(rows, range, time),
    },
    folds: memoryFolds(readFlat),
    async purge(rows, range) {
      await hooks.before('rows.purge');
      const root = rootOf(database.schema, range.source);
      if (rows === 'flat' && root === undefined) return 0;
      return purge(state(), database.schema, { rows, range, max: Number.MAX_SAFE_INTEGER });
    },
    tables: async () => [],
    query: async () => {
      throw new Failure('fatal', 'query.refused', 'rows in memory know no SQL');
    },
    close: async () => undefined,
  };
};
