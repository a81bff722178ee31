import { describe, expect, it } from 'vitest';
import { deeds, simulate, type Run } from '../libs/testing/src/simulator/index.ts';
import { simulatedProduct } from './simulated-product.ts';

const product = await simulatedProduct();
/** A run takes a quarter of a second where nobody else works; tests run on machines where others do. */
const patienceMs = 600_000;

/** Runs that several tests look at are made once. */
const runs = new Map<number, Promise<Run>>();
const runOf = (seed: number): Promise<Run> => {
  const run = runs.get(seed) ?? simulate(seed, product);
  runs.set(seed, run);
  return run;
};

/** What a person needs to see the same run again. */
const story = ({ seed, violation, lines }: Run): string =>
  `${lines.slice(-80).join('\n')}\n\n${violation?.rule}: ${violation?.message}\n\nthe whole story: npm run simulate -- --seed ${seed} --lines 100000`;

describe('the services under seeded faults', () => {
  it(
    'follow from the seed alone',
    async () => {
      for (const seed of [2, 3, 5]) {
        const [first, again] = [await runOf(seed), await simulate(seed, product)];
        expect(again.digest).toBe(first.digest);
        expect(again.lines).toEqual(first.lines);
      }
    },
    patienceMs,
  );

  it(
    'are noticed when lanes are not compared and set',
    async () => {
      const broken: string[] = [];
      for (let seed = 1; seed <= 60 && broken.length === 0; seed += 1) {
        const { violation } = await simulate(seed, product, { comparesSeq: false });
        if (violation !== null) broken.push(violation.rule);
      }
      expect(broken).toHaveLength(1);
    },
    patienceMs,
  );

  // A freeze raised a lane's seq and told nobody, so that its publisher found a gap after a restart.
  it.each([542])(
    'keep every rule of delivery, with the seed %i that once broke one',
    async (seed) => {
      const run = await runOf(seed);
      expect(run.violation, story(run)).toBeNull();
    },
    patienceMs,
  );

  const seedsPerTest = 25;
  it.each(Array.from({ length: 8 }, (_, part) => part * seedsPerTest + 1))(
    'keep every rule of delivery, seeds from %i',
    async (first) => {
      for (let seed = first; seed < first + seedsPerTest; seed += 1) {
        const run = await runOf(seed);
        expect(run.violation, story(run)).toBeNull();
      }
    },
    patienceMs,
  );

  it(
    'keep every rule of delivery, too, where rows are in a store that shares no transaction with the state, and meet its faults',
    async () => {
      const met = new Set<string>();
      for (let seed = 1; seed <= 25; seed += 1) {
        const run = await simulate(seed, product, { split: true });
        expect(run.violation, `${story(run)} --split`).toBeNull();
        for (const what of run.counts.keys()) met.add(what);
      }
      const wanted = ['intent', 'intent done', 'intent not done', 'intent still running'];
      wanted.push('append done', 'append in part', 'append not done', 'append later', 'append twice');
      expect([...met]).toEqual(expect.arrayContaining(wanted));
    },
    patienceMs,
  );

  it(
    'meet all kinds of faults',
    async () => {
      const met = new Set<string>();
      for (let seed = 1; seed <= 40; seed += 1) for (const what of (await runOf(seed)).counts.keys()) met.add(what);
      expect([...met]).toEqual(
        expect.arrayContaining([
          ...deeds.map((deed) => `deed ${deed}`),
          'refill',
          'offered by hand',
          'commit done',
          'commit not done',
          'commit still running',
          'resize done',
          'recover done',
        ]),
      );
    },
    patienceMs,
  );
});
