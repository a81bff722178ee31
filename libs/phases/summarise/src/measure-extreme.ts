import type { Measure } from '@dsf/ports';
import type { Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';
import type { InstanceMeasure } from '@dsf/metadata';
import { compareDecimals } from './decimal.ts';
import { asks, valueOf } from './aggregates.ts';
import { foldKinds, requireKind } from './column-type.ts';
import { kindOf, refusePoint } from './measure.ts';
import { compareText } from './text-order.ts';

/** Compares two values of one kind: numbers by value, text by code point, false before true. */
const compareAlike = (a: Value, b: Value): number => {
  if (a === null || b === null) return 0;
  if (isNum(a) && isNum(b)) return compareDecimals(a.n, b.n);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return Number(a) - Number(b);
};

const extremes = (state: Value): readonly Value[] => (state === null ? [] : typeof state === 'object' && 'l' in state ? state.l : [state]);

/**
 * State: the value itself; or, once numbers, text or booleans were mixed, a list with the extreme of each kind. Which of the kinds came
 * first must not matter (law S1), so a mixed group is not decided by the first comer: it fails, and says so.
 */
const extreme = (name: string, spec: InstanceMeasure, sign: 1 | -1): Measure => ({
  zero: null,
  lift: (amount) => {
    if (typeof amount === 'object' && !isNum(amount)) {
      return refusePoint('summarise.mixed-types', `${name} compares numbers, text or booleans, got ${kindOf(amount)}`);
    }
    return requireKind(name, spec.type, amount);
  },
  combine: (left, right) => {
    if (left === null || right === null) return left ?? right;
    if (isNum(left) && isNum(right)) return compareDecimals(right.n, left.n) * sign < 0 ? right : left;
    const byKind = new Map<string, Value>();
    for (const value of [...extremes(left), ...extremes(right)]) {
      const kind = kindOf(value);
      const known = byKind.get(kind);
      if (known === undefined || compareAlike(value, known) * sign < 0) byKind.set(kind, value);
    }
    const values = [...byKind].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
    return values.length === 1 ? (values[0] ?? null) : { l: values };
  },
  lower: (state) => {
    const values = extremes(state);
    if (values.length > 1)
      return refusePoint('summarise.mixed-types', `${name} met ${values.map(kindOf).join(' and ')}: these do not compare`);
    return values[0] ?? null;
  },
  aggregate: {
    asks: asks(
      sign === 1 ? 'least' : 'greatest',
      foldKinds(spec.type).filter((kind) => kind !== 'moment'),
    ),
    state: valueOf,
  },
});

/** @throws Failure `summarise.mixed-types` */
export const min = (spec: InstanceMeasure): Measure => extreme('min', spec, 1);
/** @throws Failure `summarise.mixed-types` */
export const max = (spec: InstanceMeasure): Measure => extreme('max', spec, -1);
