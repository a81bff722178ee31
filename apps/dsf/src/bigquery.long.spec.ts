import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  activateAll,
  bigQueryName,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  readAll,
  sendShop,
  shopDefinitions,
  shopOutcome,
  shopStream,
  startBigQuery,
  startCountingProxy,
  untilIdle,
  whyNoBigQuery,
  withFleet,
  type BigQueryServer,
  type CountingProxy,
} from '@dsf/testing';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace } from './specs/dsf-process.ts';

/** Times that something is killed or frozen. */
const blows = Number(process.env['DSF_TEST_BIGQUERY_BLOWS'] ?? 12);
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);
const partitions = 4;

type Variables = Readonly<Record<string, string>>;

const why = whyNoBigQuery(process.env);
const isService = (process.env['DSF_TEST_GCP_PROJECT'] ?? '') !== '';

describe.skipIf(why !== null)(
  `the four services with rows in ${bigQueryName(process.env)} and state in SQLite${why === null ? '' : `: ${why}`}`,
  () => {
    let server: BigQueryServer;
    /** Stands before an emulator; the service is asked directly. */
    let proxy: CountingProxy | null = null;
    const homes: string[] = [];
    const open: Installation[] = [];

    beforeAll(async () => {
      server = await startBigQuery(process.env);
      if (server.restUrl !== null) proxy = await startCountingProxy(server.restUrl);
    }, 200_000);
    afterEach(async () => {
      await Promise.all(open.splice(0).map((installation) => installation.close()));
      for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
    });
    afterAll(async () => {
      proxy?.close();
      await server.stop();
    });

    const inBigQuery = async (): Promise<Variables> => ({
      ...(await server.fresh()),
      ...(proxy === null ? {} : { DSF_BIGQUERY_EMULATOR_REST: proxy.url }),
    });

    /** An installation with the definitions of the shop in force, and what its services are told. */
    const begin = async (warehouse: Variables): Promise<{ readonly installation: Installation; readonly environment: Variables }> => {
      const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
      homes.push(home);
      const environment = { ...fleetEnvironment(home), ...warehouse };
      const installation = await openInstallation({ home, environment });
      open.push(installation);
      await activateAll(installation.metadata, shopDefinitions);
      await installation.local.ensureTopic('shop.orders', partitions);
      return { installation, environment };
    };

    it('give the rows, summaries and documents that SQLite gives', async () => {
      const { messages, expected } = shopStream(seed, 600);
      const outcomes: unknown[] = [];
      for (const warehouse of [await inBigQuery(), {}]) {
        const { installation, environment } = await begin(warehouse);
        await withFleet({ environment, replicas: 1 }, async () => {
          await sendShop(installation.local, 'shop.orders', { messages, pauseMs: 0 });
          await untilIdle(() => readStatus(installation), 240_000);
        });
        await expectShopTables(installation.warehouse, messages, expected);
        outcomes.push(await shopOutcome(installation, partitions));
      }
      expect(outcomes[0]).toEqual(outcomes[1]);
    });

    it.skipIf(isService)('ask BigQuery nothing per batch, once the tables are there: counted at the emulator’s door', async () => {
      const { messages, expected } = shopStream(seed, 600);
      const { installation, environment } = await begin(await inBigQuery());
      await withFleet({ environment, replicas: 1 }, async () => {
        // Each process looks once at tables that are new to it: the ingestor at those that the flattener has made of its first messages.
        for (const some of [messages.slice(0, 200), messages.slice(200, 300)]) {
          await sendShop(installation.local, 'shop.orders', { messages: some, pauseMs: 0 });
          await untilIdle(() => readStatus(installation), 240_000);
        }
        expect(proxy?.asked.length).toBeGreaterThan(0);
        proxy?.asked.splice(0);
        await sendShop(installation.local, 'shop.orders', { messages: messages.slice(300), pauseMs: 20 });
        await untilIdle(() => readStatus(installation), 240_000);
        expect(proxy?.asked).toEqual([]);
      });
      await expectShopTables(installation.warehouse, messages, expected);
    });

    it('answer to query, status, tables, replay and rebuild as they do on SQLite', async () => {
      const { messages, expected } = shopStream(seed, 200);
      const { installation, environment } = await begin(await inBigQuery());
      const place = openWorkplace(environment);
      await withFleet({ environment, replicas: 1 }, async () => {
        await sendShop(installation.local, 'shop.orders', { messages, pauseMs: 0 });
        await untilIdle(() => readStatus(installation), 240_000);

        const asked = await place.dsf(['query', '--csv', 'SELECT city, orders, total FROM shop_totals_current ORDER BY city']);
        expect(
          asked.stdout
            .trim()
            .split('\n')
            .slice(1)
            .map((line) => line.split(',')[0]),
        ).toEqual([...expected.totals.keys()].toSorted());
        expect(asked.stderr).toMatch(/[\d,]+ bytes scanned, which is what BigQuery charges for/);
        const refused = await place.dsf(['query', 'DELETE FROM dsf_base_raw WHERE TRUE']);
        expect([refused.code === 0, refused.stderr.includes('only reading is allowed here')]).toEqual([false, true]);

        const { openFailures } = JSON.parse(await place.must(['status', '--json'])) as { readonly openFailures: number };
        expect(openFailures).toBe(expected.failed);
        expect(await place.must(['tables'])).toMatch(new RegExp(`shop_orders__items\\s.*\\b${expected.items}\\b`));

        await place.must(['failures', 'replay', '--all']);
        const rebuild = await place.dsf(['rebuild', 'shop.totals']);
        expect(rebuild.stderr).toMatch(/each lane computes its groups by one statement in BigQuery, about [\d,]+ bytes scanned each time/);
        await untilIdle(() => readStatus(installation), 240_000);
      });
      place.clear();
      // What was broken is broken still, and everything else is as it was.
      await expectShopTables(installation.warehouse, messages, expected);
      expectShopTotals(await readAll(installation.local, 'shop.totals'), expected);
    });

    it(`lose and repeat nothing when they are killed and frozen ${blows} times, two replicas each (seed ${seed})`, async () => {
      const { messages, expected } = shopStream(seed, 60 * blows);
      const { installation, environment } = await begin(await inBigQuery());
      await withFleet({ environment, replicas: 2 }, async (fleet) => {
        const feeding = sendShop(installation.local, 'shop.orders', { messages, pauseMs: 500 });
        const blown = await fleet.chaos({ seed, blows, pauseMsMax: 2000, freezeMsMax: 5000 });
        expect(blown.kills + blown.freezes).toBe(blows);
        await feeding;
        await untilIdle(() => readStatus(installation), 300_000);
      });
      await expectShopTables(installation.warehouse, messages, expected);
      expectShopTotals(await readAll(installation.local, 'shop.totals'), expected);
    });
  },
);
