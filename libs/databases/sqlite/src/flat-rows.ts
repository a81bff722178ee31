import type { SQLOutputValue } from 'node:sqlite';
import type { ColumnType } from '@dsf/metadata';
import type { SourcePartition } from '@dsf/messages';
import { Failure } from '@dsf/ports';
import type { Cell, FlatRow, FlatRows, FlatSchema, FlatTable, FlatTableRows, RowRange } from '@dsf/ports';
import { integer, integerOrNull, text, toText } from './columns.ts';
import type { Bind, Connection, Row } from './connection.ts';
import { quoteName, systemColumns } from './dialect.ts';
import { createFramedInsert, insertFramed, type FramedInsert } from './insert-rows.ts';

/*
 * Root and child rows, in the tables that the path catalog names.
 */

const misfit = (type: ColumnType, cell: Cell): Failure =>
  new Failure('poison', 'warehouse.data', `a ${type} column cannot take a ${typeof cell}`, { type });

const encodeNumber = (type: ColumnType, cell: number): Bind => {
  // Bound as REAL, which an INTEGER column turns back exactly up to 2^53; NaN would become NULL.
  if (type === 'double' && !Number.isNaN(cell)) return cell;
  if (type === 'bigint' && Number.isSafeInteger(cell)) return cell;
  throw misfit(type, cell);
};

/** A cell as it is bound. A number into a TEXT column would become '5.0', so every type takes its own JavaScript type only. */
const encodeCell = (type: ColumnType, cell: Exclude<Cell, null>): Bind => {
  if (typeof cell === 'number') return encodeNumber(type, cell);
  if (typeof cell === 'string' && type !== 'boolean' && type !== 'bigint' && type !== 'double') return toText(cell);
  if (typeof cell === 'bigint' && type === 'bigint') return cell;
  if (typeof cell === 'boolean' && type === 'boolean') return cell ? 1 : 0;
  throw misfit(type, cell);
};

const decodeCell = (type: ColumnType, value: SQLOutputValue | undefined): Cell => {
  if (value === null || value === undefined) return null;
  if (type === 'boolean') return value === 1;
  if (type === 'bigint') return typeof value === 'string' ? BigInt(value) : integer(value);
  if (type === 'double') return integer(value);
  return text(value);
};

/** Integers beyond 2^53 come out as text, so that node:sqlite need not make a bigint of every offset. */
const selectExpression = (name: string, type: ColumnType): string =>
  type === 'bigint' ? `CASE WHEN ${name} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${name} ELSE CAST(${name} AS TEXT) END` : name;

const bindOwn = (table: FlatTable, values: Bind[], at: number, row: FlatRow): void => {
  let next = at;
  values[next++] = row.offset;
  values[next++] = row.row;
  if (table.parent === null) {
    values[next++] = row.time;
    values[next++] = row.ingestedAt;
  } else {
    values[next++] = row.parentRow;
  }
  values[next++] = row.listIdx;
  values[next++] = row.listIdx2;
  values[next++] = row.shape;
  const { columns } = table;
  const { cells } = row;
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index];
    const cell = cells[index];
    values[next++] = column === undefined || cell === undefined || cell === null ? null : encodeCell(column.type, cell);
  }
};

/** Every row of a batch has them alike. */
const frameColumns = ['_dsf_src', '_dsf_part', '_dsf_version'];

const makeInsert = (table: FlatTable): FramedInsert => {
  const own = [...systemColumns(table).filter((name) => !frameColumns.includes(name)), ...table.columns.map(({ name }) => quoteName(name))];
  const into = `INSERT INTO ${quoteName(table.name)} (${[...frameColumns, ...own].join(', ')})`;
  return createFramedInsert(
    into,
    frameColumns.length,
    own.map(() => '?'),
  );
};

/** By table as the schema has it: a table that has changed is another object. */
const inserts = new WeakMap<FlatTable, FramedInsert>();

const insertInto = (table: FlatTable): FramedInsert => {
  const insert = inserts.get(table) ?? makeInsert(table);
  inserts.set(table, insert);
  return insert;
};

export const writeFlat = (connection: Connection, { source, partition, tables }: FlatRows, version: number): void => {
  const frame = [source, partition, version];
  for (const { table, rows } of tables)
    insertFramed(connection, insertInto(table), { frame, items: rows }, (values, at, row) => bindOwn(table, values, at, row));
};

const shapes = ['null', 'object', 'list'] as const;

const shapeOf = (value: SQLOutputValue | undefined): FlatRow['shape'] => shapes.find((shape) => shape === value) ?? null;

