import { realClock } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { makeCursor, type Cursor } from './cursor.ts';
import { planFetch } from './fetch-plan.ts';

const mebibyte = 1024 * 1024;
const limits = { partitionBytesMax: 2 * mebibyte, prefetchBytesMax: 16 * mebibyte, fetchBytesMax: 4 * mebibyte };

const holding = (partition: number, bytes: number): Cursor => {
  const cursor = makeCursor(partition, realClock);
  cursor.seek(0);
  return { ...cursor, bytes: () => bytes };
};
const all = (...bytes: readonly number[]): readonly Cursor[] => bytes.map((held, partition) => holding(partition, held));
const times = (count: number, bytes: number): readonly number[] => Array.from({ length: count }, () => bytes);
const plan = (...bytes: readonly number[]) => {
  const { open, ...sizes } = planFetch(limits, all(...bytes));
  return { ...sizes, open: open.map(({ partition }) => partition) };
};

describe('what is fetched next', () => {
  it('is as much as one answer may hold, for every partition that has room, first for those that have nothing', () => {
    expect(plan(mebibyte, 0, 2 * mebibyte, 0)).toMatchObject({ open: [1, 3, 0], partitionBytesMax: 2 * mebibyte });
    expect(plan(mebibyte, 0, 2 * mebibyte, 0).bytesMax).toBeGreaterThanOrEqual(4 * mebibyte);
    // Eight partitions fill what is fetched ahead of all with what is fetched ahead of one.
    expect(plan(0, ...times(7, 2 * mebibyte)).bytesMax).toBeGreaterThanOrEqual(2 * mebibyte);
  });

  it('is a share for those that have nothing, when the others hold half of it beyond their shares', () => {
    const share = (8 * mebibyte) / 64;
    const full = times(5, 2 * mebibyte);
    expect(plan(...full, 1, ...times(58, 0))).toEqual({
      open: Array.from({ length: 58 }, (_, index) => index + 6),
      partitionBytesMax: share,
      bytesMax: 58 * share,
    });
  });

  it('is never less than a usual batch, and nothing for whom it is not known where to begin', () => {
    const many = all(...times(10, 2 * mebibyte), ...times(10_000, 0));
    expect(planFetch(limits, [...many, makeCursor(20_000, realClock)])).toMatchObject({
      partitionBytesMax: 16_384,
      open: { length: 10_000 },
    });
  });
});
