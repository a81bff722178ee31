import type { Value } from '@dsf/messages';
import { Failure, type Amount, type Measure, type Moment } from '@dsf/ports';
import { valueText } from './text-order.ts';

/** Triples of states that are tried. */
const trials = 300;
/** Amounts in each of the three states, at most. */
const amountsMax = 4;

type Random = () => number;

/** mulberry32: small, even enough for choosing test data, the same everywhere. Gives [0, 1). */
const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const below = (random: Random, end: number): number => Math.floor(random() * end);

const amounts: readonly ((random: Random) => Amount)[] = [
  (random) => ({ n: String(below(random, 20) - 10) }),
  (random) => ({ n: `${below(random, 1_000_000)}.${below(random, 99) + 1}`.replace(/0$/, '') }),
  (random) => ({ n: `-${below(random, 9) + 1}${String(below(random, 1_000_000_000)).padStart(20, '7')}` }),
  (random) => `text ${below(random, 5)}`,
  (random) => random() < 0.5,
];

/** Which kinds of amount the measure takes at all; the others are refused, which is its right. */
const accepted = (measure: Measure, random: Random): readonly ((random: Random) => Amount)[] =>
  amounts.filter((make) => {
    try {
      measure.lift(make(random), momentOf(random));
      return true;
    } catch {
      return false;
    }
  });

const momentOf = (random: Random): Moment => ({
  time: below(random, 1000),
  source: below(random, 2) + 1,
  partition: below(random, 3),
  offset: below(random, 1_000_000),
  row: below(random, 5),
});

/** A state as it comes back from the database. */
const stored = (state: Value): Value => JSON.parse(JSON.stringify(state)) as Value;

interface Trial {
  readonly measure: Measure;
  readonly make: readonly ((random: Random) => Amount)[];
  readonly random: Random;
}

const stateOf = ({ measure, make, random }: Trial): Value => {
  let state = measure.zero;
  for (let left = below(random, amountsMax + 1); left > 0; left -= 1) {
    const amount = make[below(random, make.length)]?.(random);
    if (amount !== undefined) state = measure.combine(state, measure.lift(amount, momentOf(random)));
  }
  return stored(state);
};

/** What a state shows, as text; that it has nothing to show is an answer too. */
const shownBy =
  ({ lower }: Measure) =>
  (state: Value): string => {
    try {
      return valueText(lower(stored(state)));
    } catch (error) {
      if (error instanceof Failure && error.kind === 'poison') return `refused: ${error.code}`;
      throw error;
    }
  };

const violations = (trial: Trial): readonly string[] => {
  const { combine, zero } = trial.measure;
  const shown = shownBy(trial.measure);
  const [a, b, c] = [stateOf(trial), stateOf(trial), stateOf(trial)];
  const broken: string[] = [];
  if (shown(combine(a, b)) !== shown(combine(b, a))) broken.push('is not commutative: combine(a, b) and combine(b, a) differ');
  if (shown(combine(combine(a, b), c)) !== shown(combine(a, combine(b, c))))
    broken.push('is not associative: the order of combining changes the result');
  if (shown(combine(zero, a)) !== shown(a) || shown(combine(a, zero)) !== shown(a))
    broken.push('has a zero that changes what it is combined with');
  return broken;
};

/**
 * Tries a measure's laws on random amounts, its states being written and read back as JSON in between.
 * @param seed - the same seed gives the same trials
 * @returns what is broken, one sentence part per law (`is not commutative: …`); empty when the laws hold on all trials. Never throws.
 */
export const checkMeasureLaws = (measure: Measure, seed: number): readonly string[] => {
  const random = randomFrom(seed);
  try {
    const make = accepted(measure, random);
    if (make.length === 0) return ['takes neither numbers nor text nor booleans'];
    const broken = new Set<string>();
    for (let left = trials; left > 0; left -= 1) for (const law of violations({ measure, make, random })) broken.add(law);
    return [...broken];
  } catch (error) {
    return [`throws on states that it made itself: ${error instanceof Error ? error.message : String(error)}`];
  }
};
