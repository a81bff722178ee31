import { describeOnMssql, freshMssqlSchema, mssqlLacks, mssqlTestServer, warehouseContract } from '@dsf/testing';
import { vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const named = mssqlTestServer(process.env);
const lacks = named === null ? [] : await mssqlLacks(named);

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  warehouseContract('SQL Server', () => openMssqlWarehouse(live().config), lacks);
});
