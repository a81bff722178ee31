import type { Measure } from '@dsf/ports';
import type { Value } from '@dsf/messages';
import { asks, setOf } from './aggregates.ts';
import { refusePoint } from './measure.ts';
import { mergeSorted } from './merge-sorted.ts';
import { valueText } from './text-order.ts';

/** Beyond this many different amounts an exact set is the wrong tool: the state of one group would be tens of megabytes. */
const distinctMax = 1_000_000;

/** Takes every set that grew beyond the limit; combining it with anything gives it again, so that order does not matter. */
const tooMany = 'too many';

// Members are texts from the moment that `lift` made them.
const membersOf = (state: Value): readonly string[] =>
  typeof state === 'object' && state !== null && 'l' in state ? (state.l as readonly string[]) : [];
const compareUnits = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/**
 * How many different amounts there were, exactly: by value, text by code point (no collation). 0 when there were none.
 * State: the set, as a sorted list of texts. @param max - members that the set may have
 * @throws Failure `summarise.overflow` when lowered beyond `max`
 */
export const distinct = (max: number = distinctMax): Measure => ({
  zero: { l: [] },
  lift: (amount) => ({ l: [valueText(amount)] }),
  combine: (left, right) => {
    if (left === tooMany || right === tooMany) return tooMany;
    const [a, b] = [membersOf(left), membersOf(right)];
    if (a.length === 0 || b.length === 0) return a.length === 0 ? right : left;
    const members = mergeSorted(a, b, { compare: compareUnits, max: max + 1, unique: true });
    return members.length > max ? tooMany : { l: members };
  },
  lower: (state) =>
    state === tooMany ? refusePoint('summarise.overflow', `more than ${max} different values`) : { n: String(membersOf(state).length) },
  aggregate: {
    // One more than may be, so that too many are seen.
    asks: asks('set', null, max + 1),
    state: (aggregated) => {
      const members = [...new Set(setOf(aggregated).map(valueText))].sort(compareUnits);
      return members.length > max ? tooMany : { l: members };
    },
  },
});
