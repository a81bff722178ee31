import { Failure } from '@dsf/ports';
import type { FlatColumn, FlatSchema, FlatTable, SchemaChange } from '@dsf/ports';
import { isIndexed } from './column-use.ts';
import { integer } from './columns.ts';
import type { Connection } from './connection.ts';
import { addColumn, alterColumn, createFlatTable, declaredType, keepRowLocks, systemColumns, type Ddl } from './dialect.ts';
import { describe, systemWords, type Described } from './descriptions.ts';
import { collationKey, freeUnderCollations } from './names.ts';
import { objectExists, readCatalog, sha256, type PhysicalColumn } from './schema-catalog.ts';
import { bytes, document, integer as int, raw, sql, text, word } from './sql.ts';

/*
 * Changes to the path catalog and to the tables that it names; both in one transaction, under the lock of the schema. Nothing here rewrites a large
 * table, or a column that an index of a DBA contains: what would is put off, and the rows go on without it.
 */

type TableChange = Extract<SchemaChange, { kind: 'table' }>;
type ColumnChange = Extract<SchemaChange, { kind: 'column' }>;
type WidenChange = Extract<SchemaChange, { kind: 'widen' }>;

interface DraftTable {
  readonly table: FlatTable;
  readonly name: string;
  readonly columns: readonly PhysicalColumn[];
  readonly isNew: boolean;
}

/** The schema while it changes. The DDL of a new table waits until all its columns are known: one statement instead of one per column. */
interface Draft {
  readonly connection: Connection;
  /** By source and path. */
  readonly tables: Map<string, DraftTable>;
  readonly later: (() => Promise<void>)[];
  /** Rows of a table up to which it is rewritten at once. */
  readonly rewriteRowsMax: number;
  hasChanged: boolean;
}

const keyOf = (source: number, path: string): string => `${source} ${path}`;

const tableOf = ({ tables }: Draft, source: number, path: string): DraftTable => {
  const found = tables.get(keyOf(source, path));
  if (found === undefined)
    throw new Failure('retry', 'warehouse.schema-changed', 'the path catalog lacks a table that a change belongs to: plan again', {
      source,
      path,
    });
  return found;
};

const nameTaken = (name: string): Failure =>
  new Failure(
    'fatal',
    'warehouse.name-taken',
    `the table name ${name} is taken or reserved: give the source, the path or the driver another one`,
    {
      table: name,
    },
  );

const isTakenInDraft = ({ tables }: Draft, name: string): boolean =>
  [...tables.values()].some((one) => one.table.name.toLowerCase() === name.toLowerCase());

const addTable = async (draft: Draft, { source, path, name, parentPath }: TableChange): Promise<boolean> => {
  const { connection, tables } = draft;
  if (tables.has(keyOf(source, path))) return false;
  const parent = parentPath === null ? null : tableOf(draft, source, parentPath).table.id;
  if (/^(dsf_|_dsf_)/i.test(name) || isTakenInDraft(draft, name) || (await objectExists(connection, name))) throw nameTaken(name);
  const taken = new Set([...tables.values()].map((one) => collationKey(one.name)));
  const tableName = freeUnderCollations(name, taken, keyOf(source, path));
  const row = await connection.first(
    sql`INSERT INTO ${raw(connection.schemas.state)}.[flat_table] ([source], [path], [path_hash], [name], [table_name], [parent]) OUTPUT inserted.[id] VALUES (${int(source)}, ${document(path)}, ${bytes(sha256(path))}, ${text(name)}, ${text(tableName)}, ${int(parent)})`,
  );
  tables.set(keyOf(source, path), {
    table: { id: integer(row?.[0]), source, path, name, parent, columns: [] },
    name: tableName,
    columns: [],
    isNew: true,
  });
  return true;
};

/** A path has one column per role in a table; its variants differ in type, or, as exact numbers do from text, in name alone. */
const isSameColumn = (column: FlatColumn, change: ColumnChange): boolean =>
  column.path === change.path &&
  column.role === change.role &&
  (change.role !== 'variant' || (column.type === change.type && column.name === change.name));

