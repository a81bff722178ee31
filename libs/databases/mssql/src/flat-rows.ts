import { TYPES } from 'tedious';
import type { SourcePartition } from '@dsf/messages';
import { Failure } from '@dsf/ports';
import type { Cell as FlatCell, FlatColumn, FlatRow, FlatRows, FlatTable, FlatTableRows, RowRange } from '@dsf/ports';
import { codecOf, decodeExact, selectColumn, type Codec } from './cells.ts';
import { integer, integerOrNull } from './columns.ts';
import type { BulkColumn, Cell, Connection, Row } from './connection.ts';
import { deleteInSteps } from './delete-in-steps.ts';
import { longTextMax, quoteName, shortText } from './dialect.ts';
import { physicalOf, type Catalog, type PhysicalColumn, type PhysicalTable } from './schema-catalog.ts';
import type { Growth } from './schema-changes.ts';
import { integer as int, raw, sql } from './sql.ts';

/*
 * Root and child rows, in the tables that the path catalog names.
 */

interface Slot {
  readonly column: FlatColumn;
  readonly physical: PhysicalColumn;
  readonly codec: Codec;
  /** Place of the exact column among the values of a row; -1 without one. */
  readonly exactAt: number;
}

interface Layout {
  readonly table: string;
  readonly columns: readonly BulkColumn[];
  readonly slots: readonly Slot[];
}

const integerColumn = (name: string, type: BulkColumn['type'], nullable: boolean): BulkColumn => ({ name, type, nullable });

const systemBulkColumns = ({ parent }: FlatTable): readonly BulkColumn[] => [
  integerColumn('_dsf_src', TYPES.Int, false),
  integerColumn('_dsf_part', TYPES.Int, false),
  integerColumn('_dsf_off', TYPES.BigInt, false),
  integerColumn('_dsf_row', TYPES.Int, false),
  integerColumn('_dsf_version', TYPES.Int, false),
  ...(parent === null
    ? [integerColumn('_dsf_time_ms', TYPES.BigInt, true), integerColumn('_dsf_ingested_ms', TYPES.BigInt, true)]
    : [integerColumn('_dsf_parent_row', TYPES.Int, false)]),
  integerColumn('_dsf_list_idx', TYPES.Int, true),
  integerColumn('_dsf_list_idx2', TYPES.Int, true),
  { name: '_dsf_shape', type: TYPES.VarChar, nullable: true, length: 6 },
];

const makeLayout = (table: FlatTable, own: PhysicalTable): Layout => {
  const system = systemBulkColumns(table);
  const columns: BulkColumn[] = [...system];
  const slots = table.columns.map((column, index): Slot => {
    const physical = own.columns[index];
    if (physical === undefined)
      throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again');
    const codec = codecOf(column.type, physical.sqlType);
    columns.push({
      name: physical.name,
      type: codec.wire,
      nullable: true,
      ...(codec.length === undefined ? {} : { length: codec.length }),
    });
    return { column, physical, codec, exactAt: physical.exact === null ? -1 : 0 };
  });
  let next = columns.length;
  const placed = slots.map((slot) => {
    if (slot.physical.exact === null) return slot;
    columns.push({ name: slot.physical.exact, type: TYPES.NVarChar, nullable: true, length: Number.POSITIVE_INFINITY });
    return { ...slot, exactAt: next++ };
  });
  return { table: quoteName(own.name), columns, slots: placed };
};

/** By table as the catalog has it: a table that has changed is another object. */
const layouts = new WeakMap<PhysicalTable, Layout>();

const layoutOf = (catalog: Catalog, table: FlatTable): Layout => {
  const own = physicalOf(catalog, table);
  const known = layouts.get(own);
  if (known !== undefined) return known;
  const current = catalog.schema.tables.find(({ id }) => id === table.id) ?? table;
  const layout = makeLayout(current, own);
  layouts.set(own, layout);
  return layout;
};

/** What rows need and their columns do not have, each once. */
interface Needs {
  readonly add: (growth: Growth) => void;
  readonly list: () => readonly Growth[];
}

const createNeeds = (): Needs => {
  const found = new Map<string, Growth>();
  return {
    add: (growth) => found.set(`${growth.columnId} ${growth.need}`, growth),
    list: () => [...found.values()],
  };
};

