import type { Measure } from '@dsf/ports';
import type { InstanceMeasure } from '@dsf/metadata';
import { asks, entriesOf } from './aggregates.ts';
import { foldKinds, requireKind } from './column-type.ts';
import { compareEntries, entryOf, entryValue } from './entry.ts';

/** State: the entry of the winner, null of no amounts. By event time, then source, partition, offset, row. */
const atEnd = (name: string, spec: InstanceMeasure, sign: 1 | -1): Measure => ({
  zero: null,
  lift: (amount, at) => entryOf(requireKind(name, spec.type, amount), at),
  combine: (left, right) => {
    if (left === null || right === null) return left ?? right;
    return compareEntries(left, right) * sign <= 0 ? left : right;
  },
  lower: entryValue,
  aggregate: {
    asks: asks(sign === 1 ? 'earliest' : 'latest', foldKinds(spec.type), 1),
    state: (aggregated) => {
      const [entry] = entriesOf(aggregated).entries;
      return entry === undefined ? null : entryOf(entry.amount, entry.at);
    },
  },
});

/** The amount of the earliest row that has one. @throws Failure `summarise.mixed-types` when it is not of the declared type */
export const first = (spec: InstanceMeasure): Measure => atEnd('first', spec, 1);
/** The amount of the latest row that has one. @throws Failure `summarise.mixed-types` when it is not of the declared type */
export const last = (spec: InstanceMeasure): Measure => atEnd('last', spec, -1);