/** Every name that a table has, as collations compare them. */
export const takenNames = ({ table, columns }: Pick<DraftTable, 'table' | 'columns'>): ReadonlySet<string> =>
  new Set(
    [
      ...systemColumns(table),
      '_dsf_time',
      '_dsf_ingested_at',
      ...columns.flatMap(({ name, exact }) => (exact === null ? [name] : [name, exact])),
    ].map(collationKey),
  );

export const recordChange = async (connection: Connection, table: string, ddl: Ddl, deferred: boolean): Promise<void> => {
  await connection.run(
    sql`INSERT INTO ${raw(connection.schemas.state)}.[table_change] ([table_name], [cost], [deferred], [statement]) VALUES (${text(table)}, ${word(ddl.cost)}, ${int(deferred ? 1 : 0)}, ${document(ddl.sql)})`,
  );
};

export const make = async (connection: Connection, table: string, ddl: Ddl): Promise<void> => {
  await connection.exec(ddl.sql);
  await recordChange(connection, table, ddl, false);
};

const meaning: Readonly<Record<FlatColumn['role'], string>> = {
  value: 'Value of',
  variant: 'Values that do not fit the column of',
  length: 'Number of items (NULL: absent, -1: null) of',
  rest: 'JSON of what the table has no room for, at',
};

export const placeOf = (connection: Connection, name: string, column: string | null): Described => ({
  schema: connection.schemas.base,
  kind: 'TABLE',
  name,
  column,
});

const columnWords = (change: Pick<ColumnChange, 'path' | 'role'>): string =>
  `${meaning[change.role]} ${change.path === '' ? 'the message' : change.path}`;

const addTableColumn = async (draft: Draft, change: ColumnChange): Promise<boolean> => {
  const { connection, tables } = draft;
  const { path, name, type, role, source, tablePath } = change;
  const owner = tableOf(draft, source, tablePath);
  if (owner.table.columns.some((column) => isSameColumn(column, change))) return false;
  const column: PhysicalColumn = {
    name: freeUnderCollations(name, takenNames(owner), `${path} ${role} ${type}`),
    sqlType: declaredType(type),
    exact: null,
  };
  const row = await connection.first(
    sql`INSERT INTO ${raw(connection.schemas.state)}.[flat_column] ([table_id], [ordinal], [path], [name], [type], [role], [column_name], [column_type]) OUTPUT inserted.[id] VALUES (${int(owner.table.id)}, ${int(owner.table.columns.length)}, ${document(path)}, ${text(name)}, ${word(type)}, ${word(role)}, ${text(column.name)}, ${word(column.sqlType)})`,
  );
  tables.set(keyOf(source, tablePath), {
    ...owner,
    table: { ...owner.table, columns: [...owner.table.columns, { id: integer(row?.[0]), path, name, type, role }] },
    columns: [...owner.columns, column],
  });
  if (!owner.isNew)
    draft.later.push(async () => {
      await make(connection, owner.name, addColumn(connection.schemas.data, owner.name, column));
      await connection.exec(describe(placeOf(connection, owner.name, column.name), columnWords(change)));
    });
  return true;
};

/** Rows up to which a rewrite takes less than a moment. A larger table keeps its column, and what does not fit goes beside it. */
export const rewriteRowsMax = 100_000;

const isSmall = async ({ connection, rewriteRowsMax: max }: Draft, table: string): Promise<boolean> => {
  const rows = await connection.first(
    sql`SELECT COALESCE(SUM(p.[rows]), 0) FROM sys.partitions AS p JOIN sys.objects AS o ON o.object_id = p.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = ${text(connection.schemas.base)} AND o.name = ${text(table)} AND p.index_id IN (0, 1)`,
  );
  return integer(rows?.[0]) <= max;
};

