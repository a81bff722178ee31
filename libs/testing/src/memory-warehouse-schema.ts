import { Failure } from '@dsf/ports';
import type { FlatColumn, FlatSchema, FlatTable, SchemaChange } from '@dsf/ports';

/*
 * The path catalog as plain data: each change gives a new schema.
 */

const findTable = (schema: FlatSchema, source: number, path: string): FlatTable => {
  const table = schema.tables.find((candidate) => candidate.source === source && candidate.path === path);
  if (table === undefined)
    throw new Failure('fatal', 'warehouse.table-unknown', 'a change names a table that is not there', { source, path });
  return table;
};

const replaceTable = (schema: FlatSchema, table: FlatTable): FlatSchema => ({
  ...schema,
  tables: schema.tables.map((other) => (other.id === table.id ? table : other)),
});

const addTable = (schema: FlatSchema, change: Extract<SchemaChange, { kind: 'table' }>): FlatSchema => {
  const { source, path, parentPath, name } = change;
  if (schema.tables.some((table) => table.source === source && table.path === path)) return schema;
  const parent = parentPath === null ? null : findTable(schema, source, parentPath).id;
  if (schema.tables.some((table) => table.name.toLowerCase() === name.toLowerCase()) || /^(dsf_|_dsf_)/i.test(name))
    throw new Failure('fatal', 'warehouse.name-taken', `the table name ${name} is taken or reserved`, { table: name });
  const id = Math.max(0, ...schema.tables.map((table) => table.id)) + 1;
  return { ...schema, tables: [...schema.tables, { id, source, path, name, parent, columns: [] }] };
};

type ColumnChange = Extract<SchemaChange, { kind: 'column' }>;

const isSame = (column: FlatColumn, { path, role, type, name }: ColumnChange): boolean =>
  column.path === path && column.role === role && (role !== 'variant' || (column.type === type && column.name === name));

const addColumn = (schema: FlatSchema, change: ColumnChange): FlatSchema => {
  const table = findTable(schema, change.source, change.tablePath);
  if (table.columns.some((column) => isSame(column, change))) return schema;
  const { path, name, type, role } = change;
  const id = Math.max(0, ...schema.tables.flatMap(({ columns }) => columns.map((column) => column.id))) + 1;
  return replaceTable(schema, { ...table, columns: [...table.columns, { id, path, name, type, role }] });
};

const widen = (schema: FlatSchema, change: Extract<SchemaChange, { kind: 'widen' }>): FlatSchema => {
  const table = findTable(schema, change.source, change.tablePath);
  const column = table.columns.find(({ name }) => name === change.column);
  if (column?.type === change.type) return schema;
  if (column?.type !== 'bigint' || change.type !== 'decimal')
    throw new Failure('fatal', 'warehouse.widen-unsupported', 'only a bigint column widens, to decimal', { column: change.column });
  const columns = table.columns.map((other) => (other === column ? { ...column, type: change.type } : other));
  return replaceTable(schema, { ...table, columns });
};

const applyChange = (schema: FlatSchema, change: SchemaChange): FlatSchema => {
  if (change.kind === 'table') return addTable(schema, change);
  return change.kind === 'column' ? addColumn(schema, change) : widen(schema, change);
};

/** The schema after the changes, under a higher version when anything has changed. */
export const evolveSchema = (before: FlatSchema, changes: readonly SchemaChange[]): FlatSchema => {
  const after = changes.reduce(applyChange, before);
  return after === before ? before : { ...after, version: before.version + 1 };
};
