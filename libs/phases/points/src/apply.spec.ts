import { expect, it } from 'vitest';
import type { Value } from '@dsf/messages';
import type { Catalog, ColumnType, DriverInstance, InstanceInput } from '@dsf/metadata';
import type { Cell, FlatColumn, FlatRow, FlatRows, FlatSchema, FlatTable } from '@dsf/ports';
import { pointsPhase } from './index.ts';

type ColumnText = `${string}: ${ColumnType}` | `${string}: ${ColumnType} ${FlatColumn['role']} ${string}`;

/** `path: type`, or `path: type role name`. */
const table = (id: number, path: string, parent: number | null, columns: readonly ColumnText[]): FlatTable => ({
  id,
  source: 1,
  path,
  name: `t${id}`,
  parent,
  columns: columns.map((text, index) => {
    const [columnPath = '', rest = ''] = text.split(': ');
    const [type, role = 'value', name = columnPath] = rest.split(' ');
    return { id: id * 100 + index, path: columnPath, name, type: type as ColumnType, role: role as FlatColumn['role'] };
  }),
});

const root = table(1, '', null, ['id: bigint', 'currency: text', 'at: text', '$key: text', '$headers.tenant: text', 'doc: json']);
const items = table(2, 'items', 1, [
  'items.sku: text',
  'items.price: decimal',
  'items.price: text variant items_price__v_text',
  'items.price: text variant items_price__v_number',
]);
const customer = table(3, 'customer', 1, ['customer.id: bigint']);
const address = table(4, 'customer.address', 3, ['customer.address.city: text']);
const discounts = table(5, 'items.discounts', 2, ['items.discounts.rate: decimal']);
const product = table(6, 'items.product', 2, ['items.product.brand: text', ': json rest _dsf_rest']);
const colours = table(7, 'colours', 1, ['colours.$key: text', 'colours.code: text']);
const schema: FlatSchema = { version: 1, tables: [root, items, customer, address, discounts, product, colours] };

interface Place {
  readonly offset?: number;
  readonly row?: number;
  readonly parent?: number;
  readonly idx?: number;
  readonly time?: number;
}

const rootRow = (cells: readonly Cell[], { offset = 7, row = 0, time = 5000 }: Place = {}): FlatRow => ({
  offset,
  row,
  parentRow: null,
  listIdx: null,
  listIdx2: null,
  shape: null,
  time,
  ingestedAt: time + 1,
  cells,
});
const childRow = (cells: readonly Cell[], { offset = 7, row = 0, parent = 0, idx }: Place = {}): FlatRow => ({
  offset,
  row,
  parentRow: parent,
  listIdx: idx ?? null,
  listIdx2: null,
  shape: null,
  time: null,
  ingestedAt: null,
  cells,
});
const rowsOf = (...tables: readonly (readonly [FlatTable, ...FlatRow[]])[]): FlatRows => ({
  source: 1,
  partition: 0,
  tables: tables.map(([of, ...rows]) => ({ table: of, rows })),
});

interface Wanted extends Partial<Omit<InstanceInput, 'amounts'>> {
  /** An expression, `row` or `none`. */
  readonly amounts?: readonly string[];
  readonly instance?: string;
  readonly windowMs?: number | null;
}

const driver = ({ instance = 'd@1', windowMs = null, amounts = [], ...input }: Wanted): DriverInstance => ({
  instance,
  name: 'd',
  inputs: [
    {
      source: 1,
      table: '',
      filter: null,
      eventTime: null,
      key: [],
      ...input,
      amounts: amounts.map((text) => (text === 'row' || text === 'none' ? { kind: text } : { kind: 'expression', text })),
    },
  ],
  key: (input.key ?? []).map((_, index) => `k${index}`),
  windowMs,
  measures: amounts.map((_, index) => ({ name: `m${index}`, function: 'last', type: 'text', max: 100 })),
});

const planOf = (drivers: readonly DriverInstance[], over: FlatSchema = schema) => {
  const catalog: Catalog = { version: 1, settings: { lanes: 4 }, sources: [], drivers, publications: [] };
  return pointsPhase.compile(catalog, over);
};
const points = (wanted: Wanted, rows: FlatRows) => pointsPhase.apply(planOf([driver(wanted)]), rows);
/** Amounts of the only point. */
const amounts = (expressions: readonly string[], rows: FlatRows, over = ''): readonly Value[] | undefined => {
  const made = points({ table: over, amounts: expressions }, rows);
  expect(made).toHaveLength(1);
  expect(made[0]?.refusal).toBeUndefined();
  return made[0]?.amounts;
};