const encodeCell = (
  slot: Slot,
  cell: FlatCell,
  at: { readonly values: unknown[]; readonly index: number; readonly tableId: number; readonly needs: Needs },
): void => {
  const { values, index, tableId, needs } = at;
  if (cell === null) return;
  const { value, exact } = slot.codec.encode(cell);
  values[index] = value;
  if (exact === null) return;
  if (slot.exactAt >= 0) values[slot.exactAt] = exact;
  const columnId = slot.column.id;
  if (slot.physical.sqlType === shortText) needs.add({ tableId, columnId, need: 'long-text' });
  if (slot.exactAt < 0 && !(slot.physical.sqlType === shortText && exact.length <= longTextMax))
    needs.add({ tableId, columnId, need: 'exact' });
};

const valuesOf = (
  rows: { readonly source: number; readonly partition: number; readonly version: number; readonly table: FlatTable },
  row: FlatRow,
  layout: Layout,
  needs: Needs,
): readonly unknown[] => {
  const { source, partition, version, table } = rows;
  const values: unknown[] =
    table.parent === null
      ? [source, partition, row.offset, row.row, version, row.time, row.ingestedAt, row.listIdx, row.listIdx2, row.shape]
      : [source, partition, row.offset, row.row, version, row.parentRow, row.listIdx, row.listIdx2, row.shape];
  const system = values.length;
  for (let index = system; index < layout.columns.length; index += 1) values.push(null);
  for (const [index, slot] of layout.slots.entries()) {
    encodeCell(slot, row.cells[index] ?? null, { values, index: system + index, tableId: table.id, needs });
  }
  return values;
};

/** @param want - told what columns lack, before the rows are refused */
export const writeFlat = async (
  connection: Connection,
  catalog: Catalog,
  { rows: { source, partition, tables }, version }: { readonly rows: FlatRows; readonly version: number },
  want: (growths: readonly Growth[]) => void,
): Promise<void> => {
  const needs = createNeeds();
  const loads = tables.map(({ table, rows }) => {
    const layout = layoutOf(catalog, table);
    return { layout, values: rows.map((row) => valuesOf({ source, partition, version, table }, row, layout, needs)) };
  });
  const lacking = needs.list();
  if (lacking.length > 0) {
    want(lacking);
    throw new Failure(
      'retry',
      'warehouse.schema-changed',
      'columns need more room, which they are given now: load the schema and decide again',
      {
        columns: lacking.length,
      },
    );
  }
  for (const { layout, values } of loads) await connection.bulk(`${connection.schemas.data}.${layout.table}`, layout.columns, values);
};

const shapes = ['null', 'object', 'list'] as const;

const shapeOf = (value: Cell | undefined): FlatRow['shape'] => shapes.find((shape) => shape === value) ?? null;

const decodeCell = ({ column, codec }: Slot, value: Cell, exact: Cell): FlatCell => {
  if (exact !== null) return decodeExact(column.type, String(exact));
  return value === null ? null : codec.decode(value);
};

const rowOf = (table: FlatTable, { slots }: Layout, row: Row): FlatRow => {
  const isRoot = table.parent === null;
  const shapeFrom = isRoot ? 4 : 3;
  const cellsFrom = shapeFrom + 3;
  let exactAt = cellsFrom + slots.length;
  return {
    offset: integer(row[0]),
    row: integer(row[1]),
    parentRow: isRoot ? null : integer(row[2]),
    listIdx: integerOrNull(row[shapeFrom] ?? null),
    listIdx2: integerOrNull(row[shapeFrom + 1] ?? null),
    shape: shapeOf(row[shapeFrom + 2]),
    time: isRoot ? integerOrNull(row[2] ?? null) : null,
    ingestedAt: isRoot ? integerOrNull(row[3] ?? null) : null,
    cells: slots.map((slot, index) => decodeCell(slot, row[cellsFrom + index] ?? null, slot.exactAt < 0 ? null : (row[exactAt++] ?? null))),
  };
};

const selectList = ({ slots }: Layout): string =>
  [
    ...slots.map(({ codec, physical }) => selectColumn(codec, physical.name)),
    ...slots.flatMap(({ physical }) => (physical.exact === null ? [] : [quoteName(physical.exact)])),
  ]
    .map((expression) => `, ${expression}`)
    .join('');

