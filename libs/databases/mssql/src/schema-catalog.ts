import { createHash } from 'node:crypto';
import { columnTypes } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { FlatColumn, FlatSchema, FlatTable } from '@dsf/ports';
import { integer, integerOrNull, text as textOf, textOrNull, word as wordOf } from './columns.ts';
import type { Connection } from './connection.ts';
import { raw, sql, text } from './sql.ts';

/*
 * The path catalog (flat_table, flat_column) as it is read. schema-changes.ts writes it.
 */

const roles = ['value', 'variant', 'length', 'rest'] as const;

/** A column as SQL Server has it. */
export interface PhysicalColumn {
  readonly name: string;
  readonly sqlType: string;
  /** Name of the column beside it that holds what its type cannot; null until one was needed. */
  readonly exact: string | null;
}

export interface PhysicalTable {
  readonly name: string;
  /** Aligned with the columns of the flat table. */
  readonly columns: readonly PhysicalColumn[];
}

export interface Catalog {
  readonly schema: FlatSchema;
  /** By table id. */
  readonly physical: ReadonlyMap<number, PhysicalTable>;
}

export const sha256 = (value: string): Buffer => createHash('sha256').update(value, 'utf16le').digest();

/**
 * @param held - the version stays as it is until the transaction ends: who changes tables waits, and who writes rows by an older version is refused
 */
export const readSchemaVersion = async (connection: Connection, held: 'held' | 'free' = 'free'): Promise<number> =>
  integer(
    (
      await connection.first(
        sql`SELECT [version] FROM ${raw(connection.schemas.state)}.[flat_schema]${raw(held === 'held' ? ' WITH (HOLDLOCK)' : '')} WHERE [id] = 1`,
      )
    )?.[0],
  );

interface Found {
  readonly column: FlatColumn;
  readonly physical: PhysicalColumn;
}

const readColumns = async (connection: Connection): Promise<ReadonlyMap<number, readonly Found[]>> => {
  const columns = new Map<number, Found[]>();
  const rows = await connection.all(
    sql`SELECT [table_id], [id], [path], [name], [type], [role], [column_name], [column_type], [exact_column] FROM ${raw(connection.schemas.state)}.[flat_column] ORDER BY [table_id], [ordinal]`,
  );
  for (const [table, id, path, name, type, role, sqlName, sqlType, exact] of rows) {
    const found: Found = {
      column: { id: integer(id), path: textOf(path), name: textOf(name), type: wordOf(columnTypes, type), role: wordOf(roles, role) },
      physical: { name: textOf(sqlName), sqlType: textOf(sqlType), exact: textOrNull(exact ?? null) },
    };
    const siblings = columns.get(integer(table));
    if (siblings === undefined) columns.set(integer(table), [found]);
    else siblings.push(found);
  }
  return columns;
};

export const readCatalog = async (connection: Connection): Promise<Catalog> => {
  const version = await readSchemaVersion(connection);
  const columns = await readColumns(connection);
  // A parent is always added before its children, so the order of ids puts parents first.
  const rows = await connection.all(
    sql`SELECT [id], [source], [path], [name], [parent], [table_name] FROM ${raw(connection.schemas.state)}.[flat_table] ORDER BY [id]`,
  );
  const physical = new Map<number, PhysicalTable>();
  const tables = rows.map(([id, source, path, name, parent, tableName]): FlatTable => {
    const found = columns.get(integer(id)) ?? [];
    physical.set(integer(id), { name: textOf(tableName), columns: found.map((one) => one.physical) });
    return {
      id: integer(id),
      source: integer(source),
      path: textOf(path),
      name: textOf(name),
      parent: integerOrNull(parent ?? null),
      columns: found.map(({ column }) => column),
    };
  });
  return { schema: { version, tables }, physical };
};

/** @param version - the catalog's, where it was just read; else it is asked for */
export type CatalogCache = (connection: Connection, version?: number) => Promise<Catalog>;

/** Keeps the catalog last read; asks the database for its version alone. */
export const createCatalogCache = (): CatalogCache => {
  let known: Catalog | null = null;
  return async (connection, version) => {
    if (known === null || known.schema.version !== (version ?? (await readSchemaVersion(connection))))
      known = await readCatalog(connection);
    return known;
  };
};

export const physicalOf = ({ physical }: Catalog, table: FlatTable): PhysicalTable => {
  const found = physical.get(table.id);
  if (found === undefined)
    throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again', {
      table: table.name,
    });
  return found;
};

/** Tables, views and all else that has a name in the schema of the rows, as the database compares names. */
export const objectExists = async (connection: Connection, name: string): Promise<boolean> =>
  (await connection.first(
    sql`SELECT 1 FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = ${text(connection.schemas.base)} AND LOWER(o.name) = LOWER(${text(name)})`,
  )) !== undefined;
