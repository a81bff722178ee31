import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Figure } from './arrangements.ts';
import { inFolder } from './home.ts';
import { makeStream } from './reference-stream.ts';
import { compareText, makeResult, writeResult } from './report.ts';

const figure = (name: string, wallMs: number, over: Partial<Figure> = {}): Figure => ({
  name,
  floors: [],
  records: 1000,
  rows: 5000,
  wallMs,
  cpuMs: wallMs / 2,
  peakMb: 100,
  counts: {},
  ...over,
});
const stream = { records: 1000, bytes: 500_000 };
const resultOf = (floorMs: readonly number[], wallMs: readonly number[]) =>
  makeResult(
    [...floorMs.map((ms) => figure('floor', ms)), ...wallMs.map((ms) => figure('one process', ms, { floors: ['floor'] }))],
    [],
    stream,
  );

it('makes the same stream each time, and a short one is the beginning of a long one', () => {
  const [long, short] = [makeStream(300), makeStream(100)];
  expect(long.messages.slice(0, 100)).toEqual(short.messages);
  expect(short.totals).toMatchObject({
    records: 100,
    items: short.messages.reduce((sum, { body }) => sum + body.toString().split('"sku"').length - 1, 0),
  });
  expect(long.totals.bytes / 300).toBeGreaterThan(400);
  expect(long.totals.bytes / 300).toBeLessThan(600);
});

it('holds the median of an arrangement against the median of its floor', () => {
  const [floor, one] = resultOf([90, 100, 500], [400, 200, 100]).rows;
  expect(floor).toMatchObject({ recordsPerSecond: 10_000, rowsPerSecond: 50_000, cpuMicrosPerRecord: 50, ratio: null });
  expect(one).toMatchObject({ recordsPerSecond: 5000, ratio: 0.5, cpuRatio: 0.5 });
});

it('holds an arrangement against the slower of its floors, by record', () => {
  const floors = ['bare', 'slow'];
  const bare = figure('bare', 10, { records: 500 });
  const { rows } = makeResult([bare, figure('slow', 100, { records: 2000 }), figure('ours', 100, { floors })], [], stream);
  expect(rows.at(-1)).toMatchObject({ name: 'ours', ratio: 0.5, cpuRatio: 0.5 });
});

it('compares by the ratio of ratios, so that a slower machine is no slower product', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'earlier.json');
    writeResult(file, resultOf([100], [400]));
    expect(compareText(resultOf([300], [600]), file)).toMatch(/one process +0\.25 +0\.50 +2\.00/);
  }));

it('refuses a file that is no result', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'other.json');
    writeResult(file, { ...resultOf([1], [1]), format: 2 as unknown as 1 });
    expect(() => compareText(resultOf([1], [1]), file)).toThrow('not a result');
  }));