const readTable = async (
  connection: Connection,
  catalog: Catalog,
  table: FlatTable,
  { source, partition, from, to }: RowRange,
): Promise<FlatTableRows> => {
  const layout = layoutOf(catalog, table);
  const own = table.parent === null ? '[_dsf_time_ms], [_dsf_ingested_ms]' : '[_dsf_parent_row]';
  const rows = await connection.all(
    sql`SELECT [_dsf_off], [_dsf_row], ${raw(own)}, [_dsf_list_idx], [_dsf_list_idx2], [_dsf_shape]${raw(selectList(layout))} FROM ${raw(`${connection.schemas.data}.${layout.table}`)} WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)} ORDER BY [_dsf_off], [_dsf_row]`,
  );
  return { table, rows: rows.map((row) => rowOf(table, layout, row)) };
};

/** Offset of the first record that no longer fits, counted in the root table, where every record has a row; `to` when all fit. */
const cutOf = async (connection: Connection, root: string, { source, partition, from, to }: RowRange, max: number): Promise<number> => {
  const beyond = await connection.first(
    sql`SELECT DISTINCT [_dsf_off] FROM ${raw(root)} WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)} ORDER BY [_dsf_off] OFFSET ${int(max)} ROWS FETCH NEXT 1 ROWS ONLY`,
  );
  return beyond === undefined ? to : integer(beyond[0]);
};

export interface FlatAnswer {
  readonly rows: FlatRows;
  readonly next: number;
}

const nameOf = (connection: Connection, catalog: Catalog, table: FlatTable): string =>
  `${connection.schemas.data}.${quoteName(physicalOf(catalog, table).name)}`;

const rootOf = ({ schema }: Catalog, source: number): FlatTable | undefined =>
  schema.tables.find((table) => table.source === source && table.parent === null);

/** @param tables - ids; none asks for nothing, and the answer is complete */
export const readFlat = async (
  connection: Connection,
  catalog: Catalog,
  question: { readonly range: RowRange; readonly tables: readonly number[]; readonly max: number },
): Promise<FlatAnswer> => {
  const { range, tables, max } = question;
  const { source, partition } = range;
  const wanted = catalog.schema.tables.filter((table) => table.source === source && tables.includes(table.id));
  const root = rootOf(catalog, source);
  if (root === undefined || wanted.length === 0) return { rows: { source, partition, tables: [] }, next: range.to };
  const next = await cutOf(connection, nameOf(connection, catalog, root), range, max);
  const found: FlatTableRows[] = [];
  for (const table of wanted) {
    const rows = await readTable(connection, catalog, table, { ...range, to: next });
    if (rows.rows.length > 0) found.push(rows);
  }
  return { rows: { source, partition, tables: found }, next };
};

/** Children first, so that no foreign key is ever broken. */
export const deleteFlat = async (
  connection: Connection,
  catalog: Catalog,
  at: SourcePartition & { readonly offset: number },
): Promise<void> => {
  for (const table of catalog.schema.tables.toReversed()) {
    if (table.source !== at.source) continue;
    await connection.run(
      sql`DELETE FROM ${raw(nameOf(connection, catalog, table))} WHERE [_dsf_src] = ${int(at.source)} AND [_dsf_part] = ${int(at.partition)} AND [_dsf_off] = ${int(at.offset)}`,
    );
  }
};

export const findFlatSince = async (connection: Connection, catalog: Catalog, range: RowRange, time: number): Promise<number | null> => {
  const { source, partition, from, to } = range;
  const root = rootOf(catalog, source);
  if (root === undefined) return null;
  const row = await connection.first(
    sql`SELECT TOP (1) [_dsf_off] FROM ${raw(nameOf(connection, catalog, root))} WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)} AND [_dsf_time_ms] >= ${int(time)} ORDER BY [_dsf_off], [_dsf_row]`,
  );
  return integerOrNull(row?.[0] ?? null);
};

/** Children first, so that no foreign key is ever broken. */
export const purgeFlat = async (connection: Connection, catalog: Catalog, range: RowRange, max: number): Promise<number> => {
  const root = rootOf(catalog, range.source);
  if (root === undefined) return 0;
  const { source, partition, from } = range;
  const table = nameOf(connection, catalog, root);
  const to = await cutOf(connection, table, range, max);
  const counted = await connection.first(
    sql`SELECT COUNT_BIG(DISTINCT [_dsf_off]) FROM ${raw(table)} WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)}`,
  );
  for (const one of catalog.schema.tables.toReversed()) {
    if (one.source === source) await deleteInSteps(connection, nameOf(connection, catalog, one), { ...range, to });
  }
  return integer(counted?.[0]);
};
