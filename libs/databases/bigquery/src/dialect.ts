import { createHash } from 'node:crypto';
import type { ColumnType } from '@dsf/metadata';
import { Failure, type FlatColumn, type FlatTable, type WarehouseCapabilities } from '@dsf/ports';

/*
 * BigQuery's words: names, types and DDL as text. Nothing here touches a service.
 */

export const capabilities: WarehouseCapabilities = {
  system: 'gcp.bigquery',
  // https://cloud.google.com/bigquery/docs/schemas#column_names
  nameLengthMax: 300,
  // A table takes 10,000; the rest is for DSF's own columns. https://cloud.google.com/bigquery/quotas#all_tables
  columnsMax: 9_900,
  // The scale of the other databases, so that a pipeline can move: BIGNUMERIC holds 38 digits before the point and 38 after it.
  decimal: { precision: 38, scale: 12 },
};

/** BIGNUMERIC is declared with DSF's digits, 38 and 12 after the point: other engines and an export see them. */
export type SqlType = 'INT64' | 'FLOAT64' | 'BOOL' | 'STRING' | 'BYTES' | 'BIGNUMERIC' | 'TIMESTAMP' | 'DATE';

/** A column as it stands in a table. */
export interface PhysicalColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly about: string;
}

/** JSON stays text: the type JSON changes numbers and the order of members. */
const sqlTypes: Readonly<Record<ColumnType, SqlType>> = {
  boolean: 'BOOL',
  bigint: 'INT64',
  decimal: 'BIGNUMERIC',
  double: 'FLOAT64',
  text: 'STRING',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
  json: 'STRING',
};

export const sqlType = (type: ColumnType): SqlType => sqlTypes[type];

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** https://cloud.google.com/bigquery/docs/schemas#column_names */
const reservedStart = /^(_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier|_change_)/i;

/** A name of letters, digits and `_` that BigQuery and protocol buffers take; another gets the hash of what it was. */
export const physicalName = (name: string): string => {
  if (plainName.test(name) && !reservedStart.test(name) && name.length <= capabilities.nameLengthMax) return name;
  const hash = createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, 8);
  const letters = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .slice(0, 250);
  return `x_${letters}_${hash}`;
};

export const quoteName = (name: string): string => {
  if (!/^[A-Za-z0-9_-]+$/.test(name))
    throw new Failure('fatal', 'warehouse.name-invalid', 'a table, column or dataset name has letters that BigQuery does not take', {
      name,
    });
  return `\`${name}\``;
};

/** Text as a literal. */
export const quoteText = (text: string): string =>
  `'${text.toWellFormed().replaceAll(/[\\'\n\r\0]/g, (letter) => (letter === '\n' ? '\\n' : letter === '\r' ? '\\r' : letter === '\0' ? '\\x00' : `\\${letter}`))}'`;

/** Where rows are appended; people read the view without this prefix. No table of a source begins with it. */
const basePrefix = 'dsf_base_';
export const baseName = (view: string): string => `${basePrefix}${physicalName(view)}`;
/** The view that people read of a flat table. */
export const viewName = (table: Pick<FlatTable, 'name'>): string => physicalName(table.name);
export const rawView = 'dsf_raw';
export const rawBase = baseName('raw');

const column = (name: string, type: SqlType, about: string): PhysicalColumn => ({ name, type, about });

const dayColumn = column('_dsf_day', 'DATE', 'Day on which the message was ingested, UTC: the partition');
const coordinates = [
  column('_dsf_src', 'INT64', 'Number of the source'),
  column('_dsf_part', 'INT64', 'Partition of the source'),
  column('_dsf_off', 'INT64', 'Offset of the message in its partition'),
];

export const rawColumns: readonly PhysicalColumn[] = [
  ...coordinates,
  column('topic', 'STRING', 'Topic that the message was read from'),
  column('time_ms', 'INT64', 'Timestamp of the broker, UTC ms'),
  column('time', 'TIMESTAMP', 'The same as a moment; NULL outside the calendar'),
  column('time_type', 'STRING', 'create: of the producer; append: of the broker'),
  column('ingested_ms', 'INT64', 'When DSF had it, UTC ms'),
  column('ingested_at', 'TIMESTAMP', 'The same as a moment'),
  column('key', 'BYTES', 'Key of the message'),
  column('headers', 'STRING', 'JSON list of [name, value in base64]'),
  column('payload', 'BYTES', 'The message, bytes exactly as they were received; NULL for a tombstone'),
  column('size', 'INT64', 'Bytes of the payload'),
  column('sha256', 'BYTES', 'sha256 of the payload'),
  dayColumn,
];

