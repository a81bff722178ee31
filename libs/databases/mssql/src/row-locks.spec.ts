import { describeOnMssql, freshMssqlSchema, mssqlTestServer, type MssqlTestServer } from '@dsf/testing';
import { expect, it, vi } from 'vitest';
import { keepRowLocks } from './dialect.ts';
import { liveSchema } from './live-schema.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Whether the catalog shows what a table was told, of which a server that speaks TDS may know nothing. */
const showsEscalation = async (server: MssqlTestServer): Promise<boolean> => {
  const schema = await freshMssqlSchema(server);
  await schema.sql(`EXEC (N'CREATE SCHEMA [${schema.name}]')`);
  await schema.sql(`CREATE TABLE [${schema.name}].[probe] ([a] int NOT NULL)`);
  await schema.sql(keepRowLocks(`[${schema.name}]`, 'probe'));
  const rows = await schema.sql(
    `SELECT t.lock_escalation_desc FROM sys.tables AS t WHERE t.object_id = OBJECT_ID(N'[${schema.name}].[probe]')`,
  );
  await schema.discard();
  return rows[0]?.[0] === 'DISABLE';
};
const named = mssqlTestServer(process.env);
const isShown = named !== null && (await showsEscalation(named));

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);

  it.skipIf(!isShown)(
    `tables in which several lanes write keep their row locks; all others are as the server makes them${isShown ? '' : ' (this server does not show it in sys.tables)'}`,
    async () => {
      const warehouse = await openMssqlWarehouse(live().config);
      await warehouse.evolve(() => [
        { kind: 'table', source: 1, path: '', parentPath: null, name: 'orders' },
        { kind: 'table', source: 1, path: 'items', parentPath: '', name: 'orders__items' },
      ]);
      await warehouse.ensureSummaryTables([
        { instance: 'sales@00000001', name: 'sales', inputs: [], key: ['k'], windowMs: null, measures: [] },
      ]);
      await warehouse.close();
      const { name } = live().schema;
      const tables = await live().schema.sql(
        `SELECT t.name FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name IN (N'${name}', N'${name}_state') AND t.lock_escalation_desc = 'DISABLE'`,
      );
      expect(tables.map(([table]) => String(table)).toSorted((a, b) => a.localeCompare(b))).toEqual([
        ...['dsf_raw', 'dsf_sum__sales__00000001', 'failure', 'frozen_group', 'message', 'orders', 'orders__items', 'request'],
      ]);
    },
  );
});