const rowOf = (table: FlatTable, row: Row): FlatRow => {
  const isRoot = table.parent === null;
  const [offset, number] = row;
  const shapeFrom = isRoot ? 4 : 3;
  return {
    offset: integer(offset),
    row: integer(number),
    parentRow: isRoot ? null : integer(row[2]),
    listIdx: integerOrNull(row[shapeFrom]),
    listIdx2: integerOrNull(row[shapeFrom + 1]),
    shape: shapeOf(row[shapeFrom + 2]),
    time: isRoot ? integerOrNull(row[2]) : null,
    ingestedAt: isRoot ? integerOrNull(row[3]) : null,
    cells: table.columns.map(({ type }, index) => decodeCell(type, row[shapeFrom + 3 + index])),
  };
};

const readTable = (connection: Connection, table: FlatTable, { source, partition, from, to }: RowRange): FlatTableRows => {
  const own = table.parent === null ? '_dsf_time, _dsf_ingested_at' : '_dsf_parent_row';
  const cells = table.columns.map(({ name, type }) => `, ${selectExpression(quoteName(name), type)}`).join('');
  const rows = connection.all(
    `SELECT _dsf_off, _dsf_row, ${own}, _dsf_list_idx, _dsf_list_idx2, _dsf_shape${cells} FROM ${quoteName(table.name)}
      WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ? ORDER BY _dsf_off, _dsf_row`,
    source,
    partition,
    from,
    to,
  );
  return { table, rows: rows.map((row) => rowOf(table, row)) };
};

/** Offset of the first record that no longer fits, counted in the root table, where every record has a row; `to` when all fit. */
const cutOf = (connection: Connection, root: FlatTable, { source, partition, from, to }: RowRange, max: number): number => {
  const beyond = connection.first(
    `SELECT DISTINCT _dsf_off FROM ${quoteName(root.name)} WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ? ORDER BY _dsf_off LIMIT 1 OFFSET ?`,
    source,
    partition,
    from,
    to,
    max,
  );
  return beyond === undefined ? to : integer(beyond[0]);
};

const rootOf = ({ tables }: FlatSchema, source: number): FlatTable | undefined =>
  tables.find((table) => table.source === source && table.parent === null);

export interface FlatAnswer {
  readonly rows: FlatRows;
  readonly next: number;
}

/** @param tables - ids; none asks for nothing, and the answer is complete */
export const readFlat = (
  connection: Connection,
  schema: FlatSchema,
  question: { readonly range: RowRange; readonly tables: readonly number[]; readonly max: number },
): FlatAnswer => {
  const { range, tables, max } = question;
  const { source, partition } = range;
  const wanted = schema.tables.filter((table) => table.source === source && tables.includes(table.id));
  const root = rootOf(schema, source);
  if (root === undefined || wanted.length === 0) return { rows: { source, partition, tables: [] }, next: range.to };
  const next = cutOf(connection, root, range, max);
  const found = wanted.map((table) => readTable(connection, table, { ...range, to: next })).filter(({ rows }) => rows.length > 0);
  return { rows: { source, partition, tables: found }, next };
};

export const findFlatSince = (connection: Connection, schema: FlatSchema, range: RowRange, time: number): number | null => {
  const root = rootOf(schema, range.source);
  if (root === undefined) return null;
  const row = connection.first(
    `SELECT _dsf_off FROM ${quoteName(root.name)}
      WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ? AND _dsf_time >= ? ORDER BY _dsf_off, _dsf_row LIMIT 1`,
    range.source,
    range.partition,
    range.from,
    range.to,
    time,
  );
  return integerOrNull(row?.[0] ?? null);
};

/** Children first, so that no foreign key is ever broken. */
export const purgeFlat = (connection: Connection, schema: FlatSchema, range: RowRange, max: number): number => {
  const root = rootOf(schema, range.source);
  if (root === undefined) return 0;
  const { source, partition, from } = range;
  const to = cutOf(connection, root, range, max);
  const within = '_dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ?';
  const counted = connection.first(
    `SELECT count(DISTINCT _dsf_off) FROM ${quoteName(root.name)} WHERE ${within}`,
    ...[source, partition, from, to],
  );
  for (const table of schema.tables.toReversed()) {
    if (table.source === source) connection.run(`DELETE FROM ${quoteName(table.name)} WHERE ${within}`, source, partition, from, to);
  }
  return integer(counted?.[0]);
};

/** Children first, so that no foreign key is ever broken. */
export const deleteFlat = (connection: Connection, schema: FlatSchema, at: SourcePartition & { readonly offset: number }): void => {
  for (const table of schema.tables.toReversed()) {
    if (table.source !== at.source) continue;
    connection.run(
      `DELETE FROM ${quoteName(table.name)} WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off = ?`,
      at.source,
      at.partition,
      at.offset,
    );
  }
};
