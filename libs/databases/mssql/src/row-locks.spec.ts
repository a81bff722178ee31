import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { expect, it, vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { readMigrations } from './migrations.ts';
import { keepRowLocks, rowLocksMigration } from './row-locks.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

it('a table keeps its row locks whatever its name holds, where the server knows how', () => {
  expect(readMigrations().find(({ name }) => name === rowLocksMigration)?.optional).toMatch(/lock escalation/);
  expect(keepRowLocks({ data: '[dsf]', state: '[dsf_state]' }, "it's]")).toBe(
    "IF EXISTS (SELECT 1 FROM [dsf_state].[migration] WHERE [name] = N'0012_row_locks.sql' AND [skipped] IS NULL) EXEC (N'ALTER TABLE [dsf].[it''s]]] SET (LOCK_ESCALATION = DISABLE)')",
  );
});

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);

  it('tables in which several lanes write keep their row locks, where the server knows how; all others are as the server makes them', async () => {
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
      `SELECT t.name, t.lock_escalation_desc FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name IN (N'${name}', N'${name}_state') ORDER BY t.name`,
    );
    const isKnown = live().migrated.some((step) => step.name === rowLocksMigration && step.outcome === 'applied');
    const shared = ['dsf_raw', 'dsf_sum__sales__00000001', 'failure', 'frozen_group', 'message', 'orders', 'orders__items', 'request'];
    expect(tables.map(([table]) => table)).toEqual(expect.arrayContaining(shared));
    expect(tables.filter(([, escalation]) => escalation === 'DISABLE').map(([table]) => table)).toEqual(isKnown ? shared : []);
  });
});
