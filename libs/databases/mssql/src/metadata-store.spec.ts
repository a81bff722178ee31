import { describeOnMssql, freshMssqlSchema, metadataStoreContract, mssqlLacks, mssqlTestServer } from '@dsf/testing';
import { vi } from 'vitest';
import { liveSchema, type LiveSchema } from './live-schema.ts';
import { openMssqlMetadataStore } from './metadata-store.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const named = mssqlTestServer(process.env);
const lacks = named === null ? [] : await mssqlLacks(named);

/** To make all tables anew takes a second; to empty them does not. TRUNCATE passes by the triggers that keep history. */
const empty = async ({ schema }: LiveSchema): Promise<void> => {
  for (const table of ['version', 'name']) await schema.sql(`TRUNCATE TABLE [${schema.name}_config].[${table}]`);
  for (const table of ['publication', 'driver', 'source', 'connection', 'setting'])
    await schema.sql(`DELETE FROM [${schema.name}_config].[${table}]`);
};

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  metadataStoreContract('SQL Server', async () => ({
    open: () => openMssqlMetadataStore(live().config),
    sql: async (statements) => {
      await live().schema.sql(statements);
    },
    table: (name) => `[${live().schema.name}_config].[${name}]`,
    spoken: (name) => `${live().schema.name}_config.${name}`,
    takes: (json) => !lacks.includes('any UTF-16') || !/\\u(?:d[89a-f]|0000)/i.test(json),
    discard: () => empty(live()),
  }));
});
