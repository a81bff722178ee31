import { freshMssqlSchema, mssqlLacks, mssqlTestServer, warehouseContract } from '@dsf/testing';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { migrate } from './migrations.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const server = mssqlTestServer(process.env);
const lacks = server === null ? [] : await mssqlLacks(server);

describe.skipIf(server === null)('on the server that DSF_TEST_MSSQL_URL names', () => {
  let schema: Awaited<ReturnType<typeof freshMssqlSchema>>;
  let config: MssqlConfig;
  let client: MssqlClient;

  beforeAll(async () => {
    if (server === null) return;
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

  warehouseContract('SQL Server', () => openMssqlWarehouse(config), lacks);
});
