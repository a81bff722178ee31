import { describe, expect, it } from 'vitest';
import { buildCatalog } from './build-catalog.ts';
import type { BuiltCatalog, CatalogFacts } from './build-catalog.ts';
import { pathsOfSamples } from './catalog/known-paths.ts';
import { definitionsSchema } from './definitions.ts';
import { freshSnapshot } from './fresh-snapshot.ts';

interface Parts {
  readonly sources?: readonly object[];
  readonly drivers?: readonly object[];
  readonly publications?: readonly object[];
}

const order = {
  id: 7,
  total: 12.5,
  status: 'paid',
  customer: { id: 'c1', address: { city: 'Bern' } },
  items: [{ sku: 'a', qty: 1, price: 2.5, discounts: [{ amount: 1 }] }],
  tags: ['x'],
};
const facts: CatalogFacts = { paths: new Map([['shop.orders', pathsOfSamples([order])]]) };
const orders = { name: 'shop.orders' };

const build = (parts: Parts, known: CatalogFacts = facts): BuiltCatalog =>
  buildCatalog(freshSnapshot(null, definitionsSchema.parse(parts)), 1, known);

/** A driver over the orders, with what the case is about. */
const driver = (change: object): object => ({
  name: 'revenue',
  inputs: [{ source: 'shop.orders' }],
  key: { customer: 'customer.id' },
  measures: { n: 'count' },
  ...change,
});
const found = (parts: Parts, known?: CatalogFacts) =>
  build(parts, known).problems.map(({ code, at, hint, offset, severity }) => ({ code, at, hint, offset, severity }));
const only = (parts: Parts, known?: CatalogFacts) => {
  const problems = found(parts, known);
  expect(problems).toHaveLength(1);
  return problems[0];
};

describe('names', () => {
  it('must be unique without regard to case', () => {
    expect(found({ sources: [orders, { name: 'Shop.Orders', table: 'other' }] })).toMatchObject([
      { code: 'name.duplicate', at: ['sources', 1, 'name'] },
    ]);
  });

  it('must leave the tables of lists and objects to the messages', () => {
    const at = ['drivers', 0, 'name'];
    expect(only({ sources: [orders], drivers: [driver({ name: 'shop.orders__items' })] })).toMatchObject({
      code: 'name.table-collision',
      at,
    });
    const named = { ...orders, paths: { items: { name: 'Sales' } } };
    expect(only({ sources: [named], drivers: [driver({ name: 'sales' })] })).toMatchObject({ code: 'name.table-collision', at });
  });

  it('must not lead to one table twice', () => {
    expect(only({ sources: [orders], drivers: [driver({ name: 'shop.orders' })] })).toMatchObject({
      code: 'name.table-collision',
      at: ['drivers', 0, 'name'],
    });
    expect(only({ sources: [orders, { name: 'shop_orders' }] })).toMatchObject({
      code: 'name.table-collision',
      at: ['sources', 1, 'name'],
    });
    expect(only({ sources: [orders, { name: 'b', table: 'SHOP_ORDERS' }] })).toMatchObject({ at: ['sources', 1, 'table'] });
  });

  it('must leave alone what is named by the database', () => {
    expect(only({ sources: [{ name: 'sqlite.orders' }] })).toMatchObject({ code: 'name.reserved', at: ['sources', 0, 'name'] });
    expect(only({ sources: [orders], drivers: [driver({ name: 'SQLite_sales' })] })).toMatchObject({ code: 'name.reserved' });
  });

  it('must leave alone what is named by DSF', () => {
    expect(only({ sources: [{ name: 'a', topic: 'dsf.raw' }] })).toMatchObject({ code: 'name.reserved', at: ['sources', 0, 'topic'] });
    expect(only({ sources: [{ name: 'a', table: 'dsf_lanes' }] })).toMatchObject({ code: 'name.reserved' });
    expect(only({ sources: [{ name: 'a', key: '_dsf_off' }] })).toMatchObject({ code: 'name.reserved', at: ['sources', 0, 'key'] });
  });

  it('of columns must not collide', () => {
    expect(only({ sources: [{ name: 'a', key: 'k', headers: { x: 'K' } }] })).toMatchObject({
      code: 'source.column-collision',
      at: ['sources', 0, 'headers', 'x'],
    });
    expect(only({ sources: [orders], drivers: [driver({ measures: { Customer: 'count' } })] })).toMatchObject({
      code: 'driver.column-collision',
      at: ['drivers', 0, 'measures', 'Customer'],
    });
  });

  it('may be words of JavaScript', () => {
    const { catalog } = build(
      {
        sources: [{ name: 'constructor' }],
        drivers: [{ name: 'toString', inputs: [{ source: 'constructor' }], key: { valueOf: 'a' }, measures: { constructor: 'sum(b)' } }],
      },
      {},
    );
    expect(catalog?.drivers[0]?.inputs[0]).toMatchObject({ source: 1, key: ['a'], amounts: [{ kind: 'expression', text: 'b' }] });
  });

  it('of one topic must agree on its partitions', () => {
    expect(
      only({
        sources: [
          { name: 'a', topic: 't' },
          { name: 'b', topic: 't', partitions: 8 },
        ],
      }),
    ).toMatchObject({ code: 'topic.partitions', at: ['sources', 1, 'partitions'] });
  });
});