it('refuses a row whose amount cannot be computed, and keeps the others', () => {
  const rows = rowsOf([root, rootRow([1, 'EUR']), rootRow([2, null], { offset: 8 })]);
  const made = points({ key: ['id'], amounts: ['currency > 5'] }, rows);
  expect(made[0]).toMatchObject({ offset: 7, key: [], amounts: [], window: null, time: 5000, refusal: { code: 'summarise.expression' } });
  expect(made[0]?.refusal?.detail).toMatch(/^measure m0: /);
  expect(made[1]).toMatchObject({ offset: 8, key: [{ n: '2' }], amounts: [null] });
});

it('refuses a row whose filter cannot be computed, rather than guess', () => {
  expect(points({ filter: 'currency > 5' }, rowsOf([root, rootRow([1, 'EUR'])]))[0]?.refusal?.code).toBe('summarise.expression');
});

it('refuses a list or a map as part of a key', () => {
  const made = points({ key: ['id', 'doc'] }, rowsOf([root, rootRow([1, null, null, null, null, '[1,2]'])]));
  expect(made[0]?.refusal).toEqual({ code: 'summarise.key', detail: 'key k1: a list cannot be part of a key' });
});

it('refuses an event time that is no time', () => {
  const made = points({ eventTime: 'at' }, rowsOf([root, rootRow([1, 'EUR', 'yesterday'])]));
  expect(made[0]?.refusal?.code).toBe('summarise.event-time');
  expect(made[0]?.refusal?.detail).toContain('yesterday');
});

it('refuses a broker time of no year from 0 to 9999 where it decides the window, and there alone', () => {
  const rows = rowsOf([root, rootRow([1], { time: 253_402_300_800_000 }), rootRow([2], { offset: 8, time: -70_000_000_000_000 })]);
  const windowed = points({ windowMs: 3_600_000 }, rows);
  expect(windowed.map(({ window, refusal }) => [window, refusal?.code])).toEqual([
    [null, 'summarise.event-time'],
    [null, 'summarise.event-time'],
  ]);
  expect(points({}, rows).map(({ time, refusal }) => [time, refusal])).toEqual([
    [253_402_300_800_000, undefined],
    [-70_000_000_000_000, undefined],
  ]);
});

it('refuses a child row whose root row is missing, instead of inventing a time', () => {
  expect(points({ table: 'items' }, rowsOf([items, childRow(['a', '1'], { idx: 0 })]))[0]?.refusal?.code).toBe('summarise.event-time');
});

it('refuses JSON in a cell that does not parse, and numbers without end', () => {
  const rows = (doc: string) => rowsOf([root, rootRow([1, null, null, null, null, doc])]);
  expect(points({ amounts: ['doc'] }, rows('{'))[0]?.refusal?.code).toBe('summarise.expression');
  expect(points({ amounts: ['doc.n'] }, rows('{"n": 1e999999999}'))[0]?.refusal?.code).toBe('summarise.expression');
});

it('reads a path that the schema does not have as null', () => {
  expect(amounts(['nowhere.at.all', 'customer.nickname'], rowsOf([root, rootRow([1])]))).toEqual([null, null]);
});

it('makes no point where the filter is false, null, or something else than true', () => {
  const rows = rowsOf([root, rootRow([1, 'EUR']), rootRow([2, null], { offset: 8 })]);
  expect(points({ filter: 'currency == "USD"' }, rows)).toEqual([]);
  expect(points({ filter: 'id' }, rows)).toEqual([]);
  expect(points({ filter: 'currency == "EUR"' }, rows)).toHaveLength(1);
});

it('makes nothing for a table that does not exist yet, and for a source that no driver reads', () => {
  expect(points({ table: 'payments' }, rowsOf([root, rootRow([1])]))).toEqual([]);
  expect(pointsPhase.apply(planOf([driver({})]), { ...rowsOf([root, rootRow([1])]), source: 2 })).toEqual([]);
});

it('gives every row of a child table its own point, with the root’s values beside its own', () => {
  const rows = rowsOf(
    [root, rootRow([1, 'EUR'])],
    [customer, childRow([42])],
    [items, childRow(['a', '1.50'], { idx: 0 }), childRow(['b', '2'], { row: 1, idx: 1 })],
  );
  const made = points({ table: 'items', key: ['currency', 'customer.id'], amounts: ['items.price', 'row', 'none'] }, rows);
  expect(made).toEqual([
    { instance: 'd@1', offset: 7, row: 0, key: ['EUR', { n: '42' }], window: null, time: 5000, amounts: [{ n: '1.5' }, true, null] },
    { instance: 'd@1', offset: 7, row: 1, key: ['EUR', { n: '42' }], window: null, time: 5000, amounts: [{ n: '2' }, true, null] },
  ]);
});

