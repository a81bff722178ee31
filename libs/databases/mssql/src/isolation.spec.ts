import { setTimeout as delay } from 'node:timers/promises';
import type { RawRow } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema, mssqlTestServer, type MssqlTestServer } from '@dsf/testing';
import { expect, it, vi } from 'vitest';
import { openMssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { configOf, liveSchema } from './live-schema.ts';
import { migrate } from './migrations.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

type Setting = 'ON' | 'OFF';

/** Makes a database of its own, with row versions or without, and removes it when `work` is done. */
const withDatabase = async <T>(server: MssqlTestServer, setting: Setting, work: (database: string) => Promise<T>): Promise<T> => {
  const schema = await freshMssqlSchema(server);
  const database = `${schema.name}_db`;
  try {
    await schema.sql(`CREATE DATABASE [${database}]`);
    for (const option of ['READ_COMMITTED_SNAPSHOT', 'ALLOW_SNAPSHOT_ISOLATION'])
      await schema.sql(`ALTER DATABASE [${database}] SET ${option} ${setting}`);
    return await work(database);
  } finally {
    await schema.sql(`ALTER DATABASE [${database}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE`).catch(() => undefined);
    await schema.sql(`DROP DATABASE [${database}]`).catch(() => undefined);
    await schema.discard();
  }
};

const named = mssqlTestServer(process.env);
const canSwitch = named !== null && (await withDatabase(named, 'OFF', async () => true).catch(() => false));

const rawRow = (offset: number): RawRow => ({
  ...{ source: 1, partition: 0, offset, time: 0, timeType: 'create', ingestedAt: 0, topic: 't' },
  ...{ key: null, headers: [], payload: null, sha256: null },
});
const lane = { phase: 'ingest', source: 1, lane: 0 } as const;
/** A reader that has not answered by then is waiting. Where none should wait a slow server is given its time, which nobody spends on one that answers. */
const waitMs: Readonly<Record<Setting, number>> = { ON: 30_000, OFF: 1_500 };

interface Seen {
  /** What was read while the turn was open; null where the reader waited for its end. */
  readonly meanwhile: readonly number[] | null;
  readonly inTheEnd: readonly number[];
  readonly afterwards: readonly number[];
}

/** What somebody reads who begins while a turn is open that has written two rows. */
const readBesideTurn = async (config: MssqlConfig, setting: Setting): Promise<Seen> => {
  const writer = await openMssqlWarehouse(config);
  const reader = await openMssqlWarehouse({ ...config, applicationName: 'reader' });
  const read = async (): Promise<readonly number[]> =>
    (await reader.committed.readRaw({ source: 1, partition: 0, from: 0, to: 10 }, 10)).map(({ offset }) => offset);
  // The reader's connection is there before it matters.
  await read();
  const { meanwhile, reading } = await writer.transact(lane, 0, async (transaction) => {
    await transaction.writeRaw([rawRow(0), rawRow(1)]);
    const asked = read();
    return { reading: { asked }, meanwhile: await Promise.race([asked, delay(waitMs[setting], null, { ref: false })]) };
  });
  const seen = { meanwhile, inTheEnd: await reading.asked, afterwards: await read() };
  await writer.close();
  await reader.close();
  return seen;
};

const expected: Readonly<Record<Setting, Seen>> = {
  ON: { meanwhile: [], inTheEnd: [], afterwards: [0, 1] },
  OFF: { meanwhile: null, inTheEnd: [0, 1], afterwards: [0, 1] },
};

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);

  it('who reads beside a turn sees all of it or nothing, as the database of the tests is set', async () => {
    const [row] = await live().schema.sql('SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = DB_NAME()');
    const setting = row?.[0] === true ? 'ON' : 'OFF';
    expect(await readBesideTurn(live().config, setting)).toEqual(expected[setting]);
  });

  it.skipIf(!canSwitch).each(['ON', 'OFF'] as const)(
    `who reads beside a turn sees all of it or nothing, with row versions %s${canSwitch ? '' : ' (this server makes no database of another setting for its login)'}`,
    (setting) =>
      withDatabase(server, setting, async (database) => {
        const config = configOf({ ...server, database }, 'dsf');
        const client = await openMssqlClient(config);
        await migrate(client);
        expect(await readBesideTurn(config, setting)).toEqual(expected[setting]);
        await client.close();
      }),
  );
});