describe('references', () => {
  it('to a source or driver that is not there are refused with what was meant', () => {
    expect(only({ sources: [orders], drivers: [driver({ inputs: [{ source: 'shop.order' }] })] })).toMatchObject({
      code: 'driver.source-unknown',
      at: ['drivers', 0, 'inputs', 0, 'source'],
      hint: 'did you mean `shop.orders`?',
    });
    expect(only({ sources: [orders], drivers: [driver({})], publications: [{ name: 'p', driver: 'revenues' }] })).toMatchObject({
      code: 'publication.driver-unknown',
      hint: 'did you mean `revenue`?',
    });
  });

  it('to a removed source are refused', () => {
    const before = freshSnapshot(null, definitionsSchema.parse({ sources: [orders] }));
    const after = freshSnapshot(before, definitionsSchema.parse({ drivers: [driver({})] }));
    expect(buildCatalog(after, 2).problems).toMatchObject([{ code: 'driver.source-unknown' }]);
  });
});

describe('what a driver reads', () => {
  const reading = (change: object, source: object = orders) => only({ sources: [source], drivers: [driver(change)] });

  it.each([
    ['key', { key: { c: 'customer.idd' } }, ['key', 'c'], 'did you mean `customer.id`?', 0],
    ['filter', { inputs: [{ source: 'shop.orders', filter: '1 < totl' }] }, ['inputs', 0, 'filter'], 'did you mean `total`?', 4],
    ['measure', { measures: { n: 'sum(1 + totl)' } }, ['measures', 'n'], 'did you mean `total`?', 8],
    ['long measure', { measures: { n: { function: 'sum', of: '1 + totl' } } }, ['measures', 'n', 'of'], 'did you mean `total`?', 4],
    ['event time', { event_time: 'stat' }, ['event_time'], 'did you mean', 0],
    ['table', { inputs: [{ source: 'shop.orders', table: 'itms' }] }, ['inputs', 0, 'table'], 'did you mean `items`?', undefined],
  ])('must exist: %s', (_, change, at, hint, offset) => {
    const problem = reading(change);
    expect(problem).toMatchObject({ code: 'driver.path-unknown', at: ['drivers', 0, ...at], severity: 'error' });
    expect(problem?.offset).toBe(offset);
    if (hint !== 'did you mean') expect(problem?.hint).toBe(hint);
  });

  it('must have one value per row of its table', () => {
    expect(reading({ measures: { n: 'sum(items.qty)' } })).toMatchObject({
      code: 'driver.path-in-list',
      hint: expect.stringContaining('`table: items`'),
    });
    expect(reading({ inputs: [{ source: 'shop.orders', table: 'items' }], measures: { n: 'sum(items.discounts.amount)' } })).toMatchObject({
      code: 'driver.path-in-list',
    });
    expect(reading({ key: { c: 'customer' } })).toMatchObject({ code: 'driver.path-not-a-value' });
    expect(reading({ inputs: [{ source: 'shop.orders', table: 'total' }] })).toMatchObject({ code: 'driver.table-is-value' });
  });

  it('may stand in its table, in objects of it and in all that the table hangs from', () => {
    const inputs = [{ source: 'shop.orders', table: 'items.discounts' }];
    expect(
      found({
        sources: [orders],
        drivers: [
          driver({
            inputs,
            key: { city: 'customer.address.city', sku: 'items.sku' },
            measures: { n: 'sum(items.discounts.amount * total)' },
          }),
        ],
      }),
    ).toEqual([]);
    expect(
      found({ sources: [orders], drivers: [driver({ inputs: [{ source: 'shop.orders', table: 'tags' }], key: { tag: 'tags' } })] }),
    ).toEqual([]);
  });

  it('must be stored, and as something that can be read', () => {
    expect(reading({ measures: { n: 'sum(total)' } }, { ...orders, paths: { total: 'drop' } })).toMatchObject({
      code: 'driver.path-not-stored',
    });
    expect(reading({ inputs: [{ source: 'shop.orders', table: 'items' }] }, { ...orders, paths: { items: 'json' } })).toMatchObject({
      code: 'driver.table-not-stored',
    });
    expect(reading({ measures: { n: 'sum(items.qty)' } }, { ...orders, lists: 'json' })).toMatchObject({ code: 'driver.path-not-stored' });
    expect(
      found({
        sources: [{ ...orders, paths: { items: 'first', tags: 'count', customer: 'json' } }],
        drivers: [driver({ measures: { q: 'sum(items.qty)', t: 'sum(tags)' } })],
      }),
    ).toEqual([]);
    expect(reading({ key: { k: 'dsf.key' } })).toMatchObject({ code: 'driver.key-not-kept', hint: expect.stringContaining('key:') });
    expect(reading({ key: { k: 'dsf.headers["x"]' } })).toMatchObject({ code: 'driver.header-not-kept' });
    expect(
      found({
        sources: [{ ...orders, key: 'k', headers: { 'x.y': 'x' } }],
        drivers: [driver({ key: { k: 'dsf.key', h: 'dsf.headers["x.y"]', t: 'dsf.time' } })],
      }),
    ).toEqual([]);
  });

  it('may be declared by the source without having been seen', () => {
    expect(
      found({
        sources: [{ ...orders, paths: { refund: { type: 'decimal' }, extra: 'map' } }],
        drivers: [driver({ measures: { n: 'sum(refund)', x: 'sum(extra.any)' } })],
      }),
    ).toEqual([]);
  });

  it('is a warning when no message of the source is known', () => {
    const built = build({ sources: [orders], drivers: [driver({ key: { c: 'whatever' } })] }, {});
    expect(built.catalog).not.toBeNull();
    expect(built.problems).toMatchObject([{ code: 'driver.paths-unchecked', severity: 'warning' }]);
  });
});

