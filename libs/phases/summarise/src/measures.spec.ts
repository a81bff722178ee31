import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import type { Value } from '@dsf/messages';
import type { ColumnType, InstanceMeasure } from '@dsf/metadata';
import { Failure, type Amount, type Measure, type Moment } from '@dsf/ports';
import { fold } from './fold.ts';
import { distinct } from './measure-distinct.ts';
import { admitCustom, measureFor, measures } from './measures.ts';

const spec = (name: string, type: ColumnType, max = 100): InstanceMeasure => ({ name: 'm', function: name, type, max });
const measure = (name: string, type: ColumnType = 'decimal', max = 100): Measure => measureFor(spec(name, type, max), new Map());
const num = (n: number | string): Value => ({ n: String(n) });
const moment = (time: number, over: Partial<Moment> = {}): Moment => ({ time, source: 1, partition: 0, offset: 0, row: 0, ...over });

type Happening = readonly [amount: Amount, at: Moment];
const stateOf = ({ zero, lift, combine }: Measure, happenings: readonly Happening[]): Value =>
  happenings.map(([amount, at]) => lift(amount, at)).reduce(combine, zero);
const shown = (of: Measure, amounts: readonly Value[]): Value =>
  of.lower(
    stateOf(
      of,
      amounts.map((amount, offset) => [amount as Amount, moment(offset, { offset })]),
    ),
  );
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  return 'none';
};

it('refuses a measure that nobody knows', () => {
  expect(codeOf(() => measure('median'))).toBe('summarise.measure-unknown');
});

it.each(['sum', 'avg'])('refuses to take text, booleans or lists into %s', (name) => {
  for (const amount of ['12', true, { l: [] }, { m: {} }])
    expect(codeOf(() => measure(name).lift(amount, moment(0)))).toBe('summarise.not-a-number');
});

it('refuses to count if something is neither true nor false', () => {
  expect(codeOf(() => measure('count_if', 'bigint').lift('true', moment(0)))).toBe('summarise.not-a-boolean');
});

it.each(['min', 'max'])('has no %s of numbers and text together, whatever came first', (name) => {
  const [text, number] = ['a', num(1)];
  for (const amounts of [
    [text, number],
    [number, text],
    [number, text, number],
  ])
    expect(codeOf(() => shown(measure(name), amounts))).toBe('summarise.mixed-types');
  expect(codeOf(() => measure(name).lift({ l: [] }, moment(0)))).toBe('summarise.mixed-types');
});

it('refuses an amount that a declared type has no place for', () => {
  expect(codeOf(() => measure('min', 'bigint').lift('a', moment(0)))).toBe('summarise.mixed-types');
  expect(codeOf(() => measure('last', 'timestamp').lift(num(1) as Amount, moment(0)))).toBe('summarise.mixed-types');
  expect(measure('last', 'text').lift(num(1) as Amount, moment(0))).not.toBeNull();
});

it('shows no number of different values beyond the limit, in any order', () => {
  const limited = distinct(2);
  const [a, b, c] = ['a', 'b', 'c'].map((text) => limited.lift(text, moment(0)));
  const states = [a, b, c].filter((state) => state !== undefined);
  expect(codeOf(() => limited.lower(states.reduce(limited.combine)))).toBe('summarise.overflow');
  expect(codeOf(() => limited.lower(states.toReversed().reduce(limited.combine)))).toBe('summarise.overflow');
  expect(limited.lower(limited.combine(a ?? null, a ?? null))).toEqual(num(1));
});

it('counts nothing as 0 and shows null for every other measure of nothing, as SQL does', () => {
  const empty = [...measures.keys()].map((name) => [name, shown(measure(name), [])]);
  expect(Object.fromEntries(empty)).toEqual({
    count: num(0),
    count_if: num(0),
    sum: null,
    avg: null,
    min: null,
    max: null,
    first: null,
    last: null,
    list: null,
    distinct: num(0),
  });
});

it('computes what its name says', () => {
  expect(shown(measure('count'), [true, 'x', num(0), false])).toEqual(num(4));
  expect(shown(measure('count_if'), [true, false, true])).toEqual(num(2));
  expect(shown(measure('sum'), [num('0.1'), num('0.2'), num(-1)])).toEqual(num('-0.7'));
  expect(shown(measure('avg'), [num(1), num(2), num('2.5'), num('-0.5')])).toEqual(num('1.25'));
  expect(shown(measure('min'), [num(10), num(9), num('-9.5')])).toEqual(num('-9.5'));
  expect(shown(measure('max'), [num(10), num(9), num('10.00000000000000000001')])).toEqual(num('10.00000000000000000001'));
  expect(shown(measure('min'), ['b', 'a', 'ä'])).toBe('a');
  expect(shown(measure('max', 'boolean'), [false, true])).toBe(true);
  expect(shown(measure('distinct'), ['a', num(1), '1', 'a', true, { l: ['a'] }, { l: ['a'] }])).toEqual(num(5));
});

