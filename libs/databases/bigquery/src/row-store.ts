import {
  Failure,
  type FlatSchema,
  type InstanceLayout,
  type RowStore,
  type RowWrite,
  type ShownInstance,
  type TableCount,
} from '@dsf/ports';
import { createAppender, openStreams, type Appender, type TableRows } from './appender.ts';
import { openClient, type BigQueryClient } from './client.ts';
import type { Scale } from './cells.ts';
import type { BigQueryConfig } from './config.ts';
import { capabilities, quoteName, rawView, viewName } from './dialect.ts';
import { rowFolds } from './folds.ts';
import { askQuestion } from './query.ts';
import { findSince, purge, readFlat, readRaw } from './reads.ts';
import { assertRowsFit, flatRowsOf, groupRowsOf, rawRowsOf, tombstoneOf } from './rows.ts';
import { viewOfDriver, shapeOf, summaryTable, type SummaryShape } from './summary-tables.ts';
import { openTables, type Tables } from './tables.ts';
import { createDriverView, createInstanceView, rootOf } from './views.ts';

const noShape = (instance: string): Failure =>
  new Failure('retry', 'warehouse.summary-missing', 'the driver instance has no table yet: ensure the summary tables and decide again', {
    instance,
  });

interface Parts {
  readonly client: BigQueryClient;
  readonly appender: Appender;
  readonly scale: Scale;
}

/** Tables of driver instances and the views over them, as far as this process has seen to them. */
const openSummaries = (client: BigQueryClient, tables: Tables) => {
  const shapes = new Map<string, SummaryShape>();
  const shownByDriver = new Map<string, string>();
  return {
    shapeFor(instance: string): SummaryShape {
      const shape = shapes.get(instance);
      if (shape === undefined) throw noShape(instance);
      return shape;
    },
    async ensure(instances: readonly InstanceLayout[]): Promise<void> {
      for (const instance of instances) {
        const shape = shapeOf(instance);
        if (shapes.has(shape.instance)) continue;
        await client.ensureDataset();
        if (await tables.ensure(summaryTable(shape))) await client.run(createInstanceView(client.dataset, shape));
        shapes.set(shape.instance, shape);
      }
    },
    async show(shown: readonly ShownInstance[]): Promise<void> {
      for (const { driver, instance } of shown) {
        const shape = shapes.get(instance);
        if (shape === undefined || shownByDriver.get(driver) === instance) continue;
        for (const name of [viewOfDriver(driver), `${viewOfDriver(driver)}_current`])
          await client.run(createDriverView(client.dataset, name, shape));
        shownByDriver.set(driver, instance);
      }
    },
  };
};

const countTables = async (client: BigQueryClient, schema: FlatSchema, shown: readonly ShownInstance[]): Promise<readonly TableCount[]> => {
  const flat = schema.tables.map(({ name, parent }) => ({
    name: viewName({ name }),
    kind: parent === null ? ('root' as const) : ('child' as const),
  }));
  const summary = shown.map(({ driver }) => ({ name: viewOfDriver(driver), kind: 'summary' as const }));
  const counts: TableCount[] = [];
  for (const table of [{ name: rawView, kind: 'raw' as const }, ...flat, ...summary]) {
    const { rows } = await client.run(`SELECT COUNT(*) FROM ${quoteName(client.dataset)}.${quoteName(table.name)}`);
    counts.push({ ...table, rows: Number(rows[0]?.[0] ?? 0) });
  }
  return counts;
};

/** What is read and asked, when the tables that it needs are there. */
const readsOf = (
  client: BigQueryClient,
  follow: (schema: FlatSchema | null) => Promise<FlatSchema>,
): Pick<RowStore, 'reads' | 'folds' | 'purge' | 'tables' | 'query'> => ({
  folds: rowFolds(client, follow),
  reads: {
    async readRaw(range, max) {
      await follow(null);
      return readRaw(client, range, max);
    },
    async readFlat(schema, question) {
      await follow(schema);
      return readFlat(client, schema, question);
    },
    findSince: async (rows, range, time) => findSince(client, await follow(null), { rows, range, time }),
  },
  async purge(rows, range, schema) {
    await follow(schema);
    return purge(client, schema, { rows, range });
  },
  async tables(schema, shown) {
    await follow(schema);
    return countTables(client, schema, shown);
  },
  async query(sql, max) {
    await follow(null);
    return askQuestion(client, sql, max);
  },
});

const storeOf = ({ client, appender, scale }: Parts): Omit<RowStore, 'close'> => {
  const tables = openTables(client);
  const summaries = openSummaries(client, tables);
  let newest: FlatSchema = { version: 0, tables: [] };

  /** @param schema - null: as new as any that was seen. @returns the newest that was seen */
  const follow = async (schema: FlatSchema | null): Promise<FlatSchema> => {
    if (schema !== null && schema.version > newest.version) newest = schema;
    await tables.follow(newest);
    return newest;
  };

  const partsOf = (write: RowWrite, schema: FlatSchema): readonly TableRows[] => {
    if (write.kind === 'raw') return [rawRowsOf(write.rows)];
    if (write.kind === 'flat') return flatRowsOf(write, scale);
    if (write.kind === 'groups') return [groupRowsOf(summaries.shapeFor(write.instance), write, scale)];
    const root = rootOf(schema, write.at.source);
    return root === undefined ? [] : [tombstoneOf(root, write)];
  };

  return {
    capabilities,
    check(writes, schema) {
      for (const write of writes) for (const part of partsOf(write, schema)) assertRowsFit(part);
    },
    async append(writes, schema) {
      await follow(schema);
      // Writes one after the other, and of each its tables: children are there before their root rows.
      for (const write of writes) for (const part of partsOf(write, schema)) await appender.append(part);
    },
    async follow(schema) {
      await follow(schema);
    },
    ensureSummaryTables: (instances) => summaries.ensure(instances),
    show: (shown) => summaries.show(shown),
    ...readsOf(client, follow),
  };
};

/** The emulator keeps so many digits of a BIGNUMERIC after the point; what has more goes the way of all that a column cannot hold. */
const emulatorScale = 5;

/**
 * Raw, flat and summary rows in one dataset of BigQuery. Tables are appended to over the default stream of each; what may come twice, or be an older
 * generation, is taken back by the view that people read.
 */
export const openBigQueryRows = (config: BigQueryConfig): RowStore => {
  const client = openClient(config);
  const streams = openStreams(config);
  const appender = createAppender(streams.open);
  return {
    ...storeOf({ client, appender, scale: config.emulator === undefined ? capabilities.decimal.scale : emulatorScale }),
    async close() {
      await appender.close();
      streams.close();
    },
  };
};