describe('measures', () => {
  it.each([
    ['summ(total)', 'measure.unknown'],
    ['sum', 'measure.argument-missing'],
    ['count(total)', 'measure.no-argument'],
    ['sum(total, 5)', 'measure.max'],
    ['sum(total +)', 'expression.invalid'],
    ['sum(total).x', 'expression.invalid'],
  ])('%j is refused with %s', (text, code) => {
    expect(only({ sources: [orders], drivers: [driver({ measures: { n: text } })] })).toMatchObject({
      code,
      at: ['drivers', 0, 'measures', 'n'],
    });
  });

  it('may be custom when the installation has loaded them', () => {
    const parts = { sources: [orders], drivers: [driver({ measures: { n: { function: 'geomean', of: 'total' } } })] };
    expect(only(parts)).toMatchObject({ code: 'measure.unknown' });
    expect(build(parts, { ...facts, customMeasures: new Set(['geomean']) }).catalog?.drivers[0]?.measures).toMatchObject([
      { function: 'geomean', type: 'decimal' },
    ]);
  });

  it('need an input that feeds them, and expressions must name a key or measure', () => {
    const inputs = [{ source: 'shop.orders', expressions: { n: null, customr: 'id' } }];
    expect(found({ sources: [orders], drivers: [driver({ inputs })] })).toMatchObject([
      { code: 'driver.expression-unknown', at: ['drivers', 0, 'inputs', 0, 'expressions', 'customr'] },
      { code: 'measure.not-fed' },
    ]);
    expect(
      only({ sources: [orders], drivers: [driver({ inputs: [{ source: 'shop.orders', expressions: { customer: null } }] })] }),
    ).toMatchObject({ code: 'driver.key-null' });
  });

  it('resolve per input, with their column types', () => {
    const sources = [orders, { name: 'returns' }];
    const inputs = [
      { source: 'shop.orders', filter: 'status == "paid"' },
      { source: 'returns', expressions: { customer: 'customer_id', revenue: '-amount', n: null, any: 'dsf.time' } },
    ];
    const measures = { n: 'count', revenue: 'sum(total)', any: 'last(status)', list: 'list(id)', top: 'list(id, 3)' };
    const { catalog } = build({ sources, drivers: [driver({ inputs, measures, window: { tumbling: '15m' }, event_time: 'dsf.time' })] });
    expect(catalog?.drivers[0]).toMatchObject({
      name: 'revenue',
      key: ['customer'],
      windowMs: 900_000,
      inputs: [
        {
          source: 1,
          table: '',
          filter: 'status == "paid"',
          eventTime: 'dsf.time',
          key: ['customer.id'],
          amounts: [{ kind: 'row' }, { kind: 'expression', text: 'total' }, { text: 'status' }, { text: 'id' }, { text: 'id' }],
        },
        {
          source: 2,
          key: ['customer_id'],
          amounts: [{ kind: 'none' }, { kind: 'expression', text: '-amount' }, { text: 'dsf.time' }, { text: 'id' }, { text: 'id' }],
        },
      ],
      measures: [
        { name: 'n', function: 'count', type: 'bigint' },
        { name: 'revenue', function: 'sum', type: 'decimal' },
        { name: 'any', type: 'text' },
        { name: 'list', type: 'json', max: 100 },
        { name: 'top', type: 'json', max: 3 },
      ],
    });
  });
});

