import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Delivery, PartitionBounds, PartitionFeed, Transport, Warehouse } from '@dsf/ports';
import { expect } from 'vitest';
import type { ShopExpectation, ShopMessage } from './shop-stream.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | null): string | null => (body === null ? null : new TextDecoder().decode(body));

const batch = 50;

/** Sends the stream, fifty messages at a time. */
export const sendShop = async (
  transport: Pick<Transport, 'send'>,
  topic: string,
  { messages, pauseMs }: { readonly messages: readonly ShopMessage[]; readonly pauseMs: number },
): Promise<void> => {
  for (let at = 0; at < messages.length; at += batch) {
    const going = messages
      .slice(at, at + batch)
      .map(({ partition, key, body }) => ({ partition, key: bytes(key), headers: [], body: body === null ? null : bytes(body) }));
    await transport.send(topic, going);
    await delay(pauseMs);
  }
};

/** How long a partition may bring nothing before its end. */
const silentMsMax = 10_000;

/** @throws Error when the partition is taken away, or is silent, before its end */
const readToEnd = async (feed: PartitionFeed, { start, end }: PartitionBounds, signal: AbortSignal): Promise<readonly Delivery[]> => {
  const all: Delivery[] = [];
  let giveUpAt = Date.now() + silentMsMax;
  for (let next = start; next < end;) {
    const where = `partition ${feed.partition}, offset ${next} of ${end}`;
    if (feed.revoked.aborted) throw new Error(`${where}: the partition was taken away`);
    if (Date.now() > giveUpAt) throw new Error(`${where}: nothing came for ${silentMsMax} ms`);
    const deliveries = await feed.read({ recordsMax: 1000, bytesMax: 1e8, waitMs: 500 }, signal);
    all.push(...deliveries);
    // The end of the log may be the mark of a transaction, which is no message.
    const reached = Math.max((deliveries.at(-1)?.offset ?? -1) + 1, feed.passed?.() ?? 0);
    if (reached <= next) continue;
    next = reached;
    giveUpAt = Date.now() + silentMsMax;
  }
  return all;
};

/** All messages of a topic, read as a group of its own. @throws Error when it cannot read each partition to its end */
export const readAll = async (transport: Transport, topic: string): Promise<readonly Delivery[]> => {
  const ended = new AbortController();
  const all: Delivery[] = [];
  let open = await transport.partitionCount(topic);
  const subscription = await transport.subscribe(topic, `test-${randomUUID()}`);
  try {
    for await (const feed of subscription.feeds(ended.signal)) {
      all.push(...(await readToEnd(feed, await transport.bounds(topic, feed.partition), ended.signal)));
      open -= 1;
      if (open === 0) ended.abort();
    }
  } finally {
    await subscription.close();
  }
  return all;
};

/** Every message is in the tables once, and every sum is right. */
export const expectShopTables = async (
  { inspect }: Pick<Warehouse, 'inspect'>,
  messages: readonly ShopMessage[],
  expected: ShopExpectation,
): Promise<void> => {
  const rows = async (sql: string): Promise<readonly (readonly unknown[])[]> => (await inspect.query(sql, 1_000_000)).rows;
  const count = async (table: string): Promise<unknown> => (await rows(`select count(*) from ${table}`))[0]?.[0];
  expect(await count('dsf_raw')).toBe(messages.length);
  expect(await count('shop_orders')).toBe(expected.orders);
  expect(await count('shop_orders__items')).toBe(expected.items);
  expect(await count('shop_orders__items__tags')).toBe(expected.tags);
  expect(await inspect.failures({ status: 'open', max: 1_000_000 })).toHaveLength(expected.failed);
  const sales = (await rows('select customer, window_start, lines, revenue, best from shop_sales')).map(
    ([customer, start, ...measures]) => [`${String(customer)}|${new Date(String(start)).toISOString()}`, measures] as const,
  );
  expect(new Map(sales)).toEqual(expected.sales);
  const totals = (await rows('select city, orders, total from shop_totals')).map(
    ([city, ...measures]) => [String(city), measures] as const,
  );
  expect(new Map(totals)).toEqual(expected.totals);
};

const headerOf = ({ headers }: Delivery, name: string): string => text(headers.find(([found]) => found === name)?.[1] ?? null) ?? '';

/** What a consumer of `shop.totals` has that keeps the highest revision of each city. */
const newestTotals = (deliveries: readonly Delivery[]): ShopExpectation['totals'] => {
  const newest = new Map<string, { readonly revision: number; readonly body: string | null }>();
  for (const delivery of deliveries) {
    const group = text(delivery.key) ?? '';
    const revision = Number(headerOf(delivery, 'ce_dsfrevision'));
    if (revision >= (newest.get(group)?.revision ?? 0)) newest.set(group, { revision, body: text(delivery.body) });
  }
  const kept = [...newest.values()].map(
    ({ body }) => JSON.parse(body ?? 'null') as { key: { city: string }; measures: { orders: string; total: string } },
  );
  return new Map(kept.map(({ key, measures }) => [key.city, [Number(measures.orders), measures.total]]));
};

/** Whether the newest documents of `shop.totals` are there, and right. */
export const hasShopTotals = (deliveries: readonly Delivery[], expected: ShopExpectation): boolean =>
  isDeepStrictEqual(newestTotals(deliveries), expected.totals);

/** Of what was published to `shop.totals`: equal ids are equal to the last byte, and a consumer that keeps the highest revision has the summaries. */
export const expectShopTotals = (deliveries: readonly Delivery[], expected: ShopExpectation): void => {
  const byId = new Map<string, string | null>();
  for (const delivery of deliveries) {
    const [id, body] = [headerOf(delivery, 'ce_id'), text(delivery.body)];
    if (byId.has(id)) expect(body).toBe(byId.get(id));
    byId.set(id, body);
  }
  expect(newestTotals(deliveries)).toEqual(expected.totals);
};
