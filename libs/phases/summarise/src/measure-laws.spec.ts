import type { Measure } from '@dsf/ports';
import { expect, it } from 'vitest';
import type { Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';
import { checkMeasureLaws } from './measure-laws.ts';
import { measureFor, measures } from './measures.ts';

const seed = 7;
const numberOf = (value: Value): number => (value !== null && isNum(value) ? Number(value.n) : 0);
const onNumbers = (zero: number, combine: (a: number, b: number) => number): Measure => ({
  zero: { n: String(zero) },
  lift: (amount) => {
    if (!isNum(amount)) throw new Error('numbers only');
    return { n: String(Math.trunc(Number(amount.n)) % 1000) };
  },
  combine: (left, right) => ({ n: String(combine(numberOf(left), numberOf(right))) }),
  lower: (state) => state,
});

it('catches a measure that depends on order', () => {
  expect(
    checkMeasureLaws(
      onNumbers(0, (a, b) => a - b),
      seed,
    ).join(),
  ).toContain('not commutative');
  const latest: Measure = { zero: null, lift: (amount) => amount, combine: (left, right) => right ?? left, lower: (state) => state };
  expect(checkMeasureLaws(latest, seed).join()).toContain('not commutative');
});

it('catches a measure that depends on grouping', () => {
  expect(
    checkMeasureLaws(
      onNumbers(0, (a, b) => Math.trunc((a + b) / 2)),
      seed,
    ).join(),
  ).toContain('not associative');
});

it('catches a zero that is none', () => {
  expect(
    checkMeasureLaws(
      onNumbers(1, (a, b) => a + b),
      seed,
    ).join(),
  ).toContain('zero');
});

it('catches a state that does not survive being stored', () => {
  const sets: Measure = {
    zero: new Set() as unknown as Value,
    lift: (amount) => new Set([amount]) as unknown as Value,
    combine: (left, right) => new Set([...(left as unknown as Set<Value>), ...(right as unknown as Set<Value>)]) as unknown as Value,
    lower: (state) => ({ n: String((state as unknown as Set<Value>).size) }),
  };
  expect(checkMeasureLaws(sets, seed)).not.toEqual([]);
});

it('catches a measure that throws on its own states, and one that takes nothing', () => {
  const throwing = onNumbers(0, () => {
    throw new Error('no');
  });
  expect(checkMeasureLaws(throwing, seed).join()).toContain('throws');
  const choosy: Measure = {
    ...onNumbers(0, (a) => a),
    lift: () => {
      throw new Error('never');
    },
  };
  expect(checkMeasureLaws(choosy, seed)).toEqual(['takes neither numbers nor text nor booleans']);
});

it('passes a lawful measure, and gives the same verdict each time', () => {
  const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b));
  const lawful: Measure = { ...onNumbers(0, greatestCommonDivisor), lower: (state) => ({ n: String(Math.abs(numberOf(state))) }) };
  expect(checkMeasureLaws(lawful, seed)).toEqual([]);
  const unlawful = onNumbers(0, (a, b) => a - b);
  expect(checkMeasureLaws(unlawful, seed)).toEqual(checkMeasureLaws(unlawful, seed));
});

it.each([...measures.keys()])('passes the built-in %s', (name) => {
  expect(checkMeasureLaws(measureFor({ name: 'm', function: name, type: 'json', max: 3 }, new Map()), seed)).toEqual([]);
});
