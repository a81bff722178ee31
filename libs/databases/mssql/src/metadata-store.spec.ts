import { describeOnMssql, freshMssqlSchema, mssqlLacks, mssqlTestServer, metadataStoreContract } from '@dsf/testing';
import { afterAll, beforeAll, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { migrate } from './migrations.ts';
import { openMssqlMetadataStore } from './metadata-store.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const named = mssqlTestServer(process.env);
const lacks = named === null ? [] : await mssqlLacks(named);

describeOnMssql(process.env, (server) => {
  let schema: Awaited<ReturnType<typeof freshMssqlSchema>>;
  let config: MssqlConfig;
  let client: MssqlClient;

  beforeAll(async () => {
    schema = await freshMssqlSchema(server);
    config = {
      server: server.server,
      port: server.port,
      database: server.database,
      login: { kind: 'sql', user: server.user, password: server.password },
      encrypt: server.encrypt,
      trustServerCertificate: server.trustServerCertificate,
      schema: schema.name,
    };
    // Kept open, so that all handles share its warm connections.
    client = await openMssqlClient(config);
    await migrate(client);
  });
  afterAll(async () => {
    await client.close();
    await schema.discard();
  });

  /** To make all tables anew takes a second; to empty them does not. TRUNCATE passes by the triggers that keep history. */
  const empty = async (): Promise<void> => {
    for (const table of ['version', 'name']) await schema.sql(`TRUNCATE TABLE [${schema.name}_config].[${table}]`);
    for (const table of ['publication', 'driver', 'source', 'connection', 'setting'])
      await schema.sql(`DELETE FROM [${schema.name}_config].[${table}]`);
  };

  metadataStoreContract('SQL Server', async () => ({
    open: () => openMssqlMetadataStore(config),
    sql: async (statements) => {
      await schema.sql(statements);
    },
    table: (name) => `[${schema.name}_config].[${name}]`,
    spoken: (name) => `${schema.name}_config.${name}`,
    takes: (json) => !lacks.includes('any UTF-16') || !/\\u(?:d[89a-f]|0000)/i.test(json),
    discard: empty,
  }));
});
