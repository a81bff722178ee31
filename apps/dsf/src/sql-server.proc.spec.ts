import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  activateAll,
  describeOnMssql,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  freshMssqlSchema,
  mssqlVariables,
  readAll,
  sendShop,
  shopDefinitions,
  shopOutcome,
  shopStream,
  untilIdle,
  withFleet,
  type MssqlTestSchema,
} from '@dsf/testing';
import { databaseMigrations, openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** Times that something is killed or frozen. */
const blows = Number(process.env['DSF_TEST_MSSQL_BLOWS'] ?? 12);
/** A command of the shell that restarts the server, hard, and ends when it answers again. */
const restart = process.env['DSF_TEST_MSSQL_RESTART'] ?? '';
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);

type Variables = Readonly<Record<string, string>>;

const partitions = 4;

describeOnMssql(process.env, (server) => {
  let schema: MssqlTestSchema;
  const homes: string[] = [];
  const open: Installation[] = [];

  beforeEach(async () => {
    schema = await freshMssqlSchema(server);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((installation) => installation.close()));
    await schema.discard();
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
  });

  /** An installation with the definitions of the shop in force, and what its services are told. */
  const begin = async (database: Variables): Promise<{ readonly installation: Installation; readonly environment: Variables }> => {
    const home = mkdtempSync(join(tmpdir(), 'dsf-sql-server-'));
    homes.push(home);
    const environment = { ...fleetEnvironment(home), ...database };
    const installation = await openInstallation({ home, environment });
    open.push(installation);
    await activateAll(installation.metadata, shopDefinitions);
    await installation.local.ensureTopic('shop.orders', partitions);
    return { installation, environment };
  };

  it('four services give the rows, summaries and documents that SQLite gives', async () => {
    const { messages, expected } = shopStream(seed, 1000);
    const results: unknown[] = [];
    await (await databaseMigrations(mssqlVariables(server, schema.name))).apply();
    for (const database of [mssqlVariables(server, schema.name), {}]) {
      const { installation, environment } = await begin(database);
      await withFleet({ environment, replicas: 1 }, async () => {
        await sendShop(installation.local, 'shop.orders', { messages, pauseMs: 0 });
        await untilIdle(() => readStatus(installation), 240_000);
      });
      await expectShopTables(installation.warehouse, messages, expected);
      results.push(await shopOutcome(installation, partitions));
    }
    expect(results[0]).toEqual(results[1]);
  }, 600_000);

  it(`four services lose and repeat nothing when they are killed and frozen ${blows} times (seed ${seed})`, async () => {
    const { messages, expected } = shopStream(seed, 60 * blows);
    await (await databaseMigrations(mssqlVariables(server, schema.name))).apply();
    const { installation, environment } = await begin(mssqlVariables(server, schema.name));
    await withFleet({ environment, replicas: 2 }, async (fleet) => {
      const feeding = sendShop(installation.local, 'shop.orders', { messages, pauseMs: 500 });
      const blown = await fleet.chaos({ seed, blows, pauseMsMax: 2000, freezeMsMax: 5000 });
      expect(blown.kills + blown.freezes).toBe(blows);
      await feeding;
      await untilIdle(() => readStatus(installation), 300_000);
    });
    await expectShopTables(installation.warehouse, messages, expected);
    expectShopTotals(await readAll(installation.local, 'shop.totals'), expected);
  }, 900_000);

  it.skipIf(restart === '')(
    `four services lose and repeat nothing when the server is restarted under them${restart === '' ? ' (DSF_TEST_MSSQL_RESTART has no command that does)' : ''}`,
    async () => {
      const { messages, expected } = shopStream(seed, 600);
      await (await databaseMigrations(mssqlVariables(server, schema.name))).apply();
      const { installation, environment } = await begin(mssqlVariables(server, schema.name));
      await withFleet({ environment, replicas: 1 }, async () => {
        const feeding = sendShop(installation.local, 'shop.orders', { messages, pauseMs: 500 });
        // Every service is at work: one that has never been let in takes a refused login for a wrong one, and ends.
        const isPublished = async (): Promise<boolean> =>
          (await installation.warehouse.inspect.positions()).some(({ phase }) => phase === 'publish');
        while (!(await isPublished())) await delay(200);
        for (let count = 0; count < 3; count += 1) {
          await delay(3000);
          execFileSync('/bin/sh', ['-c', restart], { stdio: 'ignore' });
        }
        await feeding;
        await untilIdle(() => readStatus(installation), 300_000);
      });
      await expectShopTables(installation.warehouse, messages, expected);
      expectShopTotals(await readAll(installation.local, 'shop.totals'), expected);
    },
    900_000,
  );
});
