import type { Value } from '@dsf/messages';
import type { OwnMeasure } from './measure.ts';

/**
 * Combines states: all at once where the measure can, else pairwise, as a tournament: sets and lists then cost n log n instead of n², and only
 * one combination meets the large state that the database holds.
 * @param states - used up: the rounds are played in this array, because a copy per round was a third of the time
 */
export const fold = (measure: OwnMeasure, states: Value[]): Value => {
  let length = states.length;
  if (length > 1 && measure.combineAll !== undefined) return measure.combineAll(states);
  while (length > 1) {
    let winners = 0;
    for (let index = 0; index < length; index += 2) {
      const left = states[index] ?? null;
      states[winners] = index + 1 < length ? measure.combine(left, states[index + 1] ?? null) : left;
      winners += 1;
    }
    length = winners;
  }
  return length === 0 ? measure.zero : (states[0] ?? null);
};
