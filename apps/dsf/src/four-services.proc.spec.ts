import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import type { Delivery } from '@dsf/ports';
import { shopDefinitions, shopStream, startFleet, type ShopExpectation, type ShopMessage } from '@dsf/testing';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Chaos of the short form; `DSF_TEST_BLOWS=500` runs the long one. */
const blows = Number(process.env['DSF_TEST_BLOWS'] ?? 50);
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | null): string | null => (body === null ? null : new TextDecoder().decode(body));

/** What the services see: where the installation is, and any free port. */
const environment = (): Record<string, string> => ({
  DSF_HOME: home,
  DSF_LOG_LEVEL: 'warn',
  ...Object.fromEntries(['INGESTOR', 'FLATTENER', 'SUMMARISER', 'PUBLISHER'].map((name) => [`${name}_HTTP_PORT`, '0'])),
});

let home = '';
let installation: Installation;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'dsf-four-services-'));
  installation = await openInstallation({ home });
  const definitions = definitionsSchema.parse(shopDefinitions);
  const activation = await installation.metadata.activate({ definitions, comment: 'test', now: Date.now(), check: buildCatalog });
  if (activation.kind !== 'activated') throw new Error(`the definitions were not activated: ${JSON.stringify(activation)}`);
  await installation.transport('local').ensureTopic('shop.orders', 4);
});

afterEach(async () => {
  await installation.close();
  rmSync(home, { recursive: true, force: true });
});

const feed = async (messages: readonly ShopMessage[], pauseMs: number): Promise<void> => {
  const batch = 50;
  for (let at = 0; at < messages.length; at += batch) {
    const outgoing = messages
      .slice(at, at + batch)
      .map(({ partition, key, body }) => ({ partition, key: bytes(key), headers: [], body: body === null ? null : bytes(body) }));
    await installation.transport('local').send('shop.orders', outgoing);
    await delay(pauseMs);
  }
};

const untilIdle = async (limitMs: number): Promise<void> => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const status = await readStatus(installation);
    if (status.idle) return;
    if (Date.now() > deadline) throw new Error(`not idle after ${limitMs} ms: ${JSON.stringify(status)}`);
    await delay(100);
  }
};

const rows = async (sql: string): Promise<readonly (readonly unknown[])[]> =>
  (await installation.warehouse.inspect.query(sql, 1_000_000)).rows;
const count = async (table: string): Promise<unknown> => (await rows(`select count(*) from ${table}`))[0]?.[0];

const expectTables = async (messages: readonly ShopMessage[], expected: ShopExpectation): Promise<void> => {
  expect(await count('dsf_raw')).toBe(messages.length);
  expect(await count('shop_orders')).toBe(expected.orders);
  expect(await count('shop_orders__items')).toBe(expected.items);
  expect(await count('shop_orders__items__tags')).toBe(expected.tags);
  expect(await installation.warehouse.inspect.failures({ status: 'open', max: 1_000_000 })).toHaveLength(expected.failed);
  const sales = (await rows('select customer, window_start, lines, revenue, best from shop_sales')).map(
    ([customer, start, ...measures]) => [`${String(customer)}|${new Date(String(start)).toISOString()}`, measures] as const,
  );
  expect(new Map(sales)).toEqual(expected.sales);
  const totals = (await rows('select city, orders, total from shop_totals')).map(
    ([city, ...measures]) => [String(city), measures] as const,
  );
  expect(new Map(totals)).toEqual(expected.totals);
};

const readTopic = async (topic: string): Promise<readonly Delivery[]> => {
  const transport = installation.transport('local');
  const subscription = await transport.subscribe(topic, `test-${topic}`);
  const ended = new AbortController();
  const all: Delivery[] = [];
  let open = await transport.partitionCount(topic);
  for await (const feedOfPartition of subscription.feeds(ended.signal)) {
    const { end } = await transport.bounds(topic, feedOfPartition.partition);
    for (let next = 0; next < end;) {
      const deliveries = await feedOfPartition.read({ recordsMax: 1000, bytesMax: 1e8, waitMs: 100 }, ended.signal);
      all.push(...deliveries);
      next = (deliveries.at(-1)?.offset ?? end) + 1;
    }
    open -= 1;
    if (open === 0) ended.abort();
  }
  await subscription.close();
  return all;
};

/** What was published: equal ids are equal to the last byte, and a consumer that keeps the highest revision has the summaries. */
const expectPublished = async (expected: ShopExpectation): Promise<void> => {
  const byId = new Map<string, string | null>();
  const newest = new Map<string, { readonly revision: number; readonly body: string | null }>();
  for (const { headers, key, body } of await readTopic('shop.totals')) {
    const header = (name: string): string => text(headers.find(([found]) => found === name)?.[1] ?? null) ?? '';
    const id = header('ce_id');
    if (byId.has(id)) expect(text(body)).toBe(byId.get(id));
    byId.set(id, text(body));
    const group = text(key) ?? '';
    const revision = Number(header('ce_dsfrevision'));
    if (revision >= (newest.get(group)?.revision ?? 0)) newest.set(group, { revision, body: text(body) });
  }
  const kept = [...newest.values()].map(
    ({ body }) => JSON.parse(body ?? 'null') as { key: { city: string }; measures: { orders: string; total: string } },
  );
  expect(new Map(kept.map(({ key, measures }) => [key.city, [Number(measures.orders), measures.total]]))).toEqual(expected.totals);
};

describe('four services as processes of their own', () => {
  it('bring every message to its tables, summaries and documents, and drain on SIGTERM', async () => {
    const { messages, expected } = shopStream(seed, 2000);
    const fleet = startFleet({
      environment: environment(),
      replicas: 1,
    });
    try {
      await feed(messages, 0);
      await untilIdle(60_000);
      expect(fleet.casualties()).toEqual([]);
    } finally {
      for (const ending of await fleet.stop()) expect(ending).toEqual({ code: 0, signal: null });
    }
    await expectTables(messages, expected);
    await expectPublished(expected);
  });

  it(`give the tables, summaries and documents of an undisturbed run when they are killed and frozen ${blows} times (seed ${seed})`, async () => {
    const { messages, expected } = shopStream(seed, 60 * blows);
    const fleet = startFleet({
      environment: environment(),
      replicas: 2,
    });
    try {
      const feeding = feed(messages, 300);
      const blown = await fleet.chaos({ seed, blows, pauseMsMax: 600, freezeMsMax: 5000 });
      expect(blown.kills + blown.freezes).toBe(blows);
      await feeding;
      await untilIdle(120_000);
      expect(fleet.casualties()).toEqual([]);
    } finally {
      await fleet.stop();
    }
    await expectTables(messages, expected);
    await expectPublished(expected);
  }, 600_000);
});
