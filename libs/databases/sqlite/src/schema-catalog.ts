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

/** The schema while it changes. The DDL of a new table waits until all its columns are known: one statement instead of one per column. */
interface Draft {
  readonly connection: Connection;
  /** By source and path. */
  readonly tables: Map<string, FlatTable>;
  readonly created: Set<string>;
  hasChanged: boolean;
}

const keyOf = (source: number, path: string): string => `${source} ${path}`;

const tableOf = ({ tables }: Draft, source: number, path: string): FlatTable => {
  const table = tables.get(keyOf(source, path));
  if (table !== undefined) return table;
  throw new Failure('fatal', 'warehouse.table-unknown', 'a schema change names a table that the path catalog does not have', {
    source,
    path,
  });
};

const replaceColumns = ({ tables }: Draft, table: FlatTable, columns: readonly FlatColumn[]): void => {
  tables.set(keyOf(table.source, table.path), { ...table, columns });
};

const addTable = (draft: Draft, { source, path, name, parentPath }: TableChange): boolean => {
  const { connection, tables, created } = draft;
  if (tables.has(keyOf(source, path))) return false;
  const parent = parentPath === null ? null : tableOf(draft, source, parentPath).id;
  assertNameFree(connection, name);
  const row = connection.first(
    'INSERT INTO dsf_table (source, path, name, parent) VALUES (?, ?, ?, ?) RETURNING id',
    source,
    toText(path),
    name,
    parent,
  );
  tables.set(keyOf(source, path), { id: integer(row?.[0]), source, path, name, parent, columns: [] });
  created.add(keyOf(source, path));
  return true;
};

/** A path has one column per role in a table; its variants differ in type, or, as exact numbers do from text, in name alone. */
const isSameColumn = (column: FlatColumn, change: ColumnChange): boolean =>
  column.path === change.path &&
  column.role === change.role &&
  (change.role !== 'variant' || (column.type === change.type && column.name === change.name));

const addTableColumn = (draft: Draft, change: ColumnChange): boolean => {
  const { connection, created } = draft;
  const { path, name, type, role } = change;
  const table = tableOf(draft, change.source, change.tablePath);
  if (table.columns.some((column) => isSameColumn(column, change))) return false;
  if (!created.has(keyOf(table.source, table.path))) connection.exec(addColumn(table.name, name, type));
  const row = connection.first(
    'INSERT INTO dsf_column (table_id, ordinal, path, name, type, role) VALUES (?, ?, ?, ?, ?, ?) RETURNING id',
    table.id,
    table.columns.length,
    toText(path),
    name,
    type,
    role,
  );
  replaceColumns(draft, table, [...table.columns, { id: integer(row?.[0]), path, name, type, role }]);
  return true;
};

const widenColumn = (draft: Draft, change: WidenChange): boolean => {
  const { connection, created } = draft;
  const { type } = change;
  const table = tableOf(draft, change.source, change.tablePath);
  const column = table.columns.find(({ name }) => name === change.column);
  if (column?.type === type) return false;
  if (column?.type !== 'bigint' || type !== 'decimal') {
    const facts = { table: table.name, column: change.column, from: column?.type ?? null, to: type };
    throw new Failure('fatal', 'warehouse.widen-unsupported', 'only a bigint column widens, to decimal', facts);
  }
  if (!created.has(keyOf(table.source, table.path)))
    for (const statement of widenToDecimal(table.name, column.name)) connection.exec(statement);
  connection.run("UPDATE dsf_column SET type = 'decimal' WHERE id = ?", column.id);
  replaceColumns(
    draft,
    table,
    table.columns.map((one) => (one === column ? { ...one, type } : one)),
  );
  return true;
};

const applyChange = (draft: Draft, change: SchemaChange): boolean => {
  if (change.kind === 'table') return addTable(draft, change);
  if (change.kind === 'column') return addTableColumn(draft, change);
  return widenColumn(draft, change);
};

/** Applies changes in their order; each sees what those before it made. @returns the schema as it is now */
export const applyChanges = (connection: Connection, before: FlatSchema, changes: readonly SchemaChange[]): FlatSchema => {
  const tables = new Map(before.tables.map((table) => [keyOf(table.source, table.path), table]));
  const draft: Draft = { connection, tables, created: new Set(), hasChanged: false };
  for (const change of changes) draft.hasChanged = applyChange(draft, change) || draft.hasChanged;
  if (!draft.hasChanged) return before;
  const after = [...tables.values()].sort((a, b) => a.id - b.id);
  const names = new Map(after.map(({ id, name }) => [id, name]));
  for (const { source, path, name, parent, columns } of after) {
    if (draft.created.has(keyOf(source, path)))
      connection.exec(createFlatTable(name, parent === null ? null : (names.get(parent) ?? null), columns));
  }
  connection.run('UPDATE dsf_schema SET version = version + 1 WHERE id = 1');
  return { version: readSchemaVersion(connection), tables: after };
};
