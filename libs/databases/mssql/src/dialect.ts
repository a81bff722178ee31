import type { ColumnType } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { FlatTable, WarehouseCapabilities } from '@dsf/ports';
import { fitNames } from './names.ts';
import { columnsThatFit } from './row-size.ts';

/*
 * SQL Server's words: names, types and DDL as text. Nothing here touches a database.
 */

export const capabilities: WarehouseCapabilities = {
  nameLengthMax: 128,
  // Not the 1,024 columns of a table: a row of so many would not fit its page. See row-size.ts.
  columnsMax: columnsThatFit,
  decimal: { precision: 38, scale: 12 },
  system: 'microsoft.sql_server',
};

/** A regular or delimited identifier has 1 to 128 UTF-16 units: https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers */
export const quoteName = (name: string): string => {
  if (name === '' || name.length > capabilities.nameLengthMax || name.includes('\0') || !name.isWellFormed())
    throw new Failure(
      'fatal',
      'warehouse.name-invalid',
      'a table or column name is empty, longer than 128 letters, or holds NUL or a lone surrogate',
    );
  return `[${name.replaceAll(']', ']]')}]`;
};

/** A text as a Unicode literal. */
export const quoteText = (text: string): string => `N'${text.replaceAll("'", "''")}'`;

/**
 * A word of ours as a literal for a varchar column. Beside N'…' the column would be converted, because nvarchar comes before varchar in
 * https://learn.microsoft.com/sql/t-sql/data-types/data-type-precedence-transact-sql, and what follows it in a key would find no row.
 * @throws RangeError unless it is letters, digits, `.`, `-` and `_` of ASCII
 */
export const quoteWord = (word: string): string => {
  if (!/^[A-Za-z0-9._-]*$/.test(word)) throw new RangeError(`${JSON.stringify(word)} is no word of ours`);
  return `'${word}'`;
};

/**
 * Behind a statement that goes from a few rows to a large table, which stands behind them in it: each is looked up by its key. Any other plan may read the
 * whole table, and wait for the rows that other lanes have written. Not FORCESEEK, for which there may be no plan (8622): nested loops in the order in which
 * tables are written are always one. https://learn.microsoft.com/sql/t-sql/queries/hints-transact-sql-query
 */
export const bySeeking = 'OPTION (LOOP JOIN, FORCE ORDER)';

/**
 * Behind a DELETE: whether a foreign key refers to a row is looked up by the key of the child. Else the server may read all of the child for it, row by row
 * with locks, also where the database has row versions.
 */
export const checkedBySeeking = 'OPTION (LOOP JOIN)';

/** A number of ours as part of a statement. @throws RangeError */
export const wholeNumber = (number: number): string => {
  if (!Number.isSafeInteger(number)) throw new RangeError(`${number} is no whole number`);
  return String(number);
};

/**
 * What a DDL statement costs while others work: nothing, or a rewrite of every row. The CHECK of table_change knows `online` too, for a rewrite beside them
 * (`WITH (ONLINE = ON)`, which Enterprise and Azure alone take); no statement of DSF is one.
 */
export type DdlCost = 'metadata-only' | 'rewrite';

export interface Ddl {
  readonly sql: string;
  readonly cost: DdlCost;
}

/** Texts begin short, because an index can hold them and a query plans for half the declared length; they grow without a rewrite. */
export const shortText = 'nvarchar(400)';
export const longTextMax = 4_000;
export const longText = 'nvarchar(4000)';

const declaredTypes: Readonly<Record<ColumnType, string>> = {
  boolean: 'bit',
  bigint: 'bigint',
  decimal: 'decimal(38,12)',
  double: 'float(53)',
  text: shortText,
  timestamp: 'datetimeoffset(7)',
  date: 'date',
  json: 'nvarchar(max)',
};

/** The type that a new column of a flat table gets. */
export const declaredType = (type: ColumnType): string => declaredTypes[type];

/** The type of a measure's column in a summary table: it never grows, so text has room from the start. */
export const measureType = (type: ColumnType): string => (type === 'text' ? 'nvarchar(max)' : declaredTypes[type]);

/** Neither the year nor the offset of it depend on a row: a server works it out once for a statement. */
const epoch = "TODATETIMEOFFSET(CONVERT(datetime2(3), '1970-01-01T00:00:00', 126), 0)";

/** UTC ms as a moment that people read; NULL where the calendar of SQL Server (years 1 to 9999) has none. */
export const momentOf = (column: string): string =>
  `CASE WHEN ${column} BETWEEN -62135596800000 AND 253402300799999 THEN DATEADD(MILLISECOND, ${column} % 86400000, DATEADD(DAY, ${column} / 86400000, ${epoch})) END`;

const rowKey = ['_dsf_src', '_dsf_part', '_dsf_off', '_dsf_row'] as const;
const rootColumns = ['_dsf_time_ms', '_dsf_ingested_ms'] as const;
const childColumns = ['_dsf_parent_row'] as const;
/** A root row has them too: a message may be a list of roots, or nothing but null. */
const shapeColumns = ['_dsf_list_idx', '_dsf_list_idx2', '_dsf_shape'] as const;

