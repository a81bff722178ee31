import type { FlatRows } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../settings.ts';
import { fakeWarehouse } from '../specs/fake-warehouse.ts';
import { createFlatPages } from './flat-pages.ts';

const table = { id: 1, source: 1, path: '', name: 'orders', parent: null, columns: [] };
const rowsOf = (count: number, letters: number): FlatRows => ({
  ...{ source: 1, partition: 0 },
  tables: [
    {
      table,
      rows: Array.from({ length: count }, (_, offset) => ({
        ...{ offset, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: 0, ingestedAt: 0 },
        cells: [1, null, 'x'.repeat(letters)],
      })),
    },
  ],
});

/** How many records are asked for, page by page, when record `n` has so many letters. */
const pagesOf = async (lettersAt: (page: number) => number, max = 2000): Promise<readonly number[]> => {
  const asked: number[] = [];
  const warehouse = fakeWarehouse([], {
    committed: {
      readFlat: async ({ from }, _tables, count) => {
        asked.push(count);
        return { rows: rowsOf(count, lettersAt(asked.length - 1)), next: from + count };
      },
    },
  });
  const pages = createFlatPages({ warehouse, settings: { ...defaultSettings, recordsMax: 2000, bytesMax: 100_000 } });
  for (let page = 0; page < 6; page += 1) await pages.read({ source: 1, partition: 0, from: 0, to: 10_000 }, [1], max);
  return asked;
};

describe('pages of flat rows', () => {
  it('grow to what a transaction takes while records are small', async () => {
    expect(await pagesOf(() => 10)).toEqual([16, 64, 256, 1024, 2000, 2000]);
  });

  it('shrink to one record where each is larger than a page, and never to none', async () => {
    expect(await pagesOf(() => 1_000_000)).toEqual([16, 1, 1, 1, 1, 1]);
  });

  it('hold about as much text as is allowed, and grow again slowly', async () => {
    expect(await pagesOf((page) => (page < 3 ? 10_000 : 1))).toEqual([16, 10, 10, 10, 40, 160]);
  });

  it('never hold more than is asked for', async () => {
    expect(await pagesOf(() => 10, 3)).toEqual([3, 3, 3, 3, 3, 3]);
  });
});
