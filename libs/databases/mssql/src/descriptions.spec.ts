import type { DriverInstance } from '@dsf/metadata';
import type { FlatSchema, SchemaChange } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { describe, expect, it, vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const column = (path: string, type: 'text' | 'decimal', tablePath = ''): SchemaChange => ({
  ...{ kind: 'column', source: 1, tablePath, path, name: path.replaceAll('.', '__'), type, role: 'value' },
});
const tables: readonly SchemaChange[] = [
  { kind: 'table', source: 1, path: '', parentPath: null, name: 'orders' },
  { kind: 'table', source: 1, path: 'items', parentPath: '', name: 'orders__items' },
  column('total', 'decimal'),
  column('items.sku', 'text', 'items'),
];
const instance: DriverInstance = {
  ...{ instance: 'revenue@00000001', name: 'revenue', inputs: [], key: ['country'], windowMs: 60_000 },
  measures: [
    { name: 'orders', function: 'count', type: 'bigint', max: 100 },
    { name: 'revenue', function: 'sum', type: 'decimal', max: 100 },
  ],
};

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);

  /** What has no description, and what has one without words. Tables in which the server keeps history are its own. */
  const undescribed = async (): Promise<readonly string[]> => {
    const { schema } = live();
    const { name } = schema;
    const owned = `FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id`;
    const ours = `s.name IN (N'${name}', N'${name}_config', N'${name}_state') AND o.name NOT LIKE N'%[_]history'`;
    const lacks = (minor: string): string =>
      `NOT EXISTS (SELECT 1 FROM sys.extended_properties AS e WHERE e.class = 1 AND e.major_id = o.object_id AND e.minor_id = ${minor} AND e.name = N'MS_Description' AND CONVERT(nvarchar(3500), e.value) <> N'')`;
    const objects = await schema.sql(`SELECT s.name, o.name ${owned} WHERE o.type IN ('U', 'V') AND ${ours} AND ${lacks('0')}`);
    // Columns of a view are described in the table beneath.
    const columns = await schema.sql(
      `SELECT s.name, o.name, c.name ${owned} JOIN sys.columns AS c ON c.object_id = o.object_id WHERE o.type = 'U' AND ${ours} AND c.name NOT IN (N'valid_from', N'valid_to') AND ${lacks('c.column_id')}`,
    );
    return [...objects, ...columns].map((path) => path.join('.').replace(name, 'dsf'));
  };

  describe('descriptions are given to every table, view and column', () => {
    it('of definitions and state, and to the raw table', async () => {
      expect(await undescribed()).toEqual([]);
    });

    it('of rows and groups, also to columns that come later and to a view that is made again', async () => {
      const warehouse = await openMssqlWarehouse(live().config);
      const evolve = (changes: readonly SchemaChange[]): Promise<FlatSchema> => warehouse.evolve(() => changes);
      await evolve(tables);
      const { tables: known, version } = await evolve([column('note', 'text')]);
      const [root] = known;
      if (root === undefined) throw new Error('there is no root table');
      const lane = { phase: 'flatten', source: 0, lane: 0 } as const;
      // More digits than the column has: the table gets one beside it.
      const row = { offset: 0, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: null, ingestedAt: null };
      const rows = [{ ...row, cells: ['0.12345678901234567', 'a'.repeat(500)] }];
      const written = warehouse.transact(lane, 0, (transaction) =>
        transaction.writeFlat({ source: 1, partition: 0, tables: [{ table: root, rows }] }, 1, version),
      );
      await expect(written).rejects.toMatchObject({ kind: 'retry' });
      const other = { ...instance, instance: 'revenue@00000002' };
      await warehouse.ensureSummaryTables([instance, other]);
      await warehouse.close();
      const { schema } = live();
      const made = await schema.sql(
        `SELECT c.name FROM sys.columns AS c WHERE c.object_id = OBJECT_ID(N'[${schema.name}].[orders]') AND c.name NOT LIKE N'[_]dsf%' ORDER BY c.name`,
      );
      expect(made).toEqual([['note'], ['total'], ['total__exact']]);
      expect(await schema.sql(`SELECT COUNT(*) FROM [${schema.name}].[revenue]`)).toEqual([[0]]);
      expect(await undescribed()).toEqual([]);
    });
  });
});
