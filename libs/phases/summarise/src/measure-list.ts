import type { Measure } from '@dsf/ports';
import type { Num, Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';
import type { InstanceMeasure } from '@dsf/metadata';
import { asks, entriesOf } from './aggregates.ts';
import { addDecimals } from './decimal.ts';
import { compareEntries, entryOf, entryValue } from './entry.ts';
import { mergeSorted } from './merge-sorted.ts';

interface Kept {
  /** Entries, earliest first, at most `max`. */
  readonly entries: readonly Value[];
  /** Amounts that there were, kept or not. */
  readonly total: Num;
}

const none: Kept = { entries: [], total: { n: '0' } };

const keptOf = (state: Value): Kept => {
  if (state === null || typeof state !== 'object' || !('l' in state)) return none;
  const [entries = null, total = null] = state.l;
  return entries !== null && typeof entries === 'object' && 'l' in entries && total !== null && isNum(total)
    ? { entries: entries.l, total }
    : none;
};

/**
 * The amounts of the earliest rows, at most `max` of them. State: [entries, number of amounts], null of no amounts.
 * Shown as `{ items, total, truncated }`: a reader can tell a list that is cut from one that is whole.
 */
export const list = ({ max }: InstanceMeasure): Measure => ({
  zero: null,
  lift: (amount, at) => ({ l: [{ l: [entryOf(amount, at)] }, { n: '1' }] }),
  combine: (left, right) => {
    if (left === null || right === null) return left ?? right;
    const [a, b] = [keptOf(left), keptOf(right)];
    return { l: [{ l: mergeSorted(a.entries, b.entries, { compare: compareEntries, max }) }, { n: addDecimals(a.total.n, b.total.n) }] };
  },
  lower: (state) => {
    if (state === null) return null;
    const { entries, total } = keptOf(state);
    return { m: { items: { l: entries.map(entryValue) }, total, truncated: total.n !== String(entries.length) } };
  },
  aggregate: {
    asks: asks('earliest', null, max),
    state: (aggregated) => {
      const { entries, count } = entriesOf(aggregated);
      const kept = entries.map(({ amount, at }) => entryOf(amount, at)).sort(compareEntries);
      return count === '0' ? null : { l: [{ l: kept }, { n: count }] };
    },
  },
});
