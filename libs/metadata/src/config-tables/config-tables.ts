/*
 * The config tables, as every database has them: which columns, in which order rows are read, what tells rows apart. Adapters give them the names and
 * types of their engine; what the rows mean is decided here.
 */

/** Booleans may come as truth values or as 0 and 1, as the engine has them. */
export type ConfigCell = null | boolean | number | bigint | string;
export type ConfigRow = Readonly<Record<string, ConfigCell>>;

export interface ConfigTable {
  readonly columns: readonly string[];
  /** Columns to order by when rows are read. */
  readonly order: readonly string[];
  /** What tells rows apart. The first is the owner's name where there is one; names compare without case. */
  readonly key: readonly string[];
}

/** Owners before what they own, and what is referred to before what refers to it. */
export const configTables = {
  setting: { columns: ['id', 'lanes'], order: ['id'], key: ['id'] },
  connection: {
    columns: [
      'name',
      'position',
      'kind',
      'brokers',
      'client_id',
      'tls',
      'ca_file',
      'cert_file',
      'key_file',
      'mechanism',
      'username_env',
      'username_file',
      'password_env',
      'password_file',
      'token_env',
      'token_file',
      'project',
      'region',
      'endpoint',
      'credentials_file',
    ],
    order: ['position', 'name'],
    key: ['name'],
  },
  source: {
    columns: [
      'name',
      'position',
      'transport',
      'connection',
      'topic',
      'partitions',
      'start',
      'table_name',
      'tombstones',
      'filter',
      'key_column',
      'names',
      'detect',
      'depth_max',
      'objects',
      'lists',
      'sample',
      'retention_raw',
      'retention_rows',
    ],
    order: ['position', 'name'],
    key: ['name'],
  },
  source_header: { columns: ['source', 'header', 'position', 'column_name'], order: ['position', 'header'], key: ['source', 'header'] },
  source_path: {
    columns: ['source', 'path', 'position', 'policy', 'separator', 'column_name', 'column_type', 'long_form'],
    order: ['position', 'path'],
    key: ['source', 'path'],
  },
  driver: { columns: ['name', 'position', 'event_time', 'window_kind', 'window_size'], order: ['position', 'name'], key: ['name'] },
  driver_input: {
    columns: ['driver', 'input', 'source', 'table_path', 'filter', 'event_time'],
    order: ['input'],
    key: ['driver', 'input'],
  },
  driver_expression: {
    columns: ['driver', 'input', 'name', 'position', 'expression'],
    order: ['input', 'position', 'name'],
    key: ['driver', 'input', 'name'],
  },
  driver_key: { columns: ['driver', 'name', 'position', 'expression'], order: ['position', 'name'], key: ['driver', 'name'] },
  measure: {
    columns: ['driver', 'name', 'position', 'short', 'function', 'of', 'max_items', 'column_type'],
    order: ['position', 'name'],
    key: ['driver', 'name'],
  },
  publication: {
    columns: [
      'name',
      'position',
      'driver',
      'transport',
      'connection',
      'topic',
      'partitions',
      'body',
      'numbers',
      'event_type',
      'transactional',
    ],
    order: ['position', 'name'],
    key: ['name'],
  },
} as const satisfies Readonly<Record<string, ConfigTable>>;

export type ConfigTableName = keyof typeof configTables;

export const configTableNames: readonly ConfigTableName[] = Object.keys(configTables) as ConfigTableName[];

/** All rows, each table in its order. */
export type ConfigRows = Readonly<Record<ConfigTableName, readonly ConfigRow[]>>;

/** What people call a table: `dsf_source`, or `dsf_config.source`. */
export type NameTable = (table: ConfigTableName) => string;
