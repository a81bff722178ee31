import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readers, topics } from '@dsf/runtime';
import {
  activateAll,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  readAll,
  readRedelivered,
  sendShop,
  shopDefinitions,
  shopStream,
  untilIdle,
  withFleet,
  type ShopExpectation,
  type ShopMessage,
} from '@dsf/testing';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Chaos of the short form; `DSF_TEST_BLOWS=500` runs the long one. */
const blows = Number(process.env['DSF_TEST_BLOWS'] ?? 50);
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);

let home = '';
let installation: Installation;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'dsf-four-services-'));
  installation = await openInstallation({ home });
  await activateAll(installation.metadata, shopDefinitions);
  await installation.local.ensureTopic('shop.orders', 4);
});

afterEach(async () => {
  await installation.close();
  rmSync(home, { recursive: true, force: true });
});

const feed = (messages: readonly ShopMessage[], pauseMs: number): Promise<void> =>
  sendShop(installation.local, 'shop.orders', { messages, pauseMs });

const idle = (limitMs: number): Promise<void> => untilIdle(() => readStatus(installation), limitMs);

const expectAll = async (messages: readonly ShopMessage[], expected: ShopExpectation): Promise<void> => {
  await expectShopTables(installation.warehouse, messages, expected);
  expectShopTotals(await readAll(installation.local, 'shop.totals'), expected);
};

const untilPublished = async (): Promise<void> => {
  const deadline = Date.now() + 60_000;
  const received = async (): Promise<number> =>
    (await readStatus(installation)).publications.flatMap(({ phases }) => phases).reduce((sum, phase) => sum + phase.received, 0);
  while ((await received()) === 0) {
    if (Date.now() > deadline) throw new Error('nothing was published within a minute');
    await delay(50);
  }
};

/** Ids of all documents, in the order in which they were published. */
const publishedIds = async (): Promise<readonly string[]> =>
  (await readAll(installation.local, 'shop.totals')).map(({ headers }) =>
    new TextDecoder().decode(headers.find(([name]) => name === 'ce_id')?.[1] ?? new Uint8Array()),
  );

/** The way into each phase but ingest. */
const hops = {
  flatten: { topic: topics.raw, group: readers.raw },
  summarise: { topic: topics.points, group: readers.points },
  publish: { topic: topics.summary, group: readers.summary },
};

describe('four services as processes of their own', () => {
  it('bring every message to its tables, summaries and documents, and drain on SIGTERM', async () => {
    const { messages, expected } = shopStream(seed, 2000);
    const endings = await withFleet({ environment: fleetEnvironment(home), replicas: 1 }, async () => {
      await feed(messages, 0);
      await idle(240_000);
    });
    for (const ending of endings) expect(ending).toEqual({ code: 0, signal: null });
    await expectAll(messages, expected);
  }, 600_000);

  it('drain within their budget when SIGTERM comes under load, so that who comes after them is given nothing again and refills nothing', async () => {
    const { messages, expected } = shopStream(seed, 4000);
    const drainMs = 60_000;
    const settings = { ...fleetEnvironment(home), DSF_DRAIN: `${drainMs}ms` };
    let feeding = Promise.resolve();
    let askedAt = 0;
    const endings = await withFleet({ environment: settings, replicas: 1 }, async () => {
      await feed(messages.slice(0, 500), 0);
      await untilPublished();
      // Seventy batches, ten milliseconds apart: this goes on when they are told to stop.
      feeding = feed(messages.slice(500), 10);
      await delay(200);
      askedAt = Date.now();
    });
    for (const ending of endings) expect(ending).toEqual({ code: 0, signal: null });
    expect(Date.now() - askedAt).toBeLessThan(drainMs);
    await feeding;
    expect(await readRedelivered(installation, hops)).toEqual([]);
    await withFleet({ environment: settings, replicas: 1 }, () => idle(120_000));
    await expectAll(messages, expected);
    const ids = await publishedIds();
    expect(new Set(ids).size).toBe(ids.length);
    const { sources, publications } = await readStatus(installation);
    for (const { name, phases } of [...sources, ...publications])
      for (const { phase, duplicates, refills } of phases)
        expect({ name, phase, duplicates, refills }).toEqual({ name, phase, duplicates: 0, refills: 0 });
  }, 300_000);

  it(`give the tables, summaries and documents of an undisturbed run when they are killed and frozen ${blows} times (seed ${seed})`, async () => {
    const { messages, expected } = shopStream(seed, 60 * blows);
    await withFleet({ environment: fleetEnvironment(home), replicas: 2 }, async (fleet) => {
      const feeding = feed(messages, 300);
      const blown = await fleet.chaos({ seed, blows, pauseMsMax: 600, freezeMsMax: 5000 });
      expect(blown.kills + blown.freezes).toBe(blows);
      await feeding;
      await idle(120_000);
    });
    await expectAll(messages, expected);
  }, 600_000);
});
