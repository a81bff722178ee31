import { DatabaseSync, constants } from 'node:sqlite';
import type { SQLOutputValue } from 'node:sqlite';
import { Failure } from '@dsf/ports';
import type { FlatSchema, Inspection, QueryCell, QueryResult, TableCount } from '@dsf/ports';
import type { SqliteClient } from './client.ts';
import { integer, text } from './columns.ts';
import type { Connection } from './connection.ts';
import { quoteName } from './dialect.ts';
import { countOpenFailures, findFailures } from './failures.ts';
import { readAllLanes, readAllPositions } from './lane-state.ts';
import { countOpenRequests } from './requests.ts';
import { readLayouts, readShown } from './summary-tables.ts';

/*
 * For people: what stands in the database, and one-off questions in SQL.
 */

const countRows = (connection: Connection, name: string): number =>
  integer(connection.first(`SELECT count(*) FROM ${quoteName(name)}`)?.[0]);

const countTables = (connection: Connection, schema: FlatSchema): readonly TableCount[] => {
  const flat = schema.tables.map(({ name, parent }) => ({ name, kind: parent === null ? ('root' as const) : ('child' as const) }));
  const summary = connection
    .all('SELECT name FROM dsf_summary_view ORDER BY name')
    .map(([name]) => ({ name: text(name), kind: 'summary' as const }));
  return [{ name: 'dsf_raw', kind: 'raw' as const }, ...flat, ...summary].map((table) => ({
    ...table,
    rows: countRows(connection, table.name),
  }));
};

const harmlessPragmas: ReadonlySet<string> = new Set([
  'table_info',
  'table_xinfo',
  'table_list',
  'index_list',
  'index_info',
  'foreign_key_list',
]);
const harmlessActions: ReadonlySet<number> = new Set([constants.SQLITE_SELECT, constants.SQLITE_READ, constants.SQLITE_RECURSIVE]);

/** Decides on each thing that a statement would do, while SQLite compiles it. A read-only file alone would still allow ATTACH and VACUUM INTO. */
const authorize = (action: number, first: string | null, second: string | null): number => {
  if (harmlessActions.has(action)) return constants.SQLITE_OK;
  if (action === constants.SQLITE_FUNCTION && second !== 'load_extension') return constants.SQLITE_OK;
  // A pragma with an argument could be a setting, but these have none to set.
  if (action === constants.SQLITE_PRAGMA && harmlessPragmas.has(first ?? '')) return constants.SQLITE_OK;
  return constants.SQLITE_DENY;
};

const cellOf = (value: SQLOutputValue): QueryCell =>
  typeof value === 'bigint' && value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

const refused = (message: string): Failure => new Failure('fatal', 'query.refused', message);

/** SQLITE_AUTH, which node:sqlite does not name. */
const notAuthorized = 23;

const isDenied = (error: unknown): boolean =>
  error instanceof Error && (('errcode' in error && error.errcode === notAuthorized) || error.message.startsWith('not authorized'));

const failed = (error: unknown): Failure => {
  const words = error instanceof Error ? error.message : String(error);
  if (words.includes('contains no statements')) return refused('there is no statement: write one SELECT');
  if (isDenied(error)) return refused(`only reading is allowed here (${words}): write one SELECT`);
  return new Failure('fatal', 'query.failed', words, {}, { cause: error });
};

/** node:sqlite compiles the first statement and ignores what follows; that would hide a mistake. */
const assertNothingFollows = (database: DatabaseSync, sql: string, compiled: string): void => {
  const rest = sql.slice(compiled.length);
  try {
    database.prepare(rest);
  } catch (error) {
    if (error instanceof Error && error.message.includes('contains no statements')) return;
  }
  throw refused('only one statement is allowed: put nothing after the first `;`');
};

const runQuery = (database: DatabaseSync, sql: string, max: number): QueryResult => {
  const statement = database.prepare(sql);
  assertNothingFollows(database, sql, statement.sourceSQL);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  const rows: (readonly QueryCell[])[] = [];
  if (max > 0) {
    // With `setReturnArrays` each row is an array, which the types of node:sqlite do not know.
    for (const row of statement.iterate() as Iterable<unknown> as Iterable<readonly SQLOutputValue[]>) {
      rows.push(row.map(cellOf));
      if (rows.length >= max) break;
    }
  }
  return { columns: statement.columns().map(({ name }) => name), rows };
};

/** On a connection of its own, so that a question can neither change nor hold up the services' connections. */
const query = (file: string, sql: string, max: number): QueryResult => {
  // SQLite reads SQL as a C string; what stands behind a NUL would be dropped in silence.
  if (sql.includes('\0')) throw refused('the statement holds a NUL character');
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
  try {
    database.setAuthorizer(authorize);
    return runQuery(database, sql, max);
  } catch (error) {
    throw error instanceof Failure ? error : failed(error);
  } finally {
    database.close();
  }
};

export const openInspection = (client: SqliteClient, schema: (connection: Connection) => FlatSchema): Inspection => ({
  positions: () => client.read(readAllPositions),
  lanes: () => client.read(readAllLanes),
  failures: (filter) => client.read((connection) => findFailures(connection, filter)),
  openRequests: () => client.read(countOpenRequests),
  openFailures: () => client.read(countOpenFailures),
  tables: () => client.read((connection) => countTables(connection, schema(connection))),
  shownInstances: () => client.read(readShown),
  instances: () => client.read(readLayouts),
  query: async (sql, max) => query(client.file, sql, max),
});
