import { Failure, type FlatSchema, type RowStore, type RowWrite, type ShownInstance, type TableCount } from '@dsf/ports';
import { createAppender, openStreams, type Appender, type TableRows } from './appender.ts';
import { openClient, type BigQueryClient } from './client.ts';
import type { Scale } from './cells.ts';
import type { BigQueryConfig } from './config.ts';
import { capabilities, quoteName, rawView } from './dialect.ts';
import { askQuestion } from './query.ts';
import { findSince, purge, readFlat, readRaw } from './reads.ts';
import { assertRowsFit, flatRowsOf, groupRowsOf, rawRowsOf, tombstoneOf } from './rows.ts';
import { driverView, shapeOf, summaryTable, type SummaryShape } from './summary-tables.ts';
import { openTables } from './tables.ts';
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

const storeOf = ({ client, appender, scale }: Parts): Omit<RowStore, 'close'> => {
  const tables = openTables(client);
  const shapes = new Map<string, SummaryShape>();
  /** By driver, what its views show as far as this process has seen to it. */
  const shownByDriver = new Map<string, string>();
  let newest: FlatSchema = { version: -1, tables: [] };

  const shapeFor = (instance: string): SummaryShape => {
    const shape = shapes.get(instance);
    if (shape === undefined) throw noShape(instance);
    return shape;
  };

  const partsOf = (write: RowWrite, schema: FlatSchema): readonly TableRows[] => {
    if (write.kind === 'raw') return [rawRowsOf(write.rows)];
    if (write.kind === 'flat') return flatRowsOf(write, scale);
    if (write.kind === 'groups') return [groupRowsOf(shapeFor(write.instance), write, scale)];
    const root = rootOf(schema, write.at.source);
    return root === undefined ? [] : [tombstoneOf(root, write)];
  };

  const follow = async (schema: FlatSchema): Promise<void> => {
    if (schema.version > newest.version) newest = schema;
    await tables.follow(schema);
  };

  const countRows = async (name: string): Promise<number> => {
    const { rows } = await client.run(`SELECT COUNT(*) FROM ${quoteName(client.dataset)}.${quoteName(name)}`);
    return Number(rows[0]?.[0] ?? 0);
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
    follow,
    async ensureSummaryTables(instances) {
      for (const instance of instances) {
        const shape = shapeOf(instance);
        if (shapes.has(shape.instance)) continue;
        await client.ensureDataset();
        if (await tables.ensure(summaryTable(shape))) await client.run(createInstanceView(client.dataset, shape));
        shapes.set(shape.instance, shape);
      }
    },
    async show(shown) {
      for (const { driver, instance } of shown) {
        const shape = shapes.get(instance);
        if (shape === undefined || shownByDriver.get(driver) === instance) continue;
        for (const name of [driverView(driver), `${driverView(driver)}_current`])
          await client.run(createDriverView(client.dataset, name, shape));
        shownByDriver.set(driver, instance);
      }
    },
    reads: {
      readRaw: (range, max) => readRaw(client, range, max),
      readFlat: async (schema, question) => {
        await follow(schema);
        return readFlat(client, schema, question);
      },
      findSince: (rows, range, time) => findSince(client, newest, { rows, range, time }),
    },
    async purge(rows, range, schema) {
      await follow(schema);
      return purge(client, schema, { rows, range });
    },
    async tables(schema: FlatSchema, shown: readonly ShownInstance[]): Promise<readonly TableCount[]> {
      await follow(schema);
      const flat = schema.tables.map(({ name, parent }) => ({ name, kind: parent === null ? ('root' as const) : ('child' as const) }));
      const summary = shown.map(({ driver }) => ({ name: driverView(driver), kind: 'summary' as const }));
      const counts: TableCount[] = [];
      for (const table of [{ name: rawView, kind: 'raw' as const }, ...flat, ...summary])
        counts.push({ ...table, rows: await countRows(table.name) });
      return counts;
    },
    query: (sql, max) => askQuestion(client, sql, max),
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
