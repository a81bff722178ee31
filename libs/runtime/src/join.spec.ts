import type { Range } from '@dsf/messages';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { join } from './join.ts';

interface Item {
  readonly offset: number;
  readonly name: string;
}

const range = (from: number, to: number, items?: readonly Item[], version = 1): Range<Item> => ({
  source: 1,
  partition: 0,
  from,
  to,
  version,
  time: null,
  idle: false,
  ...(items === undefined ? {} : { items }),
});
const items = (...offsets: readonly number[]): readonly Item[] => offsets.map((offset) => ({ offset, name: `r${offset}` }));
const from = (next: number) => () => next;

const taken = (joined: ReturnType<typeof join<Item>>): readonly number[] =>
  joined.pieces.flatMap(({ content }) => (content.kind === 'items' ? content.items.map(({ offset }) => offset) : []));

describe('join', () => {
  it('takes a record once when it comes twice inside one batch', () => {
    const batch = [range(10, 12, items(10, 11)), range(10, 12, items(10, 11))];
    const joined = join(batch, from(10), 100);
    expect(taken(joined)).toEqual([10, 11]);
    expect(joined.duplicates.get('1:0')).toBe(2);
  });

  it('takes only what is at or above the position', () => {
    expect(taken(join([range(5, 12, items(5, 8, 11))], from(8), 100))).toEqual([8, 11]);
  });

  it('asks for the rows between the position and a range that does not join on, and takes the range in the next walk', () => {
    const joined = join([range(20, 22, items(20, 21))], from(10), 100);
    expect(joined.pieces).toMatchObject([{ from: 10, to: 20, content: { kind: 'refill' } }]);
    expect(taken(join([range(20, 22, items(20, 21))], from(20), 100))).toEqual([20, 21]);
  });

  it('asks for the rows of a range that came without its body', () => {
    expect(join([range(10, 15)], from(10), 100).pieces).toMatchObject([{ from: 10, to: 15, content: { kind: 'refill' } }]);
  });

  it('takes ranges whose records are in the rows as one stretch, however many there are, as far as they join on', () => {
    const inRows = (start: number, to: number, version = 1): Range<Item> => ({ ...range(start, to, undefined, version), inRows: true });
    const stretch = join([inRows(5, 12), inRows(12, 20), inRows(12, 20), inRows(20, 21)], from(10), 2);
    expect(stretch.pieces).toMatchObject([{ from: 10, to: 21, content: { kind: 'rows' } }]);
    expect(join([inRows(10, 12), inRows(13, 14)], from(10), 100).pieces).toMatchObject([{ from: 10, to: 12 }]);
    expect(join([inRows(10, 12), inRows(12, 14, 2)], from(10), 100).pieces).toMatchObject([{ from: 10, to: 12, version: 1 }]);
    expect(join([inRows(10, 12), range(12, 14, items(12))], from(10), 100).pieces).toMatchObject([{ from: 10, to: 12 }]);
    // A hole in front of it is a refill like any other.
    expect(join([inRows(12, 14)], from(10), 100).pieces).toMatchObject([{ from: 10, to: 14, content: { kind: 'refill' } }]);
  });

  it('passes offsets that hold no record', () => {
    expect(join([range(10, 50, items(12))], from(10), 100).pieces).toMatchObject([{ from: 10, to: 50 }]);
  });

  it('does nothing about a range that says where its sender stands when that is where it stands itself', () => {
    expect(join([range(10, 10, [])], from(10), 100).pieces).toEqual([]);
  });

  it('never cuts between two items of one record', () => {
    const points = [...items(10), ...items(10), ...items(10), ...items(11)];
    const [piece] = join([range(10, 12, points)], from(10), 1).pieces;
    expect(piece).toMatchObject({ from: 10, to: 11 });
    expect(piece?.content).toMatchObject({ items: [{ offset: 10 }, { offset: 10 }, { offset: 10 }] });
  });

  it('counts records, however many items each of them has', () => {
    const points = [...items(10, 10, 10), ...items(11, 11), ...items(12)];
    expect(taken(join([range(10, 13, points)], from(10), 2))).toEqual([10, 10, 10, 11, 11]);
  });

  it('keeps ranges of different catalog versions apart', () => {
    expect(join([range(0, 1, items(0), 1), range(1, 2, items(1), 2)], from(0), 100).pieces).toMatchObject([{ version: 1 }, { version: 2 }]);
  });

  it('does not change the ranges that it was given', () => {
    const batch = [range(0, 2, items(0, 1)), range(2, 4, items(2, 3))];
    join(batch, from(0), 100);
    expect(batch[0]?.items).toHaveLength(2);
  });

  it('takes every record exactly once, in order, however ranges are cut, repeated, lost or stripped of their bodies', () => {
    const ranges = fc.array(
      fc.record({ at: fc.nat(60), length: fc.nat(12), body: fc.boolean(), version: fc.integer({ min: 1, max: 2 }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 7 }), (drawn, recordsMax) => {
        const batch = drawn.map(({ at, length, body, version }) =>
          range(at, at + length, body ? items(...Array.from({ length }, (_, index) => at + index)) : undefined, version),
        );
        let next = 0;
        const had: number[] = [];
        for (let walk = 0; walk < 1000; walk += 1) {
          const { pieces } = join(batch, from(next), recordsMax);
          if (pieces.length === 0) break;
          for (const piece of pieces) {
            expect(piece.from).toBe(next);
            const offsets =
              piece.content.kind === 'items'
                ? piece.content.items.map(({ offset }) => offset)
                : Array.from({ length: piece.to - piece.from }, (_, index) => piece.from + index);
            had.push(...offsets);
            next = piece.to;
          }
        }
        expect(had).toEqual(Array.from({ length: Math.max(0, ...batch.map(({ to }) => to)) }, (_, index) => index));
      }),
    );
  });
});
