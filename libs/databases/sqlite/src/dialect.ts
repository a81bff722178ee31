import type { ColumnType } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { FlatTable, WarehouseCapabilities } from '@dsf/ports';

/*
 * SQLite's words: names, types and DDL as text. Nothing here touches a database.
 */

export const capabilities: WarehouseCapabilities = {
  system: 'sqlite',
  // SQLite has no limit of its own; 128 is SQL Server's, so that a pipeline can move there.
  nameLengthMax: 128,
  // SQLITE_MAX_COLUMN is 2,000; the rest is for DSF's own columns.
  columnsMax: 1_980,
  decimal: { precision: 38, scale: 12 },
  rowsAtHand: true,
};

export const quoteName = (name: string): string => {
  // SQLite reads SQL as C strings: a NUL would end the statement inside the name.
  if (name === '' || name.includes('\0') || !name.isWellFormed())
    throw new Failure('fatal', 'warehouse.name-invalid', 'a table or column name is empty, or holds NUL or a lone surrogate');
  return `"${name.replaceAll('"', '""')}"`;
};

/**
 * Declared types. SQLite derives from the word what it does with a value: all that end in _TEXT keep text as it is, digit for digit;
 * NUMERIC or DECIMAL alone would round through doubles. https://sqlite.org/datatype3.html#determination_of_column_affinity
 */
const declaredTypes: Readonly<Record<ColumnType, string>> = {
  boolean: 'BOOLEAN_INTEGER',
  bigint: 'BIGINT',
  decimal: 'DECIMAL_TEXT(38,12)',
  double: 'DOUBLE',
  text: 'TEXT',
  timestamp: 'TIMESTAMP_TEXT',
  date: 'DATE_TEXT',
  json: 'JSON_TEXT',
};

export const declaredType = (type: ColumnType): string => declaredTypes[type];

const columnDefinition = (name: string, type: ColumnType): string => {
  const check = type === 'boolean' ? ` CHECK (${quoteName(name)} IN (0, 1))` : '';
  return `${quoteName(name)} ${declaredType(type)}${check}`;
};

const rowKey = ['_dsf_src', '_dsf_part', '_dsf_off', '_dsf_row'] as const;
const rootColumns = ['_dsf_time', '_dsf_ingested_at'] as const;
const childColumns = ['_dsf_parent_row'] as const;
/** A root row has them too: a message may be a list of roots, or nothing but null. */
const shapeColumns = ['_dsf_list_idx', '_dsf_list_idx2', '_dsf_shape'] as const;

/** DSF's own columns of a flat table, in the order in which they stand. */
export const systemColumns = (table: Pick<FlatTable, 'parent'>): readonly string[] => [
  ...rowKey,
  '_dsf_version',
  ...(table.parent === null ? rootColumns : childColumns),
  ...shapeColumns,
];

const commonDefinitions = [
  '_dsf_src INTEGER NOT NULL',
  '_dsf_part INTEGER NOT NULL',
  '_dsf_off INTEGER NOT NULL',
  '_dsf_row INTEGER NOT NULL',
  '_dsf_version INTEGER NOT NULL',
];
const rootDefinitions = ['_dsf_time INTEGER', '_dsf_ingested_at INTEGER'];
const childDefinitions = ['_dsf_parent_row INTEGER NOT NULL'];
const shapeDefinitions = [
  '_dsf_list_idx INTEGER',
  '_dsf_list_idx2 INTEGER',
  "_dsf_shape TEXT CHECK (_dsf_shape IN ('null', 'object', 'list'))",
];
const primaryKey = `PRIMARY KEY (${rowKey.join(', ')})`;

/**
 * A rowid table, like dsf_raw: in a WITHOUT ROWID table the rows are the nodes of the key's tree, and SQLite reads the whole of a row to
 * compare its key. Every child row looks for its parent, so one message of 32 MB made each child row of its neighbours take 4 ms instead of 1 µs.
 */
export const createFlatTable = (
  name: string,
  parentName: string | null,
  columns: readonly { readonly name: string; readonly type: ColumnType }[],
): string => {
  const own = parentName === null ? rootDefinitions : childDefinitions;
  const foreignKey =
    parentName === null
      ? []
      : [`FOREIGN KEY (_dsf_src, _dsf_part, _dsf_off, _dsf_parent_row) REFERENCES ${quoteName(parentName)} (${rowKey.join(', ')})`];
  return `CREATE TABLE ${quoteName(name)} (\n  ${[...commonDefinitions, ...own, ...shapeDefinitions, ...columns.map((column) => columnDefinition(column.name, column.type)), primaryKey, ...foreignKey].join(',\n  ')}\n)`;
};

export const addColumn = (table: string, name: string, type: ColumnType): string =>
  `ALTER TABLE ${quoteName(table)} ADD COLUMN ${columnDefinition(name, type)}`;

const widening = '_dsf_widening';

/** bigint → decimal: the integers as text, in a column of the same name. Its place in the table changes, its place in the path catalog does not. */
export const widenToDecimal = (table: string, name: string): readonly string[] => {
  const [quotedTable, column] = [quoteName(table), quoteName(name)];
  return [
    `ALTER TABLE ${quotedTable} ADD COLUMN ${widening} ${declaredType('decimal')}`,
    `UPDATE ${quotedTable} SET ${widening} = CAST(${column} AS TEXT) WHERE ${column} IS NOT NULL`,
    `ALTER TABLE ${quotedTable} DROP COLUMN ${column}`,
    `ALTER TABLE ${quotedTable} RENAME COLUMN ${widening} TO ${column}`,
  ];
};
