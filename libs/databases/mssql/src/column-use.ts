import { Failure } from '@dsf/ports';
import type { Connection } from './connection.ts';
import { sql, text } from './sql.ts';

/*
 * What DBAs have put on columns of root and child tables. DSF puts nothing on those of messages.
 */

/**
 * Whether an index contains the column: then its type cannot change, and a longer text may not fit the 1,700 bytes of a key (1946).
 * https://learn.microsoft.com/sql/t-sql/statements/alter-table-transact-sql, ALTER COLUMN
 */
export const isIndexed = async (connection: Connection, table: string, column: string): Promise<boolean> =>
  (await connection.first(
    sql`SELECT TOP (1) 1 FROM sys.index_columns AS i JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = i.column_id JOIN sys.objects AS o ON o.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = ${text(connection.schemas.base)} AND o.name = ${text(table)} AND c.name = ${text(column)}`,
  )) !== undefined;

/**
 * Makes a change, and makes it again without altering a column where the server will not have it altered: statistics, constraints, computed columns and
 * views that are bound to it stand on it too, and no view of the catalog names all of them.
 * @param change - in a transaction of its own
 */
export const unlessUsed = async <T>(change: (mayAlter: boolean) => Promise<T>): Promise<T> => {
  try {
    return await change(true);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'warehouse.column-used') throw error;
    return change(false);
  }
};