/** DSF's own columns of a flat table. */
const flatSystemColumns = (table: Pick<FlatTable, 'parent'>): readonly PhysicalColumn[] => [
  ...coordinates,
  column('_dsf_row', 'INT64', 'Number of the row within its message and table'),
  column('_dsf_version', 'INT64', 'Version of the definitions that made the row'),
  column('_dsf_generation', 'INT64', 'Turn of the lane that wrote the row: the rows of the highest one count'),
  ...(table.parent === null
    ? [
        column('_dsf_tombstone', 'BOOL', 'The message has no rows any more'),
        column('_dsf_time', 'INT64', 'Timestamp of the broker, UTC ms'),
        column('_dsf_ingested_at', 'INT64', 'When DSF had the message, UTC ms'),
      ]
    : [column('_dsf_parent_row', 'INT64', '_dsf_row of the parent row')]),
  column('_dsf_list_idx', 'INT64', 'Place in the list'),
  column('_dsf_list_idx2', 'INT64', 'Place in the list within the list'),
  column('_dsf_shape', 'STRING', 'null, object or list where the columns alone do not tell'),
  column('_dsf_exact', 'STRING', 'JSON of cells that their columns hold only nearly: a moment with nanoseconds, text that is no Unicode'),
  dayColumn,
];

const meaning: Readonly<Record<FlatColumn['role'], string>> = {
  value: 'Value of',
  variant: 'Values that do not fit the column of',
  length: 'Number of items (NULL: absent, -1: null) of',
  rest: 'JSON of what the table has no room for, at',
};

export const flatColumn = ({ name, type, path, role }: FlatColumn): PhysicalColumn =>
  column(physicalName(name), sqlType(type), `${meaning[role]} ${path === '' ? 'the message' : path}${type === 'json' ? ', JSON' : ''}`);

export const flatColumns = (table: FlatTable): readonly PhysicalColumn[] => [...flatSystemColumns(table), ...table.columns.map(flatColumn)];

/** https://cloud.google.com/bigquery/quotas: a description has at most 1,024 letters. */
const aboutLengthMax = 1_000;
const declared = (type: SqlType): string =>
  type === 'BIGNUMERIC' ? `BIGNUMERIC(${capabilities.decimal.precision}, ${capabilities.decimal.scale})` : type;

const definition = ({ name, type, about }: PhysicalColumn): string =>
  `${quoteName(name)} ${declared(type)} OPTIONS(description=${quoteText(about.slice(0, aboutLengthMax))})`;

export interface TableShape {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly PhysicalColumn[];
  readonly cluster: readonly string[];
}

export const coordinateCluster = ['_dsf_src', '_dsf_part', '_dsf_off'];

export const createTable = (dataset: string, { name, about, columns, cluster }: TableShape): string =>
  `CREATE TABLE IF NOT EXISTS ${quoteName(dataset)}.${quoteName(name)} (\n  ${columns.map(definition).join(',\n  ')}\n)
PARTITION BY _dsf_day
CLUSTER BY ${cluster.map(quoteName).join(', ')}
OPTIONS(description=${quoteText(about.slice(0, aboutLengthMax))})`;

export const addColumns = (dataset: string, table: string, columns: readonly PhysicalColumn[]): string =>
  `ALTER TABLE ${quoteName(dataset)}.${quoteName(table)} ${columns.map((one) => `ADD COLUMN IF NOT EXISTS ${definition(one)}`).join(', ')}`;

/** INT64 → BIGNUMERIC: every value keeps its meaning. https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules */
export const widen = (dataset: string, table: string, name: string, type: SqlType): string =>
  `ALTER TABLE ${quoteName(dataset)}.${quoteName(table)} ALTER COLUMN ${quoteName(name)} SET DATA TYPE ${declared(type)}`;
