import type { Value } from '@dsf/messages';
import type { Measure } from './measure.ts';

/**
 * Combines states pairwise, as a tournament: sets and lists then cost n log n instead of n², and only one combination meets the large state
 * that the database holds.
 */
export const fold = (measure: Measure, states: readonly Value[]): Value => {
  let round = states;
  while (round.length > 1) {
    const next: Value[] = [];
    for (let index = 0; index < round.length; index += 2) {
      const [left, right] = [round[index] ?? null, round[index + 1]];
      next.push(right === undefined ? left : measure.combine(left, right));
    }
    round = next;
  }
  return round[0] ?? measure.zero;
};
