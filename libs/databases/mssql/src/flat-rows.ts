import type { SourcePartition } from '@dsf/messages';
import { Failure } from '@dsf/ports';
import type { Cell as FlatCell, FlatRow, FlatRows, FlatTable, FlatTableRows, RowRange } from '@dsf/ports';
import { decodeExact, selectColumn } from './cells.ts';
import { integer, integerOrNull } from './columns.ts';
import type { Cell, Connection, Row } from './connection.ts';
import { deleteInSteps } from './delete-in-steps.ts';
import { checkedBySeeking, longTextMax, quoteName, shortText } from './dialect.ts';
import { layoutOf, systemWriter, type Layout, type RowsOf, type Slot } from './flat-layout.ts';
import { physicalOf, type Catalog } from './schema-catalog.ts';
import type { Growth } from './column-growth.ts';
import { integer as int, raw, sql } from './sql.ts';
import type { Sink } from './wire-cells.ts';
import { writtenRows } from './wire-rows.ts';

/*
 * Root and child rows, in the tables that the path catalog names.
 */

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

const lack = (slot: Slot, exact: string, tableId: number, needs: Needs): void => {
  const columnId = slot.column.id;
  // A short text with an exact column beside it was not allowed to grow: column-growth.ts.
  if (slot.exactAt >= 0) return;
  if (slot.physical.sqlType === shortText) needs.add({ tableId, columnId, need: 'long-text' });
  if (slot.physical.sqlType !== shortText || exact.length > longTextMax) needs.add({ tableId, columnId, need: 'exact' });
};

/** Writes the rows of one table, which are of one source partition and version. */
const rowWriter = (rows: RowsOf, { writers, slots, exacts }: Layout, needs: Needs): ((sink: Sink, row: FlatRow) => void) => {
  const writeSystem = systemWriter(rows);
  const exact: (string | null)[] = Array.from({ length: exacts }, () => null);
  return (sink, row) => {
    writeSystem(sink, row);
    exact.fill(null);
    for (let index = 0; index < slots.length; index += 1) {
      const slot = slots[index];
      const cell = row.cells[index] ?? null;
      const encoded = cell === null || slot === undefined ? null : slot.codec.encode(cell);
      if (slot === undefined || encoded === null || typeof encoded !== 'object') writers[index]?.(sink, encoded);
      else {
        writers[index]?.(sink, encoded.value);
        if (slot.exactAt >= 0) exact[slot.exactAt] = encoded.exact;
        lack(slot, encoded.exact, rows.table.id, needs);
      }
    }
    for (let index = 0; index < exacts; index += 1) writers[slots.length + index]?.(sink, exact[index]);
  };
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
    // All of them before the first is sent: only then is it known what the columns lack.
    return { layout, chunks: [...writtenRows(rows, rowWriter({ source, partition, version, table }, layout, needs))] };
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
  for (const { layout, chunks } of loads)
    if (chunks.length > 0) await connection.load(`${connection.schemas.data}.${layout.table}`, layout.columns, chunks);
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
      sql`DELETE FROM ${raw(nameOf(connection, catalog, table))} WHERE [_dsf_src] = ${int(at.source)} AND [_dsf_part] = ${int(at.partition)} AND [_dsf_off] = ${int(at.offset)} ${raw(checkedBySeeking)}`,
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
