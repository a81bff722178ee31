import type { Catalog, ColumnType, DriverInstance, InstanceInput, InstanceMeasure } from '@dsf/metadata';
import type { SchemaChange } from '@dsf/ports';
import * as fc from 'fast-check';

/*
 * What the contract of folds works on: orders of all kinds, and drivers that ask for every measure, filter, window and join.
 */

export const source = 1;

const column = (tablePath: string, path: string, type: ColumnType, role: 'value' | 'variant' = 'value', name = path): SchemaChange => ({
  ...{ kind: 'column', source, tablePath, path, type, role },
  name: name.slice(name.lastIndexOf('.') + 1),
});

/** Orders with an address (one row each) and items. */
export const schemaChanges: readonly SchemaChange[] = [
  { kind: 'table', source, path: '', parentPath: null, name: 'folded' },
  { kind: 'table', source, path: 'address', parentPath: '', name: 'folded__address' },
  { kind: 'table', source, path: 'items', parentPath: '', name: 'folded__items' },
  column('', 'city', 'text'),
  column('', 'total', 'decimal'),
  column('', 'total', 'text', 'variant', 'total__v_text'),
  column('', 'qty', 'bigint'),
  column('', 'paid', 'boolean'),
  column('', 'at', 'text'),
  column('', 'seen', 'timestamp'),
  column('address', 'address.zip', 'bigint'),
  column('items', 'items.sku', 'text'),
  column('items', 'items.price', 'decimal'),
  column('items', 'items.n', 'bigint'),
];

const types: Readonly<Record<string, ColumnType>> = {
  count: 'bigint',
  count_if: 'bigint',
  distinct: 'bigint',
  first: 'text',
  last: 'text',
  list: 'json',
};

interface Asked {
  readonly key: Readonly<Record<string, string>>;
  /** Function and amount; null: rows. */
  readonly measures: readonly (readonly [name: string, amount: string | null, type?: ColumnType])[];
  readonly table?: string;
  readonly filter?: string;
  readonly eventTime?: string;
  readonly windowMs?: number;
}

const inputOf = ({ key, measures, table = '', filter, eventTime }: Asked): InstanceInput => ({
  ...{ source, table, filter: filter ?? null, eventTime: eventTime ?? null, key: Object.values(key) },
  amounts: measures.map(([, text]) => (text === null ? { kind: 'row' } : text === '' ? { kind: 'none' } : { kind: 'expression', text })),
});

const driver = (name: string, first: Asked, ...others: readonly Asked[]): DriverInstance => ({
  ...{ instance: `${name}@1`, name, key: Object.keys(first.key), windowMs: first.windowMs ?? null },
  inputs: [first, ...others].map(inputOf),
  measures: first.measures.map(([of, , type], index): InstanceMeasure => ({
    ...{ name: `${of}_${index}`, function: of, max: 3 },
    type: type ?? types[of] ?? 'decimal',
  })),
});

export const drivers: readonly DriverInstance[] = [
  driver('everything', {
    key: { city: 'city' },
    measures: [
      ['count', null],
      ['count', 'total'],
      ['count_if', 'paid'],
      ['sum', 'total'],
      ['avg', 'total'],
      ['min', 'total'],
      ['max', 'qty'],
      ['min', 'city', 'text'],
      ['max', 'paid', 'boolean'],
      ['first', 'city'],
      ['last', 'qty', 'bigint'],
      ['list', 'total'],
      ['distinct', 'qty'],
    ],
  }),
  driver('windows', {
    key: { paid: 'paid', zip: 'address.zip' },
    eventTime: 'at',
    windowMs: 3_600_000,
    measures: [
      ['count', null],
      ['sum', 'total - qty'],
      ['last', 'seen'],
      ['distinct', 'seen'],
    ],
  }),
  driver('items', {
    table: 'items',
    key: { city: 'city' },
    filter: 'items.sku in ["a", "b"] && (paid == true || total > 5 || address.zip != null)',
    eventTime: 'seen',
    windowMs: 86_400_000,
    measures: [
      ['sum', 'items.n * 2 + 1'],
      ['list', 'items.sku'],
      ['first', 'items.price', 'decimal'],
      ['count_if', '!(items.price >= 1.5)'],
      ['max', 'items.n == null ? qty : items.n'],
    ],
  }),
  driver(
    'both',
    {
      key: { city: 'city', whole: 'qty > 0' },
      measures: [
        ['sum', 'qty'],
        ['distinct', 'city'],
        ['count_if', 'paid'],
        ['min', 'total'],
      ],
    },
    {
      table: 'items',
      key: { city: 'city', whole: 'true' },
      measures: [
        ['sum', 'items.n'],
        ['distinct', 'items.n'],
        ['count_if', ''],
        ['min', 'items.price'],
      ],
    },
  ),
  driver('totals', {
    key: {},
    filter: 'has(total) && !(city == "Oslo") && qty <= 3',
    eventTime: 'qty',
    measures: [
      ['count', null],
      ['sum', '-total'],
    ],
  }),
];

export const catalog: Catalog = { version: 1, settings: { lanes: 1 }, sources: [], drivers, publications: [] };

/** One message as its rows. */
export interface Order {
  readonly root: readonly (string | number | boolean | null)[];
  readonly time: number;
  readonly zip: number | null;
  readonly items: readonly (readonly (string | number | null)[])[];
}

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null, freq: 4 });
const decimal = fc
  .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.constantFrom('', '.5', '.25', '.00001'))
  .map(([whole, rest]) => `${whole}${rest}`);
export const day = Date.UTC(2026, 2, 1);
const second = fc.integer({ min: 0, max: 200_000 }).map((seconds) => new Date(day + seconds * 1000).toISOString().slice(0, 19));
const written = fc.tuple(second, fc.constantFrom('Z', '.5Z', '.123456Z', '+02:00', '-11:30')).map(([time, rest]) => `${time}${rest}`);
const moment = fc.tuple(second, fc.constantFrom('Z', '.5Z', '.123456Z')).map(([time, rest]) => `${time}${rest}`);
const city = fc.constantFrom('Rom', 'Oslo', 'Zürich', '', "O'Hare\\", '🜁', '\uffee', 'ß\n');
const qty = fc.integer({ min: -5, max: 5 });

/** @param odd - what no plain row has: a total of text, a time that is none */
export const order = (odd: boolean): fc.Arbitrary<Order> =>
  fc.record({
    root: fc.tuple(
      optional(city),
      optional(decimal),
      odd ? optional(fc.constantFrom('n/a')) : fc.constant(null),
      optional(qty),
      optional(fc.boolean()),
      optional(odd ? fc.oneof(written, fc.constantFrom('never', '2026-02-30T00:00:00Z', '2026-03-01t00:00:00z')) : written),
      optional(moment),
    ),
    time: fc.integer({ min: day, max: day + 9_000_000 }),
    zip: optional(fc.integer({ min: 1, max: 2 })),
    items: fc.array(fc.tuple(optional(fc.constantFrom('a', 'b', 'c')), optional(decimal), optional(qty)), { maxLength: 3 }),
  });
