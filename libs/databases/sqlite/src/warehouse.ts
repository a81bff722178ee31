import type { Warehouse } from '@dsf/ports';
import { adminTransaction } from './admin-transaction.ts';
import type { SqliteConfig } from './client.ts';
import { openDatabase } from './database.ts';
import { capabilities } from './dialect.ts';
import { readIntent, writeIntent } from './intents.ts';
import { openInspection } from './inspection.ts';
import { readLane } from './lane-state.ts';
import { laneReads, takeTurn } from './lane-transaction.ts';
import { writeRequests } from './requests.ts';
import { applyChanges, createSchemaCache, readSchema } from './schema-catalog.ts';
import { createLayoutCache, ensureSummaryTable } from './summary-tables.ts';

/**
 * Raw, flat and summary rows in one SQLite file, which is made or brought up to date when it is opened. Handles of one file share a
 * writer, so lanes of a process take turns; other processes may use the file too.
 * @throws Failure `fatal` when the file cannot be opened, is not a database, is damaged, or was made by a newer DSF
 */
export const openSqliteWarehouse = async (config: SqliteConfig): Promise<Warehouse> => {
  const client = await openDatabase(config);
  // Reader and transactions keep a cache each: within a transaction the catalog may be newer than the reader's snapshot.
  const committed = { schema: createSchemaCache(), layout: createLayoutCache() };
  const inTransaction = { schema: createSchemaCache(), layout: createLayoutCache() };

  return {
    capabilities,
    loadLane: (lane) => client.readDurable((connection) => readLane(connection, lane)),
    transact: (lane, seq, work) => takeTurn(client, { lane, seq, views: inTransaction }, work),
    intend: (lane, seq, body) => client.write(async (connection) => writeIntent(connection, { lane, seq, body })),
    readIntent: (lane) => client.readDurable((connection) => readIntent(connection, lane)),
    schema: () => client.readDurable(committed.schema),
    evolve: (plan) =>
      client.write(async (connection) => {
        const schema = readSchema(connection);
        return applyChanges(connection, schema, plan(schema));
      }),
    ensureSummaryTables: async (instances) => {
      const missing = await client.read((connection) =>
        instances.filter(({ instance }) => committed.layout(connection, instance) === null),
      );
      if (missing.length === 0) return;
      await client.write(async (connection) => {
        for (const instance of missing) ensureSummaryTable(connection, instance);
      });
    },
    administer: (work) => client.write((connection) => work(adminTransaction(connection, inTransaction))),
    committed: laneReads({ on: (work) => client.read(work), onDurable: (work) => client.readDurable(work) }, committed),
    request: (requests, now) => client.write(async (connection) => writeRequests(connection, requests, now)),
    inspect: openInspection(client, committed.schema),
    close: () => client.close(),
  };
};
