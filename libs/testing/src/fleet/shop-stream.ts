import { seededRandom } from './seeded-random.ts';

/** A message of the stream, and what it must lead to, worked out by plain arithmetic that shares nothing with the product. */
export interface ShopMessage {
  readonly partition: number;
  readonly key: string;
  /** Null is a tombstone. */
  readonly body: string | null;
}

export interface ShopExpectation {
  readonly orders: number;
  readonly items: number;
  readonly tags: number;
  readonly failed: number;
  readonly filtered: number;
  /** customer|hour → [lines, revenue, dearest price], as the summary table shows them. */
  readonly sales: ReadonlyMap<string, readonly [lines: number, revenue: string, best: string]>;
  /** city → [orders, total]. */
  readonly totals: ReadonlyMap<string, readonly [orders: number, total: string]>;
}

const customers = 20;
const cities = 7;
const hourMs = 3_600_000;
const firstHour = Date.UTC(2026, 0, 1);

/** Cents as canonical decimal text: 1250 → 12.5 */
const decimal = (cents: number): string => {
  const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  return text.replace(/\.?0+$/, '');
};

interface Item {
  readonly qty: number;
  readonly cents: number;
  readonly tags: number;
}
interface Order {
  readonly customer: number;
  readonly hour: number;
  readonly items: readonly Item[];
}

const drawOrder = (random: () => number): Order => {
  const upTo = (count: number): number => Math.floor(random() * count);
  return {
    customer: upTo(customers),
    hour: upTo(3),
    items: Array.from({ length: upTo(4) }, () => ({ qty: 1 + upTo(5), cents: 1 + upTo(9999), tags: upTo(3) })),
  };
};

const totalOf = ({ items }: Order): number => items.reduce((sum, { qty, cents }) => sum + qty * cents, 0);

const orderText = (id: number, order: Order): string =>
  JSON.stringify({
    id,
    placed: new Date(firstHour + order.hour * hourMs + (id % 3600) * 1000).toISOString(),
    total: totalOf(order) / 100,
    customer: { name: `c${order.customer}`, address: { city: `city${order.customer % cities}` } },
    items: order.items.map(({ qty, cents, tags }, index) => ({
      sku: `s${index}`,
      qty,
      price: cents / 100,
      tags: Array.from({ length: tags }, (_, tag) => `t${tag}`),
    })),
  });

/** Definitions of the stream, as a user would write them. */
export const shopDefinitions = {
  sources: [{ name: 'shop.orders', objects: 'columns', partitions: 4 }],
  drivers: [
    {
      name: 'shop.sales',
      inputs: [{ source: 'shop.orders', table: 'items' }],
      key: { customer: 'customer.name' },
      event_time: 'placed',
      window: { tumbling: '1h' },
      measures: { lines: 'count', revenue: 'sum(items.qty * items.price)', best: 'max(items.price)' },
    },
    {
      name: 'shop.totals',
      inputs: [{ source: 'shop.orders' }],
      key: { city: 'customer.address.city' },
      measures: { orders: 'count', total: 'sum(total)' },
    },
  ],
  publications: [
    { name: 'shop.sales', driver: 'shop.sales' },
    { name: 'shop.totals', driver: 'shop.totals' },
  ],
};

/** Orders of a small shop, with a broken message and a tombstone now and then. Equal seeds give equal streams. */
export const shopStream = (
  seed: number,
  count: number,
): { readonly messages: readonly ShopMessage[]; readonly expected: ShopExpectation } => {
  const random = seededRandom(seed);
  const messages: ShopMessage[] = [];
  const sales = new Map<string, { lines: number; revenue: number; best: number }>();
  const totals = new Map<string, { orders: number; total: number }>();
  const counts = { orders: 0, items: 0, tags: 0, failed: 0, filtered: 0 };

  const expect = (order: Order): void => {
    counts.orders += 1;
    counts.items += order.items.length;
    counts.tags += order.items.reduce((sum, { tags }) => sum + tags, 0);
    const city = `city${order.customer % cities}`;
    const total = totals.get(city) ?? { orders: 0, total: 0 };
    totals.set(city, { orders: total.orders + 1, total: total.total + totalOf(order) });
    for (const { qty, cents } of order.items) {
      const key = `c${order.customer}|${new Date(firstHour + order.hour * hourMs).toISOString()}`;
      const sale = sales.get(key) ?? { lines: 0, revenue: 0, best: 0 };
      sales.set(key, { lines: sale.lines + 1, revenue: sale.revenue + qty * cents, best: Math.max(sale.best, cents) });
    }
  };

  for (let id = 0; id < count; id += 1) {
    const order = drawOrder(random);
    const partition = id % 4;
    const key = `c${order.customer}`;
    if (id % 97 === 13) {
      counts.failed += 1;
      messages.push({ partition, key, body: `{"id": ${id}, "broken` });
    } else if (id % 101 === 17) {
      counts.filtered += 1;
      messages.push({ partition, key, body: null });
    } else {
      expect(order);
      messages.push({ partition, key, body: orderText(id, order) });
    }
  }
  return {
    messages,
    expected: {
      ...counts,
      sales: new Map([...sales].map(([key, { lines, revenue, best }]) => [key, [lines, decimal(revenue), decimal(best)]])),
      totals: new Map([...totals].map(([key, { orders, total }]) => [key, [orders, decimal(total)]])),
    },
  };
};
