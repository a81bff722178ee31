import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { expect, it, vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { batchesOf, readMigrations } from './migrations.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** UTC ms beside how people see it. Whole seconds: not every server that speaks TDS adds milliseconds exactly. */
const times = [
  [0, '1970-01-01 00:00:00'],
  [-1000, '1969-12-31 23:59:59'],
  [1_709_251_199_000, '2024-02-29 23:59:59'],
  [-62_135_596_800_000, '0001-01-01 00:00:00'],
  [-62_135_596_800_001, null],
  [253_402_300_799_000, '9999-12-31 23:59:59'],
  [253_402_300_800_000, null],
] as const;

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  const shown = (): Promise<readonly (readonly unknown[])[]> =>
    live().schema.sql(
      `SELECT CONVERT(varchar(19), [time], 120), CONVERT(varchar(19), [ingested_at], 120) FROM [${live().schema.name}].[dsf_raw] ORDER BY [_dsf_off]`,
    );
  const expected = times.map(([, text]) => [text, text]);

  it('the times of a raw row are shown as moments, from the year 1 to 9999', async () => {
    const rows = times.map(([ms], offset) => `(1, 0, ${offset}, N't', ${ms}, 'create', ${ms}, N'[]', 0)`);
    await live().schema.sql(
      `INSERT INTO [${live().schema.name}].[dsf_raw] ([_dsf_src], [_dsf_part], [_dsf_off], [topic], [time_ms], [time_type], [ingested_ms], [headers], [size]) VALUES ${rows.join(', ')}`,
    );
    expect(await shown()).toEqual(expected);
  });

  it('a file that makes these columns anew leaves rows as they are shown, and columns that a DBA has put an index on', async () => {
    const { name } = live().schema;
    const apply = async (): Promise<void> => {
      const file = readMigrations().find((one) => one.name === '0010_raw_times.sql');
      for (const batch of batchesOf(file?.sql ?? '', name)) await live().client.write((connection) => connection.exec(batch));
    };
    const columns = (): Promise<readonly (readonly unknown[])[]> =>
      live().schema.sql(`SELECT name, column_id FROM sys.columns WHERE object_id = OBJECT_ID(N'[${name}].[dsf_raw]') ORDER BY column_id`);
    const before = await columns();
    await live().schema.sql(`CREATE INDEX [IX_own] ON [${name}].[dsf_raw] ([time])`);
    await apply();
    expect(await columns()).toEqual(before);
    await live().schema.sql(`DROP INDEX [IX_own] ON [${name}].[dsf_raw]`);
    await apply();
    expect((await columns()).map(([column]) => column)).toEqual(before.map(([column]) => column));
    expect(await columns()).not.toEqual(before);
    expect(await shown()).toEqual(expected);
  });
});