const widenColumn = async (draft: Draft, change: WidenChange): Promise<boolean> => {
  const { connection, tables } = draft;
  const { type, source, tablePath } = change;
  const owner = tableOf(draft, source, tablePath);
  const index = owner.table.columns.findIndex(({ name }) => name === change.column);
  const [column, physical] = [owner.table.columns[index], owner.columns[index]];
  if (column?.type === type) return false;
  if (column?.type !== 'bigint' || physical === undefined || type !== 'decimal') {
    const facts = { table: owner.table.name, column: change.column, from: column?.type ?? null, to: type };
    throw new Failure('fatal', 'warehouse.widen-unsupported', 'only a bigint column widens, to decimal', facts);
  }
  const wide: PhysicalColumn = { ...physical, sqlType: declaredType('decimal') };
  const rewrite = alterColumn(connection.schemas.data, owner.name, wide);
  const now = owner.isNew || ((await isSmall(draft, owner.name)) && !(await isIndexed(connection, owner.name, physical.name)));
  const after = now ? wide : physical;
  await connection.run(
    sql`UPDATE ${raw(connection.schemas.state)}.[flat_column] SET [type] = 'decimal', [column_type] = ${word(after.sqlType)} WHERE [id] = ${int(column.id)}`,
  );
  tables.set(keyOf(source, tablePath), {
    ...owner,
    table: { ...owner.table, columns: owner.table.columns.map((one) => (one === column ? { ...one, type } : one)) },
    columns: owner.columns.map((one) => (one === physical ? after : one)),
  });
  if (!owner.isNew)
    draft.later.push(now ? () => make(connection, owner.name, rewrite) : () => recordChange(connection, owner.name, rewrite, true));
  return true;
};

const applyChange = (draft: Draft, change: SchemaChange): Promise<boolean> => {
  if (change.kind === 'table') return addTable(draft, change);
  if (change.kind === 'column') return addTableColumn(draft, change);
  return widenColumn(draft, change);
};

/** Raised before the first DDL: whoever holds it for his rows commits first, and whoever comes later sees the new version. */
export const raiseVersion = async (connection: Connection): Promise<void> => {
  await connection.run(sql`UPDATE ${raw(connection.schemas.state)}.[flat_schema] SET [version] = [version] + 1 WHERE [id] = 1`);
};

const createTable = async ({ connection, tables }: Draft, draftTable: DraftTable): Promise<void> => {
  const { table, name, columns } = draftTable;
  const parent = [...tables.values()].find((one) => one.table.id === table.parent);
  await make(connection, name, createFlatTable({ schema: connection.schemas.data, name, parent: parent?.name ?? null, columns }));
  const what = table.path === '' ? 'One row per message' : `Rows of ${table.path} in messages`;
  const words = [
    ...systemWords(table),
    ...table.columns.map((column, index) => [columns[index]?.name ?? '', columnWords(column)] as const),
  ].map(([column, meant]) => describe(placeOf(connection, name, column), meant));
  const about = describe(placeOf(connection, name, null), `${what} of source ${table.source}`);
  await connection.exec([keepRowLocks(connection.schemas.data, name), about, ...words].join(';\n'));
};

/**
 * Applies changes in their order; each sees what those before it made.
 * @param rowsMax - of a table that is rewritten at once; -1: none is
 * @returns the schema as it is now
 */
export const applyChanges = async (
  connection: Connection,
  plan: (schema: FlatSchema) => readonly SchemaChange[],
  rowsMax: number,
): Promise<FlatSchema> => {
  const { schema: before, physical } = await readCatalog(connection);
  const tables = new Map(
    before.tables.map((table): [string, DraftTable] => {
      const { name, columns } = physical.get(table.id) ?? { name: table.name, columns: [] };
      return [keyOf(table.source, table.path), { table, name, columns, isNew: false }];
    }),
  );
  const draft: Draft = { connection, tables, later: [], rewriteRowsMax: rowsMax, hasChanged: false };
  for (const change of plan(before)) draft.hasChanged = (await applyChange(draft, change)) || draft.hasChanged;
  if (!draft.hasChanged) return before;
  await raiseVersion(connection);
  const after = [...tables.values()].toSorted((a, b) => a.table.id - b.table.id);
  for (const one of after) if (one.isNew) await createTable(draft, one);
  for (const make of draft.later) await make();
  return { version: before.version + 1, tables: after.map(({ table }) => table) };
};
