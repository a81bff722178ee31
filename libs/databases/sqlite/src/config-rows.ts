import { configTableNames, configTables, definitionsOfRows, rowsOfDefinitions } from '@dsf/metadata';
import type { ConfigCell, ConfigRow, ConfigRows, ConfigTableName, Definitions } from '@dsf/metadata';
import type { Bind, Connection, Row } from './connection.ts';
import { createInsert, insertRows } from './insert-rows.ts';

/*
 * The config tables: dsf_source, dsf_driver, … What their rows mean is decided in @dsf/metadata.
 */

const nameTable = (table: ConfigTableName): string => `dsf_${table}`;

const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(', ');

/** Bytes stand in no config table; a tool may have put some there all the same. */
const cellOf = (value: Row[number] | undefined): ConfigCell => (value instanceof Uint8Array ? 'bytes' : (value ?? null));

const readTable = (connection: Connection, table: ConfigTableName): readonly ConfigRow[] => {
  const { columns, order } = configTables[table];
  const rowOf = (row: Row): ConfigRow => Object.fromEntries(columns.map((column, index) => [column, cellOf(row[index])]));
  return connection.all(`SELECT ${quoted(columns)} FROM ${nameTable(table)} ORDER BY ${quoted(order)}`).map(rowOf);
};

export const readDefinitions = (connection: Connection): ReturnType<typeof definitionsOfRows> => {
  const rows = Object.fromEntries(configTableNames.map((table) => [table, readTable(connection, table)])) as Record<
    ConfigTableName,
    readonly ConfigRow[]
  >;
  return definitionsOfRows(rows, nameTable);
};

const bindOf = (cell: ConfigCell | undefined): Bind => {
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  return cell ?? null;
};

const insert = (connection: Connection, table: ConfigTableName, rows: ConfigRows[ConfigTableName]): void => {
  if (rows.length === 0) return;
  const { columns } = configTables[table];
  insertRows(connection, createInsert(`INSERT INTO ${nameTable(table)} (${quoted(columns)})`, columns.length), rows, (row, values) => {
    for (const column of columns) values.push(bindOf(row[column]));
  });
};

/** Everything that was there before goes; the caller's transaction makes that one step. Children go first, although the foreign keys would wait until the commit. */
export const replaceConfigRows = (connection: Connection, definitions: Definitions): void => {
  for (const table of configTableNames.toReversed()) connection.run(`DELETE FROM ${nameTable(table)}`);
  const rows = rowsOfDefinitions(definitions);
  for (const table of configTableNames) insert(connection, table, rows[table]);
};

/** The number of lanes alone. */
export const writeLanes = (connection: Connection, lanes: number): void => {
  connection.run('INSERT INTO dsf_setting (id, lanes) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET lanes = excluded.lanes', lanes);
};
