import type { Num, Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';
import { asks, countOf } from './aggregates.ts';
import { addDecimals, sumDecimals } from './decimal.ts';
import { kindOf, numbersIn, refusePoint, type OwnMeasure } from './measure.ts';

const zero: Num = { n: '0' };
const one: Num = { n: '1' };

const combine = (left: Value, right: Value): Value => (isNum(left) && isNum(right) ? { n: addDecimals(left.n, right.n) } : zero);

const combineAll = (states: readonly Value[]): Value => ({ n: sumDecimals(numbersIn(states)) });

/** Rows; of an expression: rows for which it is not null. 0 when there were none, as `COUNT` in SQL. State: the number. */
export const count = (): OwnMeasure => ({
  zero,
  lift: () => one,
  combine,
  combineAll,
  lower: (state) => state,
  aggregate: { asks: asks('count', null), state: countOf },
});

/** Rows for which the expression is true. @throws Failure `summarise.not-a-boolean` */
export const countIf = (): OwnMeasure => ({
  zero,
  lift: (amount) => {
    if (typeof amount !== 'boolean') return refusePoint('summarise.not-a-boolean', `count_if needs true or false, got ${kindOf(amount)}`);
    return amount ? one : zero;
  },
  combine,
  combineAll,
  lower: (state) => state,
  aggregate: { asks: asks('count_true', ['boolean']), state: countOf },
});
