import { flattener } from '@dsf/flattener';
import { ingestor } from '@dsf/ingestor';
import { publisher } from '@dsf/publisher';
import { runService } from '@dsf/runtime';
import { summariser } from '@dsf/summariser';
import { describe, expect, it } from 'vitest';
import type { Product } from './product.ts';
import { simulate, type Run } from './simulate.ts';

const product: Product = {
  ingest: (context, stop) => runService(context, ingestor, stop),
  flatten: (context, stop) => runService(context, flattener, stop),
  summarise: (context, stop) => runService(context, summariser, stop),
  publish: (context, stop) => runService(context, publisher, stop),
};

/** What a person needs to see the same run again. */
const story = ({ seed, violation, lines }: Run): string =>
  `${lines.slice(-80).join('\n')}\n\n${violation?.rule}: ${violation?.message}\n\nthe whole story: npm run simulate -- --seed ${seed} --lines 100000`;

describe('the services under seeded faults', () => {
  it('follow from the seed alone', async () => {
    for (const seed of [2, 3, 5]) {
      const [first, again] = [await simulate(seed, product), await simulate(seed, product)];
      expect(again.digest).toBe(first.digest);
      expect(again.lines).toEqual(first.lines);
    }
  });

  it('are noticed when lanes are not compared and set', async () => {
    const broken: string[] = [];
    for (let seed = 1; seed <= 60 && broken.length === 0; seed += 1) {
      const { violation } = await simulate(seed, product, { comparesSeq: false });
      if (violation !== null) broken.push(violation.rule);
    }
    expect(broken).toHaveLength(1);
  });

  const seedsPerTest = 25;
  it.each(Array.from({ length: 8 }, (_, part) => part * seedsPerTest + 1))(
    'keep every rule of delivery, seeds from %i',
    async (first) => {
      for (let seed = first; seed < first + seedsPerTest; seed += 1) {
        const run = await simulate(seed, product);
        if (run.violation !== null) expect.fail(story(run));
      }
    },
    60_000,
  );

  it('meet all kinds of faults', async () => {
    const met = new Set<string>();
    for (let seed = 1; seed <= 40; seed += 1) for (const what of (await simulate(seed, product)).counts.keys()) met.add(what);
    const wanted = [
      'crash',
      'freeze',
      'restart',
      'rebalance',
      'trim',
      'wipe',
      'offsets',
      'outage',
      'skew',
      'change',
      'replay',
      'recompute',
      'rebuild',
    ];
    expect([...met]).toEqual(
      expect.arrayContaining([...wanted.map((deed) => `deed ${deed}`), 'refill', 'commit done', 'commit not done', 'commit still running']),
    );
  }, 60_000);
});