/** DSF's own columns of a flat table that are written, in the order in which they stand. */
export const systemColumns = (table: Pick<FlatTable, 'parent'>): readonly string[] => [
  ...rowKey,
  '_dsf_version',
  ...(table.parent === null ? rootColumns : childColumns),
  ...shapeColumns,
];

const commonDefinitions = [
  '[_dsf_src] int NOT NULL',
  '[_dsf_part] int NOT NULL',
  '[_dsf_off] bigint NOT NULL',
  '[_dsf_row] int NOT NULL',
  '[_dsf_version] int NOT NULL',
];
const rootDefinitions = [
  '[_dsf_time_ms] bigint NULL',
  '[_dsf_ingested_ms] bigint NULL',
  `[_dsf_time] AS (${momentOf('[_dsf_time_ms]')})`,
  `[_dsf_ingested_at] AS (${momentOf('[_dsf_ingested_ms]')})`,
];
const childDefinitions = ['[_dsf_parent_row] int NOT NULL'];
const shapeDefinitions = ['[_dsf_list_idx] int NULL', '[_dsf_list_idx2] int NULL', '[_dsf_shape] varchar(6) NULL'];
const keyList = rowKey.map((name) => `[${name}]`).join(', ');

/** A name for a constraint that nobody else in the schema has: the table's, cut to make room. */
export const constraintName = (kind: 'PK' | 'FK' | 'CK' | 'UQ' | 'IX', table: string, ending = ''): string =>
  fitNames(`${kind}_${table}${ending}`);

/** A column as it stands in a table: what SQL calls it and what it can hold. */
export interface ColumnDefinition {
  readonly name: string;
  readonly sqlType: string;
}

const columnDefinition = ({ name, sqlType }: ColumnDefinition): string => `${quoteName(name)} ${sqlType} NULL`;

export interface TableDefinition {
  /** Schema, quoted. */
  readonly schema: string;
  readonly name: string;
  /** Name of the table that this one is a child of; null for a root. */
  readonly parent: string | null;
  readonly columns: readonly ColumnDefinition[];
}

/**
 * Clustered by coordinates: each source partition writes at one place, in rising order, so that pages fill and do not split; a record's
 * rows stand together, and a child finds its parent by the parent's key.
 */
export const createFlatTable = ({ schema, name, parent, columns }: TableDefinition): Ddl => {
  const foreignKey =
    parent === null
      ? []
      : [
          `CONSTRAINT ${quoteName(constraintName('FK', name, '__parent'))} FOREIGN KEY ([_dsf_src], [_dsf_part], [_dsf_off], [_dsf_parent_row]) REFERENCES ${schema}.${quoteName(parent)} (${keyList})`,
        ];
  const parts = [
    ...commonDefinitions,
    ...(parent === null ? rootDefinitions : childDefinitions),
    ...shapeDefinitions,
    ...columns.map(columnDefinition),
    `CONSTRAINT ${quoteName(constraintName('PK', name))} PRIMARY KEY CLUSTERED (${keyList})`,
    ...foreignKey,
    `CONSTRAINT ${quoteName(constraintName('CK', name, '__shape'))} CHECK ([_dsf_shape] IN ('null', 'object', 'list'))`,
  ];
  return { sql: `CREATE TABLE ${schema}.${quoteName(name)} (\n  ${parts.join(',\n  ')}\n)`, cost: 'metadata-only' };
};

/**
 * For a table of rows that was just made: however many rows a statement locks, it never asks for the whole table, in which other lanes write. 2,000 records
 * with three items each take more than the 5,000 locks from which on the server would. 0012_row_locks.sql says it of the tables that were there before.
 * https://learn.microsoft.com/sql/t-sql/statements/alter-table-transact-sql, LOCK_ESCALATION
 */
export const keepRowLocks = (schema: string, table: string): string =>
  `ALTER TABLE ${schema}.${quoteName(table)} SET (LOCK_ESCALATION = DISABLE)`;

/** A column that may be NULL and has no default touches no row. */
export const addColumn = (schema: string, table: string, column: ColumnDefinition): Ddl => ({
  sql: `ALTER TABLE ${schema}.${quoteName(table)} ADD ${columnDefinition(column)}`,
  cost: 'metadata-only',
});

/** Longer text of the same kind touches no row; another type is written into every row. */
export const alterColumn = (schema: string, table: string, column: ColumnDefinition): Ddl => ({
  // Without NULL or NOT NULL it may be NULL, as ANSI_NULL_DFLT_ON says, which the driver sets.
  sql: `ALTER TABLE ${schema}.${quoteName(table)} ALTER COLUMN ${quoteName(column.name)} ${column.sqlType}`,
  cost: column.sqlType.startsWith('nvarchar') ? 'metadata-only' : 'rewrite',
});
