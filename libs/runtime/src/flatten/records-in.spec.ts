import type { RawRecord } from '@dsf/messages';
import { describe, expect, it } from 'vitest';
import type { Piece } from '../join.ts';
import { openLane } from '../lane.ts';
import { defaultSettings } from '../settings.ts';
import { fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse, positionAt } from '../specs/fake-warehouse.ts';
import { recordsOf } from './records-in.ts';

const key = { phase: 'flatten', source: 0, lane: 0 } as const;
const record = (offset: number, bytes = 1): RawRecord => ({
  ...{ source: 1, partition: 0, offset, time: 0, timeType: 'create', ingestedAt: 0, key: null, headers: [] },
  payload: new Uint8Array(bytes),
});
const refill = (from: number, to: number): Piece<RawRecord> => ({
  ...{ source: 1, partition: 0, from, to, content: { kind: 'refill' }, version: 1, time: null, idle: false },
});

const roomOf = (rows: readonly RawRecord[], committed: number, bytesMax = 1000) => {
  const pages: number[] = [];
  const warehouse = fakeWarehouse([[{ phase: 'ingest', source: 1, lane: 0 }, { positions: [positionAt(committed)] }]], {
    committed: {
      readRaw: async ({ from, to }, max) => {
        pages.push(max);
        return rows.filter(({ offset }) => offset >= from && offset < to).slice(0, max);
      },
    },
  });
  const context = fakeContext({ warehouse, settings: { ...defaultSettings, bytesMax } });
  const take = (piece: Piece<RawRecord>, recordsMax: number) => recordsOf(context, openLane(warehouse, key), piece, recordsMax);
  return { take, pages, context };
};
const offsets = (records: readonly RawRecord[]): readonly number[] => records.map(({ offset }) => offset);

describe('the records of a piece', () => {
  it('are those that came with it', async () => {
    const { take, pages } = roomOf([], 0);
    const piece: Piece<RawRecord> = { ...refill(5, 9), content: { kind: 'items', items: [record(6)] } };
    expect(await take(piece, 10)).toEqual({ records: [record(6)], to: 9 });
    expect(pages).toEqual([]);
  });

  it('are read from the raw rows where it has none, to its end, holes included', async () => {
    const { take, context } = roomOf([record(5), record(7), record(20)], 30);
    const { records, to } = await take(refill(5, 12), 10);
    expect({ offsets: offsets(records), to }).toEqual({ offsets: [5, 7], to: 12 });
    expect(context.events).toMatchObject([{ name: 'refill', from: 5, to: 12 }]);
  });

  it('are read from the raw rows without a word where they were left there on purpose', async () => {
    const { take, context } = roomOf([record(5), record(7)], 30);
    const { records, to } = await take({ ...refill(5, 12), content: { kind: 'rows' } }, 10);
    expect({ offsets: offsets(records), to, events: context.events }).toEqual({ offsets: [5, 7], to: 12, events: [] });
  });

  it('end after as many as one transaction takes', async () => {
    const { take } = roomOf([record(1), record(3), record(5)], 30);
    const { records, to } = await take(refill(0, 10), 2);
    expect({ offsets: offsets(records), to }).toEqual({ offsets: [1, 3], to: 4 });
  });

  it('end when they have the bytes of one transaction, a page more at most, however many there are', async () => {
    const { take, pages } = roomOf(
      Array.from({ length: 1000 }, (_, offset) => record(offset, 100)),
      1000,
      10_000,
    );
    const { records, to } = await take(refill(0, 1000), 2000);
    expect(records.length).toBeLessThan(200);
    expect(to).toBe(records.length);
    expect(Math.max(...pages)).toBeLessThan(100);
  });

  it('are none when the raw rows have none', async () => {
    const { take } = roomOf([], 30);
    expect(await take(refill(5, 12), 10)).toEqual({ records: [], to: 12 });
  });

  it('are refused when ingest has not committed so far', async () => {
    const { take } = roomOf([record(5)], 6);
    await expect(take(refill(5, 12), 10)).rejects.toMatchObject({
      kind: 'fatal',
      code: 'delivery.database-older',
      facts: { to: 12, committed: 6 },
    });
  });
});
