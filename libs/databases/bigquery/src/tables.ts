import type { FlatSchema, FlatTable } from '@dsf/ports';
import type { BigQueryClient } from './client.ts';
import {
  addColumns,
  baseName,
  coordinateCluster,
  createTable,
  flatColumns,
  rawBase,
  rawColumns,
  widen,
  type TableShape,
} from './dialect.ts';
import { createFlatView, createRawView, rootOf } from './views.ts';

/*
 * Tables and views that follow the path catalog, which the state database keeps. What is missing is made, whoever finds it missing first.
 */

export interface Tables {
  /** Makes what the catalog has and BigQuery does not. */
  follow(schema: FlatSchema): Promise<void>;
  /** Makes a table with all its columns, or gives it those that it lacks. @returns whether anything had changed */
  ensure(shape: TableShape): Promise<boolean>;
}

const flatShape = (table: FlatTable): TableShape => ({
  name: baseName(table.name),
  about: `${table.path === '' ? 'Root rows' : `Rows of ${table.path}`} of source ${table.source} as they were appended, equal copies and older generations too: read ${table.name} instead`,
  columns: flatColumns(table),
  cluster: coordinateCluster,
});

const rawShape: TableShape = {
  name: rawBase,
  about: 'Raw messages as they were appended, equal copies too: read dsf_raw instead',
  columns: rawColumns,
  cluster: coordinateCluster,
};

/** Types as the REST API calls them. */
const restTypes: Readonly<Record<string, string>> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

const together = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

export const openTables = (client: BigQueryClient): Tables => {
  const { dataset } = client;
  const run = (sql: string) => client.run(sql);
  const made = new Map<string, string>();
  let followed = -1;
  /** One at a time in this process: BigQuery takes five changes of a table in ten seconds. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };

  const ensure = async (shape: TableShape): Promise<boolean> => {
    const key = shape.columns.map(({ name, type }) => `${name} ${type}`).join('\n');
    if (made.get(shape.name) === key) return false;
    const known = await client.columnsOf(shape.name);
    if (known === null) await run(createTable(dataset, shape));
    else {
      const absent = shape.columns.filter(({ name }) => !known.has(name.toLowerCase()));
      for (const some of together(absent, client.columnsPerChange)) await run(addColumns(dataset, shape.name, some));
      for (const { name, type } of shape.columns) {
        const has = known.get(name.toLowerCase());
        if (has !== undefined && (restTypes[has] ?? has) === 'INT64' && type === 'BIGNUMERIC')
          await run(widen(dataset, shape.name, name, type));
      }
    }
    made.set(shape.name, key);
    return true;
  };

  const followNow = async (schema: FlatSchema): Promise<void> => {
    if (followed >= schema.version) return;
    if (followed < 0) await client.ensureDataset();
    if (await ensure(rawShape)) await run(createRawView(dataset));
    for (const table of schema.tables) {
      if (!(await ensure(flatShape(table)))) continue;
      const root = rootOf(schema, table.source);
      if (root !== undefined) await run(createFlatView(dataset, table, root));
    }
    followed = schema.version;
  };

  return {
    follow: async (schema) => {
      if (followed < schema.version) await inTurn(() => followNow(schema));
    },
    ensure: (shape) => inTurn(() => ensure(shape)),
  };
};
