import { expect, it } from 'vitest';
import * as fc from 'fast-check';
import { groupText } from '@dsf/messages';
import type { Point, Value } from '@dsf/messages';
import type { Catalog, DriverInstance, InstanceMeasure } from '@dsf/metadata';
import type { GroupRow, SummariseInput } from '@dsf/ports';
import { addDecimals } from './decimal.ts';
import { compile } from './compile.ts';
import { summarisePhase } from './index.ts';

const measures: readonly InstanceMeasure[] = (
  [
    ['count', 'bigint'],
    ['count_if', 'bigint'],
    ['sum', 'decimal'],
    ['avg', 'decimal'],
    ['min', 'decimal'],
    ['max', 'decimal'],
    ['first', 'text'],
    ['last', 'text'],
    ['list', 'json'],
    ['distinct', 'bigint'],
  ] as const
).map(([name, type]) => ({ name, function: name, type, max: 3 }));
const instance: DriverInstance = { instance: 'd@1', name: 'd', inputs: [], key: ['k'], windowMs: 10, measures };
const catalog: Catalog = { version: 1, settings: { lanes: 4 }, sources: [], drivers: [instance], publications: [] };
const plan = compile(catalog);

interface SourcePoint {
  readonly partition: number;
  readonly point: Point;
}

/** Numbers that overflow together, text among them that sum refuses and min fails on: the laws hold for bad data too. */
const amount: fc.Arbitrary<Value> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => ({ n: String(n) })) },
  { weight: 2, arbitrary: fc.integer({ min: -999, max: 999 }).map((n) => ({ n: `${Math.trunc(n / 2)}.5` })) },
  { weight: 1, arbitrary: fc.constantFrom({ n: '9'.repeat(26) }, { n: `-${'9'.repeat(26)}` }) },
  { weight: 1, arbitrary: fc.constantFrom('text', true, null) },
);

const pointArbitrary: fc.Arbitrary<SourcePoint> = fc
  .record({
    partition: fc.nat(2),
    offset: fc.nat(30),
    row: fc.nat(2),
    key: fc.constantFrom('a', 'b', null),
    time: fc.integer({ min: -15, max: 15 }),
    value: amount,
    shapes: amount,
  })
  .map(({ partition, offset, row, key, time, value, shapes }) => {
    const window = Math.floor(time / 10) * 10;
    const amounts = [true, value === null ? null : offset % 2 === 0, value, value, shapes, shapes, value, value, value, value];
    return { partition, point: { instance: 'd@1', offset, row, key: [key], window, time, amounts } };
  });
const points = fc.array(pointArbitrary, { maxLength: 40 });

/** Folds batches one after the other, each with the groups that the ones before left, as the runtime does. */
const foldBatches = (batches: readonly (readonly SourcePoint[])[]): ReadonlyMap<string, GroupRow> => {
  const groups = new Map<string, GroupRow>();
  for (const batch of batches) {
    const input: SummariseInput = {
      points: [...Map.groupBy(batch, ({ partition }) => partition)].map(([partition, of]) => ({
        source: 1,
        partition,
        points: of.map(({ point }) => point),
      })),
      current: new Map([['d@1', new Map(groups)]]),
      revision: 5,
      now: 1000,
      version: 1,
      reason: 'update',
    };
    const wanted = new Set(summarisePhase.groups(plan, input.points).get('d@1'));
    for (const row of summarisePhase.apply(plan, input).changed.get('d@1') ?? []) {
      expect(wanted).toContain(row.group);
      // As it comes back from the database.
      groups.set(row.group, JSON.parse(JSON.stringify(row)) as GroupRow);
    }
  }
  return groups;
};
const sorted = (groups: ReadonlyMap<string, GroupRow>): readonly GroupRow[] =>
  [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);

const inBatches = (all: readonly SourcePoint[], size: number): readonly (readonly SourcePoint[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));

it('S1: gives the same groups whatever the order and the batches, also where points are refused and sums overflow', () => {
  const shuffled = points.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  );
  fc.assert(
    fc.property(shuffled, fc.integer({ min: 1, max: 10 }), ([all, other], size) => {
      expect(sorted(foldBatches(inBatches(other, size)))).toEqual(sorted(foldBatches([all])));
    }),
    { numRuns: 200 },
  );
});

it('S2: point by point, in pages, or as one fold: the same groups', () => {
  fc.assert(
    fc.property(points, fc.integer({ min: 1, max: 10 }), (all, size) => {
      const once = sorted(foldBatches([all]));
      expect(sorted(foldBatches(inBatches(all, 1)))).toEqual(once);
      expect(sorted(foldBatches(inBatches(all, size)))).toEqual(once);
    }),
    { numRuns: 100 },
  );
});

it('S3: the sums and counts of all groups are those of all points', () => {
  const clean = fc.array(fc.tuple(pointArbitrary, fc.integer({ min: -(10 ** 9), max: 10 ** 9 })), { maxLength: 40 }).map((pairs) =>
    pairs.map(([{ partition, point }, cents]): SourcePoint => {
      const value = { n: addDecimals(String(cents), '0.25') };
      return { partition, point: { ...point, amounts: [true, null, value, value, value, value, value, value, value, value] } };
    }),
  );
  const total = (texts: readonly Value[]): string =>
    texts.reduce<string>(
      (sum, value) => (typeof value === 'object' && value !== null && 'n' in value ? addDecimals(sum, value.n) : sum),
      '0',
    );
  fc.assert(
    fc.property(clean, (all) => {
      const rows = sorted(foldBatches(inBatches(all, 7)));
      expect(new Set(rows.map(({ group }) => group))).toEqual(new Set(all.map(({ point }) => groupText(point.key, point.window))));
      expect(total(rows.map((row) => row.measures[0] ?? null))).toBe(String(all.length));
      expect(total(rows.map((row) => row.measures[2] ?? null))).toBe(total(all.map(({ point }) => point.amounts[2] ?? null)));
    }),
    { numRuns: 100 },
  );
});
