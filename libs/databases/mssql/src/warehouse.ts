import type { Warehouse } from '@dsf/ports';
import { adminTransaction } from './admin-transaction.ts';
import { growColumns, type Growth } from './column-growth.ts';
import { unlessUsed } from './column-use.ts';
import type { MssqlConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { capabilities } from './dialect.ts';
import { readIntent, writeIntent } from './intents.ts';
import { openInspection } from './inspection.ts';
import { claimBatch, readLane } from './lane-state.ts';
import { laneReads, takeTurn } from './lane-transaction.ts';
import { writeRequests } from './requests.ts';
import { createCatalogCache } from './schema-catalog.ts';
import { applyChanges, rewriteRowsMax } from './schema-changes.ts';
import { createLayoutCache, ensureSummaryTable } from './summary-tables.ts';

/**
 * Raw, flat and summary rows, and state, in one database of SQL Server that `dsf migrate` has made ready. Handles of one process share a pool.
 * @throws Failure `fatal` when the login fails, the database or a permission is missing, or migrations are; `retry` when the server is away
 */
export const openMssqlWarehouse = async (config: MssqlConfig): Promise<Warehouse> => {
  const client = await openDatabase(config);
  // Readers and transactions keep a cache each: within a snapshot the catalog may be older than what is committed.
  const committed = { catalog: createCatalogCache(), layout: createLayoutCache() };
  const inTransaction = { catalog: createCatalogCache(), layout: createLayoutCache() };

  return {
    capabilities,
    loadLane: (lane) => client.snapshot((connection) => readLane(connection, lane)),
    transact: async (lane, seq, work) => {
      let wanted: readonly Growth[] = [];
      const want = (growths: readonly Growth[]): void => {
        wanted = growths;
      };
      try {
        return await client.write(
          (connection, rows) => takeTurn(connection, { lane, seq, rows, views: inTransaction, want }, work),
          claimBatch(client.schemas, lane, seq),
        );
      } catch (error) {
        if (wanted.length > 0)
          await unlessUsed((mayAlter) => client.writeAlone('schema', (connection) => growColumns(connection, wanted, mayAlter)));
        throw error;
      }
    },
    intend: (lane, seq, body) => client.write((connection) => writeIntent(connection, { lane, seq, body })),
    readIntent: (lane) => client.read((connection) => readIntent(connection, lane)),
    schema: () => client.snapshot(async (connection) => (await committed.catalog(connection)).schema),
    evolve: (plan) =>
      unlessUsed((mayAlter) => client.writeAlone('schema', (connection) => applyChanges(connection, plan, mayAlter ? rewriteRowsMax : -1))),
    ensureSummaryTables: async (instances) => {
      const missing = await client.read(async (connection) => {
        const found = [];
        for (const instance of instances) if ((await committed.layout(connection, instance.instance)) === null) found.push(instance);
        return found;
      });
      if (missing.length === 0) return;
      await client.writeAlone('schema', async (connection) => {
        for (const instance of missing) await ensureSummaryTable(connection, instance);
      });
    },
    administer: (work) => client.writeAlone('lanes', (connection) => work(adminTransaction(connection, inTransaction))),
    committed: laneReads({ one: (work) => client.read(work), several: (work) => client.snapshot(work) }, committed),
    request: (requests, now) => client.write((connection) => writeRequests(connection, requests, now)),
    inspect: openInspection(client, committed.catalog),
    pool: () => client.pool(),
    close: () => client.close(),
  };
};
