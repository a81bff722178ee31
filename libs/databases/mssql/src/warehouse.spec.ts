import { describeOnMssql, freshMssqlSchema, mssqlLacks, mssqlTestServer, warehouseContract } from '@dsf/testing';
import { afterAll, beforeAll, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { migrate } from './migrations.ts';
import { openMssqlWarehouse } from './warehouse.ts';

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

  warehouseContract('SQL Server', () => openMssqlWarehouse(config), lacks);
});
