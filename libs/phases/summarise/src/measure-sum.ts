import type { Amount } from '@dsf/ports';
import type { Num, Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';
import { asks, sumOf } from './aggregates.ts';
import { addDecimals, averageDecimals, sumDecimals } from './decimal.ts';
import { kindOf, numbersIn, refusePoint, type OwnMeasure } from './measure.ts';

const one: Num = { n: '1' };

const numberOf = (amount: Amount, name: string): Num =>
  isNum(amount) ? amount : refusePoint('summarise.not-a-number', `${name} needs a number, got ${kindOf(amount)}`);

const add = (left: Value, right: Value): Value => {
  if (left === null) return right;
  return right === null || !isNum(left) || !isNum(right) ? left : { n: addDecimals(left.n, right.n) };
};

/** Null of no numbers, as `add`. */
const addAll = (states: readonly Value[]): Value => {
  const numbers = numbersIn(states);
  return numbers.length === 0 ? null : { n: sumDecimals(numbers) };
};

/** State: the exact sum, null of no amounts. @throws Failure `summarise.not-a-number` */
export const sum = (): OwnMeasure => ({
  zero: null,
  lift: (amount) => numberOf(amount, 'sum'),
  combine: add,
  combineAll: addAll,
  lower: (state) => state,
  aggregate: { asks: asks('sum', ['number']), state: (aggregated) => sumOf(aggregated)?.sum ?? null },
});

const parts = (state: Value): readonly [sum: Value, count: Value] =>
  typeof state === 'object' && state !== null && 'l' in state ? [state.l[0] ?? null, state.l[1] ?? null] : [null, null];

/** State: [exact sum, count], null of no amounts; shown as sum / count, half-even to 12 digits. @throws Failure `summarise.not-a-number` */
export const avg = (): OwnMeasure => ({
  zero: null,
  lift: (amount) => ({ l: [numberOf(amount, 'avg'), one] }),
  combine: (left, right) => {
    if (left === null || right === null) return left ?? right;
    const [sumLeft, countLeft] = parts(left);
    const [sumRight, countRight] = parts(right);
    return { l: [add(sumLeft, sumRight), add(countLeft, countRight)] };
  },
  combineAll: (states) => {
    const [totals, rows]: [Value[], Value[]] = [[], []];
    for (const state of states) {
      const [total, count] = parts(state);
      totals.push(total);
      rows.push(count);
    }
    const total = addAll(totals);
    return total === null ? null : { l: [total, addAll(rows)] };
  },
  lower: (state) => {
    const [total, rows] = parts(state);
    return total !== null && rows !== null && isNum(total) && isNum(rows) ? { n: averageDecimals(total.n, rows.n) } : null;
  },
  aggregate: {
    asks: asks('sum', ['number']),
    state: (aggregated) => {
      const total = sumOf(aggregated);
      return total === null ? null : { l: [total.sum, { n: total.count }] };
    },
  },
});
