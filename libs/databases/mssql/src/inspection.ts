import { Failure } from '@dsf/ports';
import type { Inspection, QueryResult, TableCount } from '@dsf/ports';
import type { MssqlClient } from './client.ts';
import { integer, text as textOf } from './columns.ts';
import type { Connection } from './connection.ts';
import { quoteName } from './dialect.ts';
import { countOpenFailures, findFailures } from './failures.ts';
import { readAllLanes, readAllPositions } from './lane-state.ts';
import { askQuestion } from './query.ts';
import { isSelect, qualifyTables, readQuestion } from './query-text.ts';
import { countOpenRequests } from './requests.ts';
import { readLayouts, readShown } from './summary-tables.ts';
import type { Catalog } from './schema-catalog.ts';
import { raw, sql, text } from './sql.ts';

/*
 * For people: what stands in the database, and one-off questions in SQL.
 */

const countRows = async (connection: Connection, name: string): Promise<number> =>
  integer((await connection.first(sql`SELECT COUNT_BIG(*) FROM ${raw(`${connection.schemas.data}.${quoteName(name)}`)}`))?.[0]);

const countTables = async (connection: Connection, { schema, physical }: Catalog): Promise<readonly TableCount[]> => {
  const flat = schema.tables.map(({ id, name, parent }) => ({
    name: physical.get(id)?.name ?? name,
    kind: parent === null ? ('root' as const) : ('child' as const),
  }));
  const views = await connection.all(sql`SELECT [name] FROM ${raw(connection.schemas.state)}.[summary_view] ORDER BY [name]`);
  const summary = views.map(([name]) => ({ name: textOf(name), kind: 'summary' as const }));
  const counts: TableCount[] = [];
  for (const table of [{ name: 'dsf_raw', kind: 'raw' as const }, ...flat, ...summary])
    counts.push({ ...table, rows: await countRows(connection, table.name) });
  return counts;
};

/** Names of everything in the schema of the rows, in lower case. */
const namesInSchema = async (connection: Connection): Promise<ReadonlySet<string>> => {
  const rows = await connection.all(
    sql`SELECT o.name FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = ${text(connection.schemas.base)} AND o.type IN ('U', 'V')`,
  );
  return new Set(rows.map(([name]) => textOf(name).toLowerCase()));
};

/** On a connection of its own, so that a question can neither change nor hold up the services' connections. */
const query = (client: MssqlClient, question: string, max: number): Promise<QueryResult> => {
  const tokens = readQuestion(question);
  return client.apart(async (connection) => {
    if (!isSelect(tokens)) {
      // Never run: a word that T-SQL does not know would be the name of a procedure. Described, it is only looked at.
      const words = await connection.describe(question).then(
        () => `only reading is allowed here: write one SELECT`,
        (error: unknown) => error,
      );
      if (words instanceof Error) throw new Failure('fatal', 'query.failed', words.message, {}, { cause: words });
      throw new Failure('fatal', 'query.refused', String(words));
    }
    const qualified = qualifyTables(question, tokens, connection.schemas.data, await namesInSchema(connection));
    return askQuestion(connection, qualified, max);
  });
};

export const openInspection = (client: MssqlClient, catalog: (connection: Connection) => Promise<Catalog>): Inspection => ({
  positions: () => client.read(readAllPositions),
  lanes: () => client.read(readAllLanes),
  failures: (filter) => client.read((connection) => findFailures(connection, filter)),
  openRequests: () => client.read(countOpenRequests),
  openFailures: () => client.read(countOpenFailures),
  tables: () => client.snapshot(async (connection) => countTables(connection, await catalog(connection))),
  shownInstances: () => client.read(readShown),
  instances: () => client.read(readLayouts),
  query: async (question, max) => query(client, question, max),
});