describe('path rules', () => {
  it.each([
    [{ 'a..b': 'json' }, 'path.malformed'],
    [{ '.a': 'json' }, 'path.malformed'],
    [{ $key: 'drop' }, 'path.reserved'],
    [{ 'a.$foo': 'drop' }, 'path.reserved'],
    [{ a: {} }, 'path.empty-rule'],
    [{ a: { policy: 'json', separator: ';' } }, 'path.combination'],
    [{ a: { policy: 'columns', type: 'text' } }, 'path.combination'],
    [{ a: { policy: 'drop', name: 'b' } }, 'path.combination'],
    [{ 'a.*': { name: 'b' } }, 'path.combination'],
    [{ a: { name: '_DSF_b' } }, 'name.reserved'],
  ])('%j is refused with %s', (paths, code) => {
    expect(only({ sources: [{ name: 'a', paths }] })).toMatchObject({ code, at: ['sources', 0, 'paths', Object.keys(paths)[0]] });
  });

  it('that have no effect are a warning, and the rest comes out in long form', () => {
    const built = build({ sources: [{ name: 'a', paths: { x: 'json', 'x.y': { type: 'text' }, z: { policy: 'join', separator: ';' } } }] });
    expect(built.problems).toMatchObject([{ code: 'path.covered', severity: 'warning' }]);
    expect(built.catalog?.sources[0]?.rules).toEqual([
      { path: 'x', rule: { policy: 'json' } },
      { path: 'x.y', rule: { type: 'text' } },
      { path: 'z', rule: { policy: 'join', separator: ';' } },
    ]);
  });
});