it('reads objects nested in objects, and objects beside an ancestor', () => {
  const rows = rowsOf(
    [root, rootRow([1])],
    [customer, childRow([42])],
    [address, childRow(['Bern'])],
    [items, childRow(['a', '1'], { idx: 0 })],
  );
  expect(amounts(['customer.address.city'], rows)).toEqual(['Bern']);
  expect(amounts(['customer.address.city'], rows, 'items')).toEqual(['Bern']);
  expect(amounts(['customer.id'], rows, 'customer.address')).toEqual([{ n: '42' }]);
});

it('finds the right object of each list item, however they are spread', () => {
  const rows = rowsOf(
    [root, rootRow([1])],
    [items, childRow(['a'], { idx: 0 }), childRow(['b'], { row: 1, idx: 1 }), childRow(['c'], { row: 2, idx: 2 })],
    [product, childRow(['Acme'], { row: 0, parent: 0 }), childRow(['Brand'], { row: 1, parent: 2 })],
  );
  const made = points({ table: 'items', amounts: ['items.product.brand'] }, rows);
  expect(made.map((point) => point.amounts[0])).toEqual(['Acme', null, 'Brand']);
});

it('climbs through two lists to the item and the root', () => {
  const rows = rowsOf(
    [root, rootRow([1, 'EUR'])],
    [items, childRow(['a'], { idx: 0 }), childRow(['b'], { row: 1, idx: 1 })],
    [discounts, childRow(['0.1'], { parent: 1, idx: 0 })],
  );
  expect(amounts(['items.discounts.rate', 'items.sku', 'currency'], rows, 'items.discounts')).toEqual([{ n: '0.1' }, 'b', 'EUR']);
});

it('does not take a list item for the value of its owner', () => {
  const rows = rowsOf([root, rootRow([1])], [items, childRow(['a', '1'], { idx: 0 })]);
  expect(amounts(['items.sku'], rows)).toEqual([null]);
});

it('does not take the entry of a map, or a neighbour’s row, for a value', () => {
  const rows = rowsOf([root, rootRow([1])], [colours, childRow(['red', '#f00'])], [items, childRow([null, null], { idx: 0 })]);
  expect(amounts(['colours.code'], rows)).toEqual([null]);
  const other = table(8, 'items.$of', 1, ['items.sku: text']);
  const plan = planOf([driver({ table: 'items', amounts: ['items.sku'] })], { version: 2, tables: [...schema.tables, other] });
  const made = pointsPhase.apply(plan, rowsOf([root, rootRow([1])], [items, childRow([null], { idx: 0 })], [other, childRow(['x'])]));
  expect(made.map(({ amounts: [sku] }) => sku)).toEqual([null, 'x']);
});

it('looks in a row’s own cells before its object rows', () => {
  const inTable = table(8, 'doc', 1, ['doc.x: text', 'doc.y: text']);
  const plan = planOf([driver({ amounts: ['doc.x', 'doc.y'] })], { version: 2, tables: [inTable, ...schema.tables] });
  const made = pointsPhase.apply(
    plan,
    rowsOf([root, rootRow([1, null, null, null, null, '{"x": "own"}'])], [inTable, childRow(['child', 'child'])]),
  );
  expect(made[0]?.amounts).toEqual(['own', 'child']);
});

it('keeps records apart: a row never sees another record’s rows', () => {
  const rows = rowsOf(
    [root, rootRow([1, 'EUR']), rootRow([2, 'USD'], { offset: 8 }), rootRow([3, 'CHF'], { offset: 12 })],
    [customer, childRow([42]), childRow([43], { offset: 12 })],
    [items, childRow(['a'], { idx: 0 }), childRow(['b'], { offset: 8, idx: 0 }), childRow(['c'], { offset: 12, idx: 0 })],
  );
  const made = points({ table: 'items', key: ['currency', 'customer.id'] }, rows);
  expect(made.map(({ offset, key }) => [offset, ...key])).toEqual([
    [7, 'EUR', { n: '42' }],
    [8, 'USD', null],
    [12, 'CHF', { n: '43' }],
  ]);
});

it('reads all columns of a path: text beside numbers, and numbers that fit no decimal', () => {
  const rows = rowsOf(
    [root, rootRow([1])],
    [items, childRow(['a', null, 'free'], { idx: 0 }), childRow(['b', null, null, `1${'0'.repeat(60)}.50`], { row: 1, idx: 1 })],
  );
  const made = points({ table: 'items', amounts: ['items.price'] }, rows);
  expect(made.map((point) => point.amounts[0])).toEqual(['free', { n: `1${'0'.repeat(60)}.5` }]);
});

