import mssql from 'mssql';
import { mssqlTestOptions, type MssqlTestServer } from './test-server.ts';

/*
 * What the benchmark of SQL Server is held against: the driver's bare bulk load of the same rows into the same tables, without checks, on one connection;
 * and the way that nobody should go, one parameterised INSERT per row.
 */

export interface Measured {
  readonly rows: number;
  readonly ms: number;
}

export interface Some {
  /** Rows of each partition below this offset. */
  readonly offsets: number;
  /** As many rows of a table at once as a transaction of the product takes. */
  readonly batches: number;
}

export interface BulkFloor {
  /** Loads rows of these tables, as they stand, into copies of them. */
  load(tables: readonly string[], some: Some): Promise<Measured>;
  /**
   * Takes rows out of the product's own tables, parents first in `tables`, and loads them again, checks and computed columns included: what no writer of
   * these tables can do without on this server.
   */
  loadAgain(tables: readonly string[], some: Some): Promise<Measured>;
  /** The first rows of a table, one statement each. */
  rowByRow(table: string, rows: number): Promise<Measured>;
  close(): Promise<void>;
}

type Rows = mssql.IRecordSet<Record<string, unknown>>;

const longTextLength = 4000;

/** Declared types as the server has them; `max` where text is long. */
const typeOf = (column: mssql.IColumnMetadata[string]): mssql.ISqlType => {
  const type = typeof column.type === 'function' ? column.type() : column.type;
  return type.type === mssql.NVarChar && column.length > longTextLength
    ? mssql.NVarChar(mssql.MAX)
    : { ...type, ...column, type: type.type };
};

const tableOf = (name: string, rows: Rows, from: number, to: number): mssql.Table => {
  const table = new mssql.Table(name);
  const columns = Object.values(rows.columns).toSorted((a, b) => a.index - b.index);
  for (const column of columns) table.columns.add(column.name, typeOf(column), { nullable: column.nullable });
  for (const row of rows.slice(from, to)) table.rows.add(...(columns.map(({ name: key }) => row[key]) as never[]));
  return table;
};

/** @param schema - of the product's tables, full of rows; the copies are made beside them and removed again */
export const openBulkFloor = async (server: MssqlTestServer, schema: string): Promise<BulkFloor> => {
  const pool = await new mssql.ConnectionPool({
    server: server.server,
    port: server.port,
    database: server.database,
    user: server.user,
    password: server.password,
    requestTimeout: 600_000,
    pool: { max: 1, min: 1 },
    options: mssqlTestOptions(server),
  }).connect();
  const batch = async (sql: string): Promise<Rows> => (await pool.request().batch(sql)).recordset as Rows;
  const plain = async (sql: string): Promise<void> => void (await pool.request().batch(sql));
  const copies = new Set<string>();

  /** The rows of a table in the order of its key, without the columns that the server computes. */
  const read = async (table: string, offsets: number) => {
    const found = await batch(
      `SELECT c.name FROM sys.columns AS c WHERE c.object_id = OBJECT_ID(N'[${schema}].[${table}]') AND c.is_computed = 0 ORDER BY c.column_id`,
    );
    const columns = found.map((row) => String(row['name']));
    const list = columns.map((name) => `[${name}]`).join(', ');
    const key = columns.filter((name) => ['_dsf_src', '_dsf_part', '_dsf_off', '_dsf_row'].includes(name)).map((name) => `[${name}]`);
    const rows = await batch(`SELECT ${list} FROM [${schema}].[${table}] WHERE [_dsf_off] < ${offsets} ORDER BY ${key.join(', ')}`);
    return { rows, columns, list, key: key.join(', ') };
  };

  /** The same columns, without those that the server computes, and the same clustered key. */
  const copy = async (
    table: string,
    offsets: number,
  ): Promise<{ readonly name: string; readonly rows: Rows; readonly columns: readonly string[] }> => {
    const { rows, columns, list, key } = await read(table, offsets);
    const name = `floor_${table}`;
    if (copies.has(name)) await plain(`DROP TABLE [${schema}].[${name}]`);
    await plain(`SELECT TOP (0) ${list} INTO [${schema}].[${name}] FROM [${schema}].[${table}]`);
    await plain(`ALTER TABLE [${schema}].[${name}] ADD CONSTRAINT [PK_${name}] PRIMARY KEY CLUSTERED (${key})`);
    copies.add(name);
    return { name: `[${schema}].[${name}]`, rows, columns };
  };

  const loadAll = async (
    tables: readonly { readonly name: string; readonly rows: Rows }[],
    batches: number,
    options: { readonly checkConstraints?: boolean } = {},
  ): Promise<Measured> => {
    const loads = tables.flatMap(({ name, rows }) => {
      const size = Math.ceil(rows.length / batches);
      return Array.from({ length: batches }, (_, at) => tableOf(name, rows, at * size, (at + 1) * size)).filter(
        ({ rows: some }) => some.length > 0,
      );
    });
    const start = performance.now();
    for (const load of loads) await pool.request().bulk(load, options);
    return { rows: tables.reduce((sum, { rows }) => sum + rows.length, 0), ms: performance.now() - start };
  };

  return {
    async load(tables, { offsets, batches }) {
      const copied = [];
      for (const table of tables) copied.push(await copy(table, offsets));
      return loadAll(copied, batches);
    },
    async loadAgain(tables, { offsets, batches }) {
      const kept = [];
      for (const table of tables) kept.push({ name: `[${schema}].[${table}]`, ...(await read(table, offsets)) });
      for (const { name } of kept.toReversed()) await plain(`DELETE FROM ${name} WHERE [_dsf_off] < ${offsets}`);
      return loadAll(kept, batches, { checkConstraints: true });
    },
    async rowByRow(table, count) {
      const { name, rows, columns } = await copy(table, count);
      const metadata = rows.columns;
      const some = rows.slice(0, count);
      const sql = `INSERT INTO ${name} (${columns.map((one) => `[${one}]`).join(', ')}) VALUES (${columns.map((_, index) => `@p${index}`).join(', ')})`;
      const start = performance.now();
      for (const row of some) {
        const request = pool.request();
        for (const [index, column] of columns.entries()) {
          const known = metadata[column];
          if (known !== undefined) request.input(`p${index}`, typeOf(known), row[column]);
        }
        await request.query(sql);
      }
      return { rows: some.length, ms: performance.now() - start };
    },
    async close() {
      for (const name of copies) await plain(`DROP TABLE [${schema}].[${name}]`).catch(() => undefined);
      await pool.close();
    },
  };
};
