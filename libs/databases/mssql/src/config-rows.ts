import { isDeepStrictEqual } from 'node:util';
import { configTableNames, configTables, definitionsOfRows, rowsOfDefinitions } from '@dsf/metadata';
import type { ConfigCell, ConfigRow, ConfigTableName, Definitions } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import { TYPES } from 'tedious';
import type { Cell, Connection, Row } from './connection.ts';
import { integer, raw, sql } from './sql.ts';
import { throughStage, type StageColumn } from './stage.ts';

/*
 * The config tables: <schema>_config.source, driver, … What their rows mean is decided in @dsf/metadata. Only rows that differ are touched, so that the
 * history of a row tells when it changed, not when somebody applied files again.
 */

type Rows = readonly ConfigRow[];

const listed = (names: readonly string[], of: (name: string) => string = (name) => `[${name}]`): string => names.map(of).join(', ');

const cellOf = (value: Cell | undefined): ConfigCell => (typeof value === 'object' && value !== null ? 'no text' : (value ?? null));

const readTable = async (connection: Connection, table: ConfigTableName): Promise<Rows> => {
  const { columns, order } = configTables[table];
  const rowOf = (row: Row): ConfigRow => Object.fromEntries(columns.map((column, index) => [column, cellOf(row[index])]));
  const rows = await connection.all({
    text: `SELECT ${listed(columns)} FROM ${connection.schemas.config}.[${table}] ORDER BY ${listed(order)}`,
    binds: [],
  });
  return rows.map(rowOf);
};

const readRows = async (connection: Connection): Promise<Record<ConfigTableName, Rows>> => {
  const rows: Partial<Record<ConfigTableName, Rows>> = {};
  for (const table of configTableNames) rows[table] = await readTable(connection, table);
  return rows as Record<ConfigTableName, Rows>;
};

/** Reads until two in a row agree. */
const readsMax = 6;

/**
 * The tables as they stood at one moment. They are read one after the other, and whoever edits them takes no lock of ours: an edit that is committed in between
 * shows its second half alone. The next read then shows the first half too; two reads that agree have nothing between them.
 * @throws Failure `retry` `warehouse.changed` when somebody edits them all the while
 */
const readSettledRows = async (connection: Connection): Promise<Record<ConfigTableName, Rows>> => {
  let rows = await readRows(connection);
  for (let reads = 1; reads < readsMax; reads += 1) {
    const again = await readRows(connection);
    if (isDeepStrictEqual(rows, again)) return rows;
    rows = again;
  }
  throw new Failure('retry', 'warehouse.changed', `the tables of ${connection.schemas.config} were edited while they were read`, {
    reads: readsMax,
  });
};

/** @throws Failure `retry` `warehouse.changed` when somebody edits the tables all the while */
export const readDefinitions = async (connection: Connection): Promise<ReturnType<typeof definitionsOfRows>> =>
  definitionsOfRows(await readSettledRows(connection), (table) => `${connection.schemas.base}_config.${table}`);

const integers: ReadonlySet<string> = new Set(['id', 'lanes', 'position', 'partitions', 'depth_max', 'input', 'max_items']);
const bits: ReadonlySet<string> = new Set(['tls', 'detect', 'long_form', 'transactional']);

/** Columns that hold the name of a source, driver, publication or connection: those compare without case. */
const isName = (table: ConfigTableName, column: string): boolean =>
  column === 'source' || column === 'driver' || (column === 'name' && configTables[table].key.length === 1);

const collationOf = (table: ConfigTableName, column: string): string => {
  if (integers.has(column)) return '';
  return isName(table, column) ? ' COLLATE Latin1_General_CI_AS' : ' COLLATE Latin1_General_100_BIN2';
};

/** Text stands in the stage with the collation of its column, so that the two can be compared. */
const stageColumn = (table: ConfigTableName, name: string): StageColumn => {
  if (integers.has(name)) return { name, type: TYPES.Int, nullable: true, sqlType: 'int' };
  if (bits.has(name)) return { name, type: TYPES.Bit, nullable: true, sqlType: 'bit' };
  const sqlType = `nvarchar(max)${collationOf(table, name)}`;
  return { name, type: TYPES.NVarChar, nullable: true, length: Number.POSITIVE_INFINITY, sqlType };
};

const sameRow = (table: ConfigTableName): string => configTables[table].key.map((column) => `t.[${column}] = n.[${column}]`).join(' AND ');

const keyOf = (table: ConfigTableName, row: ConfigRow): string =>
  JSON.stringify(configTables[table].key.map((column) => (isName(table, column) ? String(row[column]).toLowerCase() : row[column])));

const isSame = (a: ConfigCell | undefined, b: ConfigCell | undefined): boolean => (a ?? null) === (b ?? null);

interface Difference {
  readonly added: Rows;
  readonly changed: Rows;
  readonly gone: Rows;
}

const differenceOf = (table: ConfigTableName, before: Rows, after: Rows): Difference => {
  const { columns } = configTables[table];
  const known = new Map(before.map((row) => [keyOf(table, row), row]));
  const wanted = new Set(after.map((row) => keyOf(table, row)));
  return {
    added: after.filter((row) => !known.has(keyOf(table, row))),
    changed: after.filter((row) => {
      const old = known.get(keyOf(table, row));
      return old !== undefined && columns.some((column) => !isSame(old[column], row[column]));
    }),
    gone: before.filter((row) => !wanted.has(keyOf(table, row))),
  };
};

const stageName = '#dsf_config';

const through = async (connection: Connection, table: ConfigTableName, rows: Rows, statement: string): Promise<void> => {
  const { columns } = configTables[table];
  const values = rows.map((row) => columns.map((column) => row[column] ?? null));
  await throughStage(
    connection,
    { name: stageName, columns: columns.map((column) => stageColumn(table, column)), rows: values },
    `${statement};`,
  );
};

const put = async (connection: Connection, table: ConfigTableName, { added, changed }: Difference): Promise<void> => {
  const { columns } = configTables[table];
  const name = `${connection.schemas.config}.[${table}]`;
  await through(
    connection,
    table,
    changed,
    `UPDATE t SET ${listed(columns, (column) => `[${column}] = n.[${column}]`)} FROM ${name} AS t JOIN ${stageName} AS n ON ${sameRow(table)}`,
  );
  const insert = `INSERT INTO ${name} (${listed(columns)}) SELECT ${listed(columns, (column) => `n.[${column}]`)} FROM ${stageName} AS n`;
  await through(connection, table, added, insert);
};

/** Makes the tables say what `definitions` say. First what is new, owners before what they own; then what is gone, in the other direction. */
export const replaceConfigRows = async (connection: Connection, definitions: Definitions): Promise<void> => {
  const [before, after] = [await readRows(connection), rowsOfDefinitions(definitions)];
  const differences = configTableNames.map((table) => [table, differenceOf(table, before[table], after[table])] as const);
  for (const [table, difference] of differences) await put(connection, table, difference);
  for (const [table, { gone }] of differences.toReversed()) {
    const name = `${connection.schemas.config}.[${table}]`;
    await through(connection, table, gone, `DELETE t FROM ${name} AS t JOIN ${stageName} AS n ON ${sameRow(table)}`);
  }
};

/** The number of lanes alone. */
export const writeLanes = async (connection: Connection, lanes: number): Promise<void> => {
  const table = raw(`${connection.schemas.config}.[setting]`);
  await connection.run(sql`UPDATE ${table} SET [lanes] = ${integer(lanes)} WHERE [id] = 1;
IF @@ROWCOUNT = 0 INSERT INTO ${table} ([id], [lanes]) VALUES (1, ${integer(lanes)})`);
};
