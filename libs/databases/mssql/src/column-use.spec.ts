import { Failure } from '@dsf/ports';
import type { FlatTable, Warehouse } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { growColumns } from './column-growth.ts';
import { unlessUsed } from './column-use.ts';
import type { Row } from './connection.ts';
import { liveSchema } from './live-schema.ts';
import { recordingConnection } from './recording-connection.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe('a change that the server refuses because something stands on the column', () => {
  const used = new Failure('retry', 'warehouse.column-used', 'statistics stand on it');

  it('is made again without altering a column', async () => {
    const tried: boolean[] = [];
    const change = async (mayAlter: boolean): Promise<string> => {
      tried.push(mayAlter);
      if (mayAlter) throw used;
      return 'put off';
    };
    expect(await unlessUsed(change)).toBe('put off');
    expect(tried).toEqual([true, false]);
  });

  it('is told as it is when that does not help, or it is another error', async () => {
    await expect(unlessUsed(() => Promise.reject(used))).rejects.toBe(used);
    const other = new Failure('retry', 'warehouse.deadlock', 'a victim');
    const tried: boolean[] = [];
    const change = (mayAlter: boolean): Promise<never> => {
      tried.push(mayAlter);
      return Promise.reject(other);
    };
    await expect(unlessUsed(change)).rejects.toBe(other);
    expect(tried).toEqual([true]);
  });
});

describe('a text that needs room', () => {
  const grow = async (answers: { readonly isIndexed: boolean; readonly exact: string | null; readonly mayAlter?: boolean }) => {
    const found = (text: string): readonly Row[] => {
      if (text.includes('[flat_column]')) return [[1, 2, '', 'note', 'text', 'value', 'note', 'nvarchar(400)', answers.exact]];
      if (text.includes('[flat_table]')) return [[1, 1, '', 'orders', null, 'orders']];
      if (text.includes('sys.index_columns')) return answers.isIndexed ? [[1]] : [];
      return [[7]];
    };
    const { connection, statements } = recordingConnection([], found);
    await growColumns(connection, [{ tableId: 1, columnId: 2, need: 'long-text' }], answers.mayAlter);
    const listed = statements.filter(({ text }) => text.includes('[table_change]')).map(({ binds }) => [binds[2]?.value, binds[3]?.value]);
    return { altered: statements.filter(({ text }) => text.startsWith('ALTER TABLE')).map(({ text }) => text), listed };
  };
  const longer = 'ALTER TABLE [dsf].[orders] ALTER COLUMN [note] nvarchar(4000)';
  const beside = 'ALTER TABLE [dsf].[orders] ADD [note__exact] nvarchar(max) NULL';

  it('makes its column longer, where nothing stands on it', async () => {
    expect(await grow({ isIndexed: false, exact: null })).toEqual({ altered: [longer], listed: [[0, longer]] });
  });

  it.each([
    ['an index contains its column', { isIndexed: true }],
    ['the server has refused it', { isIndexed: false, mayAlter: false }],
  ])('gets a column beside its own, and the change is listed as put off, where %s', async (_, answers) => {
    const listed = [
      [1, longer],
      [0, beside],
    ];
    expect(await grow({ ...answers, exact: null })).toEqual({ altered: [beside], listed });
    expect(await grow({ ...answers, exact: 'note__exact' })).toEqual({ altered: [], listed: [] });
  });
});

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  const source = 1;
  let warehouse: Warehouse;
  let table: FlatTable;
  beforeEach(async () => {
    warehouse = await openMssqlWarehouse(live().config);
    const { tables } = await warehouse.evolve(() => [
      { kind: 'table', source, path: '', parentPath: null, name: 'orders' },
      { kind: 'column', source, tablePath: '', path: 'total', name: 'total', type: 'bigint', role: 'value' },
      { kind: 'column', source, tablePath: '', path: 'note', name: 'note', type: 'text', role: 'value' },
    ]);
    [table] = tables as readonly [FlatTable];
  });
  afterEach(() => warehouse.close());

  const lane = { phase: 'flatten', source: 0, lane: 0 } as const;
  const write = async (offset: number, cells: readonly [bigint | string, string]): Promise<void> => {
    const place = { row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: null, ingestedAt: null };
    const [{ version }, { seq }] = [await warehouse.schema(), await warehouse.loadLane(lane)];
    await warehouse.transact(lane, seq, (transaction) =>
      transaction.writeFlat({ source, partition: 0, tables: [{ table, rows: [{ ...place, offset, cells }] }] }, 1, version),
    );
  };
  /** As a worker does that decides again. */
  const writeAgain = async (...row: Parameters<typeof write>): Promise<void> => {
    await expect(write(...row)).rejects.toMatchObject({ kind: 'retry', code: 'warehouse.schema-changed' });
    await write(...row);
  };

  it('an index of a DBA on columns of messages stops no row: they stay as they are, and what they have no room for rests beside them', async () => {
    const { name } = live().schema;
    await live().schema.sql(`CREATE INDEX [IX_theirs] ON [${name}].[orders] ([total], [note])`);
    await write(0, [1n, 'short']);
    const long = 'x'.repeat(3_000);
    await writeAgain(1, [2n, long]);
    const changed = await warehouse.evolve(() => [{ kind: 'widen', source, tablePath: '', column: 'total', type: 'decimal' }]);
    [table] = changed.tables as readonly [FlatTable];
    await writeAgain(2, ['0.5', long]);
    await write(3, ['4', 'short again']);

    const { rows } = await warehouse.committed.readFlat({ source, partition: 0, from: 0, to: 9 }, [table.id], 9);
    expect(rows.tables.flatMap((one) => one.rows.map(({ cells }) => cells))).toEqual([
      ['1', 'short'],
      ['2', long],
      ['0.5', long],
      ['4', 'short again'],
    ]);
    const types = await live().schema.sql(
      `SELECT c.name, t.name FROM sys.columns AS c JOIN sys.types AS t ON t.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID(N'[${name}].[orders]') AND c.name IN (N'total', N'note') ORDER BY c.name DESC`,
    );
    expect(types).toEqual([
      ['total', 'bigint'],
      ['note', 'nvarchar'],
    ]);
    const deferred = await live().schema.sql(`SELECT [statement] FROM [${name}_state].[table_change] WHERE [deferred] = 1 ORDER BY [id]`);
    expect(deferred).toEqual([
      [`ALTER TABLE [${name}].[orders] ALTER COLUMN [note] nvarchar(4000)`],
      [`ALTER TABLE [${name}].[orders] ALTER COLUMN [total] decimal(38,12)`],
    ]);
  });
});