describe('publications', () => {
  const published = (body: unknown) =>
    found({ sources: [orders], drivers: [driver({})], publications: [{ name: 'p', driver: 'revenue', body }] });

  it('read nothing but key, window and measures of their driver', () => {
    expect(published({ a: { b: ['key.custmer'] } })).toMatchObject([
      { code: 'publication.path-unknown', at: ['publications', 0, 'body', 'a', 'b', 0], hint: 'did you mean `customer`?' },
    ]);
    expect(published({ a: '1 + measures.m' })).toMatchObject([{ code: 'publication.path-unknown', offset: 4 }]);
    expect(published({ a: 'hello' })).toMatchObject([{ code: 'publication.path-unknown', hint: expect.stringContaining(`"'hello'"`) }]);
    expect(published({ a: 'key.' })).toMatchObject([{ code: 'expression.invalid' }]);
    expect(published('window.start')).toMatchObject([{ code: 'publication.no-window', severity: 'warning' }]);
    expect(published({ all: ['key', 'measures', 'measures.n + 1', "'fixed'", 5, null, true] })).toEqual([]);
  });
});

describe('cycles', () => {
  const over = (name: string, source: string): object => ({ name, inputs: [{ source }], key: {}, measures: { n: 'count' } });

  it('through one topic are refused, naming the loop', () => {
    const { catalog, problems } = build(
      { sources: [{ name: 'a', topic: 't' }], drivers: [over('d', 'a')], publications: [{ name: 'p', driver: 'd', topic: 't' }] },
      {},
    );
    expect(catalog).toBeNull();
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: 'catalog.cycle',
        at: ['publications', 0, 'topic'],
        message: expect.stringContaining('publication `p` → source `a` → driver `d` → publication `p`'),
      }),
    );
  });

  it('through several are reported once, and a chain is none', () => {
    const parts = {
      sources: [{ name: 'a' }, { name: 'b' }],
      drivers: [over('d', 'a'), over('e', 'b')],
      publications: [
        { name: 'p', driver: 'd', topic: 'b' },
        { name: 'q', driver: 'e', topic: 'a' },
      ],
    };
    const cycles = (given: Parts): number => build(given, {}).problems.filter(({ code }) => code === 'catalog.cycle').length;
    expect(cycles(parts)).toBe(1);
    expect(cycles({ ...parts, publications: parts.publications.slice(0, 1) })).toBe(0);
  });
});

describe('the name of an instance', () => {
  const nameOf = (change: object, sources: readonly object[] = [orders]): string | undefined =>
    build({ sources, drivers: [driver(change)] }, {}).catalog?.drivers[0]?.instance;

  it('is the driver and eight hex digits, the same wherever it is computed', () => {
    expect(nameOf({})).toMatch(/^revenue@[0-9a-f]{8}$/);
    expect(nameOf({}, [{ name: 'other' }, orders])).toBe(nameOf({}));
    expect(nameOf({ measures: { n: { function: 'count' } } })).toBe(nameOf({}));
    expect(nameOf({})).toMatchInlineSnapshot(`"revenue@2f665d92"`);
  });

  it('changes with everything that decides a state, and with nothing else', () => {
    const changes = [
      {},
      { key: { c: 'customer.id' } },
      { key: { customer: 'id' } },
      { measures: { m: 'count' } },
      { measures: { n: 'sum(id)' } },
      { measures: { n: 'list(id)' } },
      { measures: { n: 'list(id, 5)' } },
      { window: { tumbling: '1h' } },
      { event_time: 'at' },
      { inputs: [{ source: 'shop.orders', table: 'items' }] },
      { inputs: [{ source: 'shop.orders', filter: 'paid' }] },
    ];
    expect(new Set(changes.map((change) => nameOf(change))).size).toBe(changes.length);
    expect(nameOf({ window: { tumbling: '60m' } })).toBe(nameOf({ window: { tumbling: '1h' } }));
    expect(nameOf({}, [{ ...orders, partitions: 9 }])).toBe(nameOf({}));
  });
});
