import type { FlatTable, SchemaChange, Warehouse } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema, mssqlTestServer, type MssqlTestServer } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { guideStatements } from './guide-statements.ts';
import { liveSchema } from './live-schema.ts';
import { applyChanges } from './schema-changes.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Whether sys.partitions says how many rows a table has, of which a server that speaks TDS may know nothing. */
const countsRows = async (server: MssqlTestServer): Promise<boolean> => {
  const schema = await freshMssqlSchema(server);
  await schema.sql(`EXEC (N'CREATE SCHEMA [${schema.name}]')`);
  await schema.sql(`CREATE TABLE [${schema.name}].[probe] ([a] int NOT NULL); INSERT INTO [${schema.name}].[probe] ([a]) VALUES (1), (2)`);
  const rows = await schema.sql(
    `SELECT SUM(p.[rows]) FROM sys.partitions AS p WHERE p.object_id = OBJECT_ID(N'[${schema.name}].[probe]') AND p.index_id IN (0, 1)`,
  );
  await schema.discard();
  return Number(rows[0]?.[0]) === 2;
};

const named = mssqlTestServer(process.env);
const isCounting = named !== null && (await countsRows(named));

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  let warehouse: Warehouse;
  let source = 0;
  beforeEach(async () => {
    warehouse = await openMssqlWarehouse(live().config);
    source += 1;
  });
  afterEach(() => warehouse.close());

  const nameNow = (): string => `orders_${source}`;
  const ordersTable = (): readonly SchemaChange[] => [
    { kind: 'table', source, path: '', parentPath: null, name: nameNow() },
    { kind: 'column', source, tablePath: '', path: 'total', name: 'total', type: 'bigint', role: 'value' },
  ];
  const widening = (): SchemaChange => ({ kind: 'widen', source, tablePath: '', column: 'total', type: 'decimal' });
  /** As the warehouse evolves, in a table that is called large from so many rows on. */
  const evolve = async (changes: readonly SchemaChange[], rowsMax: number): Promise<FlatTable> => {
    const { tables } = await live().client.writeAlone('schema', (connection) => applyChanges(connection, () => changes, rowsMax));
    const found = tables.find((table) => table.source === source);
    if (found === undefined) throw new Error('the table is not there');
    return found;
  };
  const lane = { phase: 'flatten', source: 0, lane: 0 } as const;
  const write = async (table: FlatTable, totals: readonly (readonly [offset: number, total: bigint | string])[]): Promise<void> => {
    const place = { row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: null, ingestedAt: null };
    const rows = totals.map(([offset, total]) => ({ ...place, offset, cells: [total] }));
    const [{ version }, { seq }] = [await warehouse.schema(), await warehouse.loadLane(lane)];
    await warehouse.transact(lane, seq, (transaction) =>
      transaction.writeFlat({ source, partition: 0, tables: [{ table, rows }] }, 1, version),
    );
  };
  const totalsOf = async ({ id }: FlatTable): Promise<readonly unknown[]> => {
    const { rows } = await warehouse.committed.readFlat({ source, partition: 0, from: 0, to: 100 }, [id], 100);
    return rows.tables.flatMap((table) => table.rows.map(({ cells }) => cells[0]));
  };
  const typeNow = async (): Promise<unknown> => {
    const [row] = await live().schema.sql(
      `SELECT t.name FROM sys.columns AS c JOIN sys.types AS t ON t.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID(N'[${live().schema.name}].[${nameNow()}]') AND c.name = N'total'`,
    );
    return row?.[0];
  };
  const rewrites = async (): Promise<readonly (readonly unknown[])[]> =>
    (
      await live().schema.sql(
        `SELECT [cost], [deferred], [statement] FROM [${live().schema.name}_state].[table_change] WHERE [table_name] = N'${nameNow()}' AND [cost] <> 'metadata-only' ORDER BY [id]`,
      )
    ).map(([cost, deferred, statement]) => [cost, Boolean(deferred), statement]);
  const statement = (): string => `ALTER TABLE [${live().schema.name}].[${nameNow()}] ALTER COLUMN [total] decimal(38,12)`;

  const most = 9_223_372_036_854_775_807n;

  describe('bigint to decimal', () => {
    it('in a small table is made at once, and listed with its cost', async () => {
      await write(await evolve(ordersTable(), 1_000), [[0, most]]);
      const table = await evolve([widening()], 1_000);
      expect(await typeNow()).toBe('decimal');
      expect(await rewrites()).toEqual([['rewrite', false, statement()]]);
      await write(table, [[1, '0.5']]);
      expect(await totalsOf(table)).toEqual([String(most), '0.5']);
    });

    it('in a table that is new is how it is made, and no change', async () => {
      const table = await evolve([...ordersTable(), widening()], -1);
      expect(table.columns).toMatchObject([{ name: 'total', type: 'decimal' }]);
      expect(await typeNow()).toBe('decimal');
      expect(await rewrites()).toEqual([]);
    });

    it('in a large table is put off and listed so; numbers stay exact before and after a DBA has made it', async () => {
      await write(await evolve(ordersTable(), 1_000), [[0, most]]);
      const table = await evolve([widening()], -1);
      expect(table.columns).toMatchObject([{ name: 'total', type: 'decimal' }]);
      expect(await typeNow()).toBe('bigint');
      expect(await rewrites()).toEqual([['rewrite', true, statement()]]);
      await write(table, [[1, '7']]);
      // A fraction does not fit: the column beside is made, and the batch is decided again.
      await expect(write(table, [[2, '0.5']])).rejects.toMatchObject({ kind: 'retry' });
      await write(table, [[2, '0.5']]);
      expect(await totalsOf(table)).toEqual([String(most), '7', '0.5']);

      const recipe = guideStatements('ALTER COLUMN', live().schema.name).replaceAll('shop_orders', nameNow());
      expect(recipe.replaceAll(/[[\]]/g, '')).toContain(statement().replaceAll(/[[\]]/g, ''));
      await live().schema.sql(recipe);
      expect(await typeNow()).toBe('decimal');
      await write(table, [
        [3, '-8'],
        [4, '2.25'],
      ]);
      expect(await totalsOf(table)).toEqual([String(most), '7', '0.5', '-8', '2.25']);
      await evolve([widening()], 1_000);
      expect(await rewrites()).toHaveLength(1);
    });

    it.skipIf(!isCounting)(
      `is put off from one row more on${isCounting ? '' : ' (this server does not count rows in sys.partitions)'}`,
      async () => {
        for (const [max, deferred] of [
          [2, true],
          [3, false],
        ] as const) {
          source += 1;
          await write(await evolve(ordersTable(), 1_000), [
            [0, 1n],
            [1, 2n],
            [2, 3n],
          ]);
          await evolve([widening()], max);
          expect(await rewrites()).toEqual([['rewrite', deferred, statement()]]);
        }
      },
    );
  });
});
