/**
 * The stream that every figure is about: orders of about 500 bytes with a nested customer, 1 to 4 items, their tags and discounts.
 * It follows from its seed alone, so that each process makes the same bytes for itself.
 */

export interface Order {
  readonly id: number;
  readonly placed: string;
  readonly status: string;
  readonly currency: string;
  readonly total: number;
  readonly customer: {
    readonly id: string;
    readonly name: string;
    readonly email: string;
    readonly address: { readonly street: string; readonly city: string; readonly zip: string; readonly country: string };
  };
  readonly items: readonly {
    readonly sku: string;
    readonly qty: number;
    readonly price: number;
    readonly tags: readonly string[];
    readonly discounts: readonly { readonly code: string; readonly amount: number }[];
  }[];
}

/** One message of the stream, and what the checks need to know of it. */
export interface StreamMessage {
  readonly partition: number;
  readonly key: Buffer;
  readonly body: Buffer;
  /** `<customer>@<hour, UTC ms>`: the group that it counts in. */
  readonly group: string;
}

/** What the whole stream adds up to. */
export interface StreamTotals {
  readonly records: number;
  readonly bytes: number;
  readonly items: number;
  readonly tags: number;
  readonly discounts: number;
  readonly groups: number;
  /** Sum of all orders' totals, in cents. */
  readonly cents: number;
}

export const sourceName = 'bench.orders';
export const driverName = 'bench.sales';
export const partitions = 4;

const customers = 5000;
/** So many orders fall into one hour of event time: each customer has about four. */
const ordersPerHour = 20_000;
const hourMs = 3_600_000;
const firstHour = Date.UTC(2026, 0, 1);
const seed = 20_261_123;

const cities = ['Aachen', 'Bordeaux', 'Coimbra', 'Delft', 'Esbjerg', 'Firenze', 'Göteborg', 'Heraklion'];
const streets = ['Lange Gasse', 'Rue du Moulin', 'Via Roma', 'Stationsplein', 'Harbour Road'];
const tags = ['new', 'sale', 'gift', 'fragile', 'bulk'];
const statuses = ['paid', 'open', 'shipped'];

/** Numbers in [0, 1) that follow from the seed alone (mulberry32). */
const seededRandom = (start: number): (() => number) => {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const drawOrder = (id: number, random: () => number): Order => {
  const upTo = (count: number): number => Math.floor(random() * count);
  const pick = (words: readonly string[]): string => words[upTo(words.length)] ?? '';
  const customer = upTo(customers);
  const items = Array.from({ length: 1 + upTo(4) }, () => ({
    sku: `SKU-${String(upTo(20_000)).padStart(5, '0')}`,
    qty: 1 + upTo(5),
    price: (1 + upTo(19_999)) / 100,
    tags: Array.from({ length: upTo(3) }, () => pick(tags)),
    discounts: random() < 0.3 ? [{ code: `D${upTo(50)}`, amount: (1 + upTo(499)) / 100 }] : [],
  }));
  const cents = items.reduce((sum, { qty, price }) => sum + qty * Math.round(price * 100), 0);
  const offsetMs = Math.floor(((id % ordersPerHour) / ordersPerHour) * hourMs);
  return {
    id,
    placed: new Date(firstHour + Math.floor(id / ordersPerHour) * hourMs + offsetMs).toISOString(),
    status: pick(statuses),
    currency: 'EUR',
    total: cents / 100,
    customer: {
      id: `C${String(customer).padStart(5, '0')}`,
      name: `Customer Number ${customer}`,
      email: `customer.${customer}@example.org`,
      address: {
        street: `${pick(streets)} ${1 + (customer % 90)}`,
        city: cities[customer % cities.length] ?? '',
        zip: String(10_000 + customer),
        country: 'EU',
      },
    },
    items,
  };
};

const groupOf = ({ id, customer }: Order): string => `${customer.id}@${firstHour + Math.floor(id / ordersPerHour) * hourMs}`;

/** @param records - how many; a short stream is the beginning of a long one */
export const makeStream = (records: number): { readonly messages: readonly StreamMessage[]; readonly totals: StreamTotals } => {
  const random = seededRandom(seed);
  const groups = new Set<string>();
  const sums = { bytes: 0, items: 0, tags: 0, discounts: 0, cents: 0 };
  const messages = Array.from({ length: records }, (_, id): StreamMessage => {
    const order = drawOrder(id, random);
    const body = Buffer.from(JSON.stringify(order));
    const group = groupOf(order);
    groups.add(group);
    sums.bytes += body.byteLength;
    sums.items += order.items.length;
    sums.tags += order.items.reduce((sum, item) => sum + item.tags.length, 0);
    sums.discounts += order.items.reduce((sum, item) => sum + item.discounts.length, 0);
    sums.cents += Math.round(order.total * 100);
    return { partition: Number(order.customer.id.slice(1)) % partitions, key: Buffer.from(order.customer.id), body, group };
  });
  return { messages, totals: { ...sums, records, groups: groups.size } };
};

/** The pipeline as a user would define it: objects as columns, lists as child tables, one driver per customer and hour, published. */
export const definitions = {
  sources: [{ name: sourceName, objects: 'columns', partitions }],
  drivers: [
    {
      name: driverName,
      inputs: [
        { source: sourceName, expressions: { lines: null, price: null, dearest: null } },
        { source: sourceName, table: 'items', expressions: { orders: null, total: null, average: null } },
      ],
      key: { customer: 'customer.id' },
      event_time: 'placed',
      window: { tumbling: '1h' },
      measures: {
        orders: 'count',
        total: 'sum(total)',
        average: 'avg(total)',
        lines: 'count',
        price: 'avg(items.price)',
        dearest: 'max(items.price)',
      },
    },
  ],
  publications: [{ name: driverName, driver: driverName, partitions }],
};

/** Points that the driver makes: one per root row and one per item. */
export const pointsOf = ({ records, items }: StreamTotals): number => records + items;
/** Rows of all flat tables. */
export const flatRowsOf = ({ records, items, tags: words, discounts }: StreamTotals): number => records + items + words + discounts;
