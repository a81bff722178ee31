import { groupLane, type Point, type PointsRange } from '@dsf/messages';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutgoingRange } from '../hops.ts';
import { catalogOf } from '../specs/fake-context.ts';
import { createPointsOut, type PointsOut } from './points-out.ts';

const lanes = 2;
const catalog = catalogOf(1, { settings: { lanes } });
const newer = catalogOf(2, { settings: { lanes } });

/** A group that belongs to the lane. */
const groupIn = (lane: number): string => {
  for (let number = 0; ; number += 1) if (groupLane('d@1', [`g${number}`], lanes) === lane) return `g${number}`;
};
const point = (lane: number, offset: number): Point => ({
  ...{ instance: 'd@1', offset, row: 0, key: [groupIn(lane)], window: null, time: 0, amounts: [] },
});
const frame = (from: number, to: number, more: Partial<PointsRange> = {}) => ({
  ...{ source: 1, partition: 0, from, to, version: 1, time: null, idle: false },
  ...more,
});

/** What a lane is told, as `from-to:offsets of its points`. */
const told = (ranges: ReturnType<PointsOut['take']>, lane: number): readonly string[] =>
  ranges
    .filter((range) => range.lane === lane)
    .map(({ range }) => range)
    .map(({ from, to, items = [] }) => `${from}-${to}:${items.map(({ offset }) => offset).join(',')}`);

describe('ranges to the points lanes', () => {
  it('go at once to the lanes that have points, and wait for the others', () => {
    const out = createPointsOut();
    out.add(frame(0, 5), [point(0, 1), point(0, 3)], catalog);
    const now = out.take();
    expect([told(now, 0), told(now, 1)]).toEqual([['0-5:1,3'], []]);
    expect(told(out.takeAll(), 1)).toEqual(['0-5:']);
    expect(out.takeAll()).toEqual([]);
  });

  it('put what was held back in front of the next range with points', () => {
    const out = createPointsOut();
    out.add(frame(0, 5), [], catalog);
    out.add(frame(5, 9), [], catalog);
    out.add(frame(9, 12), [point(1, 10)], catalog);
    expect(told(out.take(), 1)).toEqual(['0-12:10']);
    expect(told(out.takeAll(), 0)).toEqual(['0-12:']);
  });

  it('keep source partitions apart', () => {
    const out = createPointsOut();
    out.add(frame(0, 5), [], catalog);
    out.add(frame(100, 200, { partition: 1 }), [point(0, 150)], catalog);
    expect(told(out.take(), 0)).toEqual(['100-200:150']);
    expect(told(out.takeAll(), 0)).toEqual(['0-5:']);
  });

  it('do not reach over offsets that another owner of the lane has flattened meanwhile: he had points there', () => {
    const out = createPointsOut();
    out.add(frame(10, 20), [], catalog);
    out.add(frame(30, 40), [], catalog);
    expect(told(out.takeAll(), 0)).toEqual(['10-20:', '30-40:']);
  });

  it('do not reach over a change of version: drivers that the older one did not know have points there', () => {
    const out = createPointsOut();
    out.add(frame(10, 20), [], catalog);
    out.add(frame(20, 30, { version: 2 }), [point(0, 25)], newer);
    const ranges = out.takeAll().filter(({ lane }) => lane === 0);
    expect(ranges.map(({ range: { from, to, version } }) => [from, to, version])).toEqual([
      [10, 20, 1],
      [20, 30, 2],
    ]);
  });

  it('tell every lane of every offset, in order and once, with exactly its points, whatever is held back and sent when', () => {
    const steps = fc.array(
      fc.record({ length: fc.integer({ min: 1, max: 4 }), points: fc.array(fc.nat(lanes - 1), { maxLength: 3 }), pause: fc.boolean() }),
    );
    fc.assert(
      fc.property(steps, (drawn) => {
        const out = createPointsOut();
        const sent: OutgoingRange<Point>[] = [];
        const wanted = Array.from({ length: lanes }, (): number[] => []);
        let next = 0;
        for (const { length, points, pause } of drawn) {
          for (const lane of points) wanted[lane]?.push(next);
          out.add(
            frame(next, next + length),
            points.map((lane) => point(lane, next)),
            catalog,
          );
          next += length;
          sent.push(...(pause ? out.takeAll() : out.take()));
        }
        sent.push(...out.takeAll());
        for (let lane = 0; lane < lanes; lane += 1) {
          let position = 0;
          const got: number[] = [];
          for (const { range } of sent.filter((one) => one.lane === lane)) {
            expect(range.from).toBe(position);
            position = range.to;
            got.push(...(range.items ?? []).map(({ offset }) => offset));
          }
          expect(position).toBe(next);
          expect(got).toEqual(wanted[lane]);
        }
      }),
    );
  });
});
