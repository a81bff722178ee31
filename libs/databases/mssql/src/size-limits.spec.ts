import type { DriverInstance } from '@dsf/metadata';
import type { SchemaChange, Warehouse } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { capabilities } from './dialect.ts';
import { liveSchema } from './live-schema.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/*
 * Bytes of an index key and columns of a table: https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server
 * Not every server that speaks TDS holds to them, so they are looked at in the catalog.
 */

const keyBytesMax = { clustered: 900, other: 1_700 } as const;
const tableColumnsMax = 1_024;
/** What the flatten phase counts as DSF's own: its columns, and `_dsf_rest`. */
const own = 13;
const userColumns = capabilities.columnsMax - own;

const longName = (of: string): string => of.padEnd(capabilities.nameLengthMax, 'x');

const tables: readonly SchemaChange[] = [
  { kind: 'table', source: 1, path: '', parentPath: null, name: 'orders' },
  { kind: 'table', source: 1, path: 'items', parentPath: '', name: 'orders__items' },
  ...Array.from({ length: userColumns }, (_, index): SchemaChange => ({
    ...{ kind: 'column', source: 1, tablePath: '', path: `p${index}`, name: longName(`p${index}_`), type: 'text', role: 'value' },
  })),
];
const instance: DriverInstance = {
  ...{ instance: 'wide@00000001', name: 'wide', inputs: [], key: Array.from({ length: 20 }, (_, index) => `key_${index}`), windowMs: 1 },
  measures: [{ name: 'longest', function: 'max', type: 'text', max: 100 }],
};

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  let warehouse: Warehouse;
  beforeEach(async () => {
    warehouse = await openMssqlWarehouse(live().config);
    await warehouse.evolve(() => tables);
    await warehouse.ensureSummaryTables([instance]);
  });
  afterEach(() => warehouse.close());

  const inOurs = (): string => {
    const { name } = live().schema;
    return `JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name IN (N'${name}', N'${name}_config', N'${name}_state') AND o.type = 'U'`;
  };

  it('no key of an index is longer than the server takes: 900 bytes where rows lie in its order, else 1,700', async () => {
    const keys = await live().schema.sql(
      `SELECT o.name, i.name, MAX(CONVERT(int, i.is_primary_key)), SUM(CONVERT(int, c.max_length)), MIN(CONVERT(int, c.max_length)) FROM sys.indexes AS i JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id JOIN sys.objects AS o ON o.object_id = i.object_id ${inOurs()} AND ic.is_included_column = 0 AND ic.key_ordinal > 0 GROUP BY o.name, i.name`,
    );
    expect(keys.map(([table]) => table)).toEqual(expect.arrayContaining(['failure', 'dsf_raw', 'orders', 'dsf_sum__wide__00000001']));
    // Every primary key of DSF is clustered. A column of `max` counts -1, and can be no key.
    const tooLong = keys.filter(
      ([, , isPrimary, bytes, least]) =>
        Number(least) <= 0 || Number(bytes) > (Number(isPrimary) === 1 ? keyBytesMax.clustered : keyBytesMax.other),
    );
    expect(tooLong).toEqual([]);
  });

  it('no table has more columns than the server takes, with room for those that come beside others', async () => {
    const counts = await live().schema.sql(
      `SELECT o.name, COUNT(*) FROM sys.columns AS c JOIN sys.objects AS o ON o.object_id = c.object_id ${inOurs()} GROUP BY o.name`,
    );
    const most = new Map(counts.map(([table, count]) => [table, Number(count)]));
    expect(most.get('orders')).toBeGreaterThanOrEqual(userColumns);
    // Each column may get an exact one beside it.
    for (const count of most.values()) expect(2 * count).toBeLessThan(tableColumnsMax);
  });

  it('a row of as many columns as a table may have, with the longest texts that they take at once, is written and read', async () => {
    const { tables: known, version } = await warehouse.schema();
    const [root] = known;
    if (root === undefined) throw new Error('there is no root table');
    const cells = root.columns.map((_, index) => String(index).padEnd(400, 'ä'));
    const row = { offset: 0, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: null, ingestedAt: null, cells };
    await warehouse.transact({ phase: 'flatten', source: 0, lane: 0 }, 0, (transaction) =>
      transaction.writeFlat({ source: 1, partition: 0, tables: [{ table: root, rows: [row] }] }, 1, version),
    );
    const { rows } = await warehouse.committed.readFlat({ source: 1, partition: 0, from: 0, to: 1 }, [root.id], 1);
    expect(rows.tables[0]?.rows[0]?.cells).toEqual(cells);
    expect(cells).toHaveLength(userColumns);
  });
});