it('reads what had no room as a column, and below a JSON column', () => {
  const rest = '{"items.product.weight": 12345678901234567.890, "items.product.size": {"w": [1, 2], "d": {"x": "y"}}}';
  const rows = rowsOf(
    [root, rootRow([1, null, null, null, null, '{"a": {"b c": true}}'])],
    [items, childRow(['a'], { idx: 0 })],
    [product, childRow([null, rest])],
  );
  expect(amounts(['items.product.weight', 'items.product.size.d.x', 'doc.a["b c"]', 'doc.a.b.c'], rows, 'items')).toEqual([
    { n: '12345678901234567.89' },
    'y',
    true,
    null,
  ]);
});

it('does not climb to inherited members of JSON objects', () => {
  expect(
    amounts(['doc.constructor', 'doc["__proto__"]'], rowsOf([root, rootRow([1, null, null, null, null, '{"__proto__": {"n": 1}}'])])),
  ).toEqual([null, { m: { n: { n: '1' } } }]);
});

it('keeps every digit, in one spelling', () => {
  const rows = (price: Cell) => rowsOf([root, rootRow([9007199254740993n])], [items, childRow(['a', price], { idx: 0 })]);
  expect(amounts(['id', 'items.price'], rows('12345678901234567890.120000000000'), 'items')).toEqual([
    { n: '9007199254740993' },
    { n: '12345678901234567890.12' },
  ]);
  expect(amounts(['items.price'], rows('-0.00'), 'items')).toEqual([{ n: '0' }]);
});

it('knows the message’s key, headers and times, from every table', () => {
  const rows = rowsOf([root, rootRow([1, 'EUR', null, 'the key', 'acme'], { time: -1 })], [items, childRow(['a'], { idx: 0 })]);
  expect(amounts(['dsf.key', 'dsf.headers["tenant"]', 'dsf.time', 'dsf.ingested'], rows, 'items')).toEqual([
    'the key',
    'acme',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
  ]);
});

it('puts a point into the window of its event time, also before 1970; the broker’s time stands in for null', () => {
  const rows = rowsOf([root, rootRow([1, null, '1969-12-31T23:30:00Z']), rootRow([2, null, null], { offset: 8, time: 3_600_000 })]);
  const made = points({ eventTime: 'at', windowMs: 3_600_000 }, rows);
  expect(made.map(({ time, window }) => [time, window])).toEqual([
    [-1_800_000, -3_600_000],
    [3_600_000, 3_600_000],
  ]);
});

it('names each root when a message is a list of them', () => {
  const rows = rowsOf(
    [root, rootRow([1, 'EUR']), rootRow([2, 'USD'], { row: 1 })],
    [items, childRow(['a'], { parent: 0, idx: 0 }), childRow(['b'], { row: 1, parent: 1, idx: 0 })],
  );
  expect(points({ table: 'items', key: ['currency'] }, rows).map(({ key }) => key)).toEqual([['EUR'], ['USD']]);
});

it('orders points by offset, instance and row, and gives only the instances asked for', () => {
  const plan = planOf([driver({ instance: 'b@1' }), driver({ instance: 'a@1', table: 'items' })]);
  const rows = rowsOf(
    [root, rootRow([1]), rootRow([2], { offset: 8 })],
    [items, childRow(['a'], { idx: 0 }), childRow(['b'], { row: 1, idx: 1 }), childRow(['c'], { offset: 8, idx: 0 })],
  );
  const order = pointsPhase.apply(plan, rows).map(({ offset, instance, row }) => `${offset} ${instance} ${row}`);
  expect(order).toEqual(['7 a@1 0', '7 a@1 1', '7 b@1 0', '8 a@1 0', '8 b@1 0']);
  expect(pointsPhase.apply(plan, rows, new Set(['b@1'])).map(({ instance }) => instance)).toEqual(['b@1', 'b@1']);
});

it('reads rows that were written before a column was added', () => {
  expect(amounts(['currency'], rowsOf([root, rootRow([1])]))).toEqual([null]);
});

it('names the tables that it reads: input, ancestors, and objects that hold a path', () => {
  const plan = planOf([driver({ table: 'items.discounts', key: ['customer.address.city'], amounts: ['id'] })]);
  expect(pointsPhase.tables(plan, 1)).toEqual([1, 2, 3, 4, 5]);
  expect(pointsPhase.tables(plan, 9)).toEqual([]);
});
