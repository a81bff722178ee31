import { seededRandom } from '../fleet/seeded-random.ts';

/** Choices that follow from a seed alone. */
export interface Dice {
  /** True with this probability. */
  chance(probability: number): boolean;
  /** 0 … count - 1. */
  below(count: number): number;
  /** Whole number, both ends included. */
  between(low: number, high: number): number;
  /** @throws Error when there is nothing to pick from */
  pick<T>(list: readonly T[]): T;
  /** In [0, 1). */
  readonly random: () => number;
  /** Dice of their own, so that what one part of a run draws does not move another part's. */
  fork(): Dice;
}

export const createDice = (seed: number): Dice => {
  const random = seededRandom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  return {
    random,
    below,
    chance: (probability) => probability > 0 && random() < probability,
    between: (low, high) => low + below(high - low + 1),
    pick(list) {
      const found = list[below(list.length)];
      if (found === undefined) throw new Error('nothing to pick from');
      return found;
    },
    fork: () => createDice(below(0x7fffffff)),
  };
};
