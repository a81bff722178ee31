import type { FlatRows, RowRange } from '@dsf/ports';
import type { LaneContext } from '../work.ts';

/** Records of the first page: large ones must not fill the memory before anything is known of their size, in any of the lanes. */
const firstPage = 16;
/** Small records must not crawl on after large ones, nor large ones surprise after small ones. */
const growth = 4;

/** UTF-16 units of the texts, which is what rows may be large by. */
const textLength = ({ tables }: FlatRows): number => {
  let length = 0;
  for (const { rows } of tables) {
    for (const { cells } of rows) for (const cell of cells) if (typeof cell === 'string') length += cell.length;
  }
  return length;
};

/** Flat rows in pages of at most `recordsMax` records that have about `bytesMax` of text, however large the records are. */
export interface FlatPages {
  /** As `LaneReads.readFlat`. */
  readonly read: (range: RowRange, tables: readonly number[], max: number) => Promise<{ readonly rows: FlatRows; readonly next: number }>;
}

export const createFlatPages = ({ warehouse, settings }: Pick<LaneContext, 'warehouse' | 'settings'>): FlatPages => {
  let size = firstPage;
  return {
    async read(range, tables, max) {
      const asked = Math.min(size, max);
      const page = await warehouse.committed.readFlat(range, tables, asked);
      const fitting = Math.floor((asked * settings.bytesMax) / Math.max(1, textLength(page.rows)));
      size = Math.max(1, Math.min(fitting, asked * growth, settings.recordsMax));
      return page;
    },
  };
};