it('takes first and last by event time, then source, partition, offset and row', () => {
  const happenings: readonly Happening[] = [
    ['later', moment(20)],
    ['source', moment(10, { source: 2 })],
    ['partition', moment(10, { partition: 1 })],
    ['offset', moment(10, { offset: 10 })],
    ['row', moment(10, { offset: 9, row: 36 })],
    ['first', moment(10, { offset: 9, row: 35 })],
  ];
  const order = ['first', 'row', 'offset', 'partition', 'source', 'later'];
  const list = measure('list', 'json');
  expect(list.lower(stateOf(list, happenings))).toEqual({ m: { items: { l: order }, total: num(6), truncated: false } });
  for (const name of ['first', 'last']) {
    const of = measure(name, 'text');
    expect(of.lower(stateOf(of, happenings))).toBe(name === 'first' ? 'first' : 'later');
  }
});

it('orders times before 1970 and at the ends of the calendar', () => {
  const times = [253_402_300_799_999, 0, -1, -62_167_219_200_000, 1];
  const of = measure('list', 'json');
  const happenings = times.map((time): Happening => [String(time), moment(time)]);
  expect(of.lower(stateOf(of, happenings))).toMatchObject({ m: { items: { l: ['-62167219200000', '-1', '0', '1', '253402300799999'] } } });
});

it('cuts a list at its maximum, keeps the earliest, and tells', () => {
  const of = measure('list', 'json', 2);
  const happenings = [3, 1, 2].map((time): Happening => [`at ${time}`, moment(time)]);
  expect(of.lower(stateOf(of, happenings))).toEqual({ m: { items: { l: ['at 1', 'at 2'] }, total: num(3), truncated: true } });
});

describe.each([...measures.keys()])('%s', (name) => {
  const of = measure(name, 'json', 3);
  const number = fc
    .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.boolean())
    .map(([whole, half]): Amount => ({ n: half ? `${whole}.5` : String(whole) }));
  const any = fc.oneof(number, fc.string({ unit: 'binary', maxLength: 3 }), fc.boolean());
  const amount: fc.Arbitrary<Amount> = name === 'sum' || name === 'avg' ? number : name === 'count_if' ? fc.boolean() : any;
  // Few different moments, so that ties are common.
  const at = fc.record({
    time: fc.integer({ min: -2, max: 2 }),
    source: fc.constant(1),
    partition: fc.nat(1),
    offset: fc.nat(2),
    row: fc.nat(1),
  });
  const state = fc.array(fc.tuple(amount, at), { maxLength: 6 }).map((happenings) => stateOf(of, happenings));

  it('combines in any order, in any grouping, with a zero that changes nothing', () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        expect(of.combine(a, b)).toEqual(of.combine(b, a));
        expect(of.combine(of.combine(a, b), c)).toEqual(of.combine(a, of.combine(b, c)));
        expect(of.combine(of.zero, a)).toEqual(a);
        expect(of.combine(a, of.zero)).toEqual(a);
      }),
      { numRuns: 200 },
    );
  });

  it('combines many at once as it combines them one by one', () => {
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 20 }), (states) => {
        expect(fold(of, [...states])).toEqual(states.reduce((left, right) => of.combine(left, right)));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps its meaning when its state is stored as JSON', () => {
    fc.assert(
      fc.property(state, state, (a, b) => {
        const stored = (value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;
        expect(of.combine(stored(a), stored(b))).toEqual(of.combine(a, b));
      }),
      { numRuns: 50 },
    );
  });
});

it('tries the laws of a measure of the user once, however often it is admitted', () => {
  let calls = 0;
  const ones: Measure = {
    zero: num(0),
    lift: () => {
      calls += 1;
      return num(1);
    },
    // It shows the same whatever comes, which keeps every law.
    combine: () => num(1),
    lower: () => num(1),
  };
  admitCustom(new Map([['ones', ones]]));
  const once = calls;
  expect(once).toBeGreaterThan(100);
  admitCustom(new Map([['ones', ones]]));
  expect(calls).toBe(once);
});
