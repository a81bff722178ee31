import { columnTypes } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { FlatColumn, FlatSchema, FlatTable, SchemaChange } from '@dsf/ports';
import { integer, integerOrNull, text, toText, word } from './columns.ts';
import type { Connection } from './connection.ts';
import { addColumn, createFlatTable, widenToDecimal } from './dialect.ts';

/*
 * The path catalog (dsf_table, dsf_column) and the physical tables that it names; both change in one transaction.
 */

const roles = ['value', 'variant', 'length', 'rest'] as const;

export const readSchemaVersion = (connection: Connection): number =>
  integer(connection.first('SELECT version FROM dsf_schema WHERE id = 1')?.[0]);

const readColumns = (connection: Connection): ReadonlyMap<number, readonly FlatColumn[]> => {
  const columns = new Map<number, FlatColumn[]>();
  for (const [table, id, path, name, type, role] of connection.all(
    'SELECT table_id, id, path, name, type, role FROM dsf_column ORDER BY table_id, ordinal',
  )) {
    const column = { id: integer(id), path: text(path), name: text(name), type: word(columnTypes, type), role: word(roles, role) };
    const siblings = columns.get(integer(table));
    if (siblings === undefined) columns.set(integer(table), [column]);
    else siblings.push(column);
  }
  return columns;
};

export const readSchema = (connection: Connection): FlatSchema => {
  const columns = readColumns(connection);
  // A parent is always added before its children, so the order of ids puts parents first.
  const tables = connection
    .all('SELECT id, source, path, name, parent FROM dsf_table ORDER BY id')
    .map(([id, source, path, name, parent]) => ({
      id: integer(id),
      source: integer(source),
      path: text(path),
      name: text(name),
      parent: integerOrNull(parent),
      columns: columns.get(integer(id)) ?? [],
    }));
  return { version: readSchemaVersion(connection), tables };
};

/** Keeps the schema last read; asks the database for its version alone. Only for connections that see committed rows of the catalog. */
export const createSchemaCache = (): ((connection: Connection) => FlatSchema) => {
  let known: FlatSchema | null = null;
  return (connection) => {
    if (known === null || known.version !== readSchemaVersion(connection)) known = readSchema(connection);
    return known;
  };
};

const findTable = (schema: FlatSchema, source: number, path: string): FlatTable => {
  const table = schema.tables.find((candidate) => candidate.source === source && candidate.path === path);
  if (table === undefined)
    throw new Failure('fatal', 'warehouse.table-unknown', 'a schema change names a table that the path catalog does not have', {
      source,
      path,
    });
  return table;
};

const assertNameFree = (connection: Connection, name: string): void => {
  const taken = connection.first('SELECT type FROM sqlite_schema WHERE name = ? COLLATE NOCASE', name);
  if (taken === undefined && !/^(dsf_|_dsf_|sqlite_)/i.test(name)) return;
  throw new Failure(
    'fatal',
    'warehouse.name-taken',
    `the table name ${name} is taken or reserved: give the source, the path or the driver another one`,
    { table: name },
  );
};

type TableChange = Extract<SchemaChange, { kind: 'table' }>;
type ColumnChange = Extract<SchemaChange, { kind: 'column' }>;
type WidenChange = Extract<SchemaChange, { kind: 'widen' }>;

const addTable = (connection: Connection, schema: FlatSchema, change: TableChange): boolean => {
  if (schema.tables.some(({ source, path }) => source === change.source && path === change.path)) return false;
  const parent = change.parentPath === null ? null : findTable(schema, change.source, change.parentPath);
  assertNameFree(connection, change.name);
  connection.exec(createFlatTable(change.name, parent?.name ?? null));
  connection.run(
    'INSERT INTO dsf_table (source, path, name, parent) VALUES (?, ?, ?, ?)',
    change.source,
    toText(change.path),
    change.name,
    parent?.id ?? null,
  );
  return true;
};

/** A path has one column per role in a table, and one variant per type. */
const isSameColumn = (column: FlatColumn, change: ColumnChange): boolean =>
  column.path === change.path && column.role === change.role && (change.role !== 'variant' || column.type === change.type);

const addTableColumn = (connection: Connection, schema: FlatSchema, change: ColumnChange): boolean => {
  const table = findTable(schema, change.source, change.tablePath);
  if (table.columns.some((column) => isSameColumn(column, change))) return false;
  connection.exec(addColumn(table.name, change.name, change.type));
  connection.run(
    'INSERT INTO dsf_column (table_id, ordinal, path, name, type, role) VALUES (?, ?, ?, ?, ?, ?)',
    table.id,
    table.columns.length,
    toText(change.path),
    change.name,
    change.type,
    change.role,
  );
  return true;
};

const widenColumn = (connection: Connection, schema: FlatSchema, change: WidenChange): boolean => {
  const table = findTable(schema, change.source, change.tablePath);
  const column = table.columns.find(({ name }) => name === change.column);
  if (column?.type === change.type) return false;
  if (column?.type !== 'bigint' || change.type !== 'decimal') {
    throw new Failure('fatal', 'warehouse.widen-unsupported', 'only a bigint column widens, to decimal', {
      table: table.name,
      column: change.column,
      from: column?.type ?? null,
      to: change.type,
    });
  }
  for (const statement of widenToDecimal(table.name, column.name)) connection.exec(statement);
  connection.run("UPDATE dsf_column SET type = 'decimal' WHERE id = ?", column.id);
  return true;
};

const applyChange = (connection: Connection, schema: FlatSchema, change: SchemaChange): boolean => {
  if (change.kind === 'table') return addTable(connection, schema, change);
  if (change.kind === 'column') return addTableColumn(connection, schema, change);
  return widenColumn(connection, schema, change);
};

/** Applies changes in their order; each sees what those before it made. @returns the schema as it is now */
export const applyChanges = (connection: Connection, before: FlatSchema, changes: readonly SchemaChange[]): FlatSchema => {
  let schema = before;
  let hasChanged = false;
  for (const change of changes) {
    if (!applyChange(connection, schema, change)) continue;
    hasChanged = true;
    schema = readSchema(connection);
  }
  if (!hasChanged) return before;
  connection.run('UPDATE dsf_schema SET version = version + 1 WHERE id = 1');
  return readSchema(connection);
};
