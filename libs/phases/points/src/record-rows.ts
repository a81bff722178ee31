import type { FlatRow, FlatRows } from '@dsf/ports';

/** Rows of one table, and which of them belong to the record at hand: [start, end). */
interface Cursor {
  readonly rows: readonly FlatRow[];
  start: number;
  end: number;
  /** 1:1 rows of the record by their parent's row; made when first asked for. */
  singles: Map<number, FlatRow> | null;
}

/** The rows of a batch, one record at a time, in offset order. */
export interface RecordRows {
  /** Goes on to the next record that has rows in one of the tables of interest. @returns false after the last */
  next(): boolean;
  /** Rows of the record at hand. */
  visit(table: number, visitor: (row: FlatRow) => void): void;
  /** The row with this number, of the record at hand. */
  row(table: number, row: number): FlatRow | undefined;
  /** The row below `parentRow` that is no list item. */
  single(table: number, parentRow: number): FlatRow | undefined;
}

const advance = (cursor: Cursor, offset: number): void => {
  const { rows } = cursor;
  let start = cursor.end;
  while ((rows[start]?.offset ?? Infinity) < offset) start += 1;
  let end = start;
  while (rows[end]?.offset === offset) end += 1;
  cursor.start = start;
  cursor.end = end;
  cursor.singles = null;
};

const singlesOf = ({ rows, start, end }: Cursor): Map<number, FlatRow> => {
  const singles = new Map<number, FlatRow>();
  for (let index = start; index < end; index += 1) {
    const row = rows[index];
    if (row !== undefined && row.parentRow !== null && row.listIdx === null && !singles.has(row.parentRow)) singles.set(row.parentRow, row);
  }
  return singles;
};

/**
 * @param tables - whose rows may be asked for
 * @param walked - those of them whose records to walk
 */
export const recordRows = (batch: FlatRows, tables: readonly number[], walked: readonly number[]): RecordRows => {
  const cursors = new Map(
    batch.tables
      .filter(({ table }) => tables.includes(table.id))
      .map(({ table, rows }): [number, Cursor] => [table.id, { rows, start: 0, end: 0, singles: null }]),
  );
  const leading = [...new Set(walked)].map((id) => cursors.get(id)).filter((cursor) => cursor !== undefined);
  return {
    next: () => {
      let offset = Infinity;
      for (const { rows, end } of leading) offset = Math.min(offset, rows[end]?.offset ?? Infinity);
      if (offset === Infinity) return false;
      for (const cursor of cursors.values()) advance(cursor, offset);
      return true;
    },
    visit: (table, visitor) => {
      const cursor = cursors.get(table);
      if (cursor === undefined) return;
      for (let index = cursor.start; index < cursor.end; index += 1) {
        const row = cursor.rows[index];
        if (row !== undefined) visitor(row);
      }
    },
    row: (table, row) => {
      const cursor = cursors.get(table);
      if (cursor === undefined) return undefined;
      // Rows are numbered from 0 within a record, so the number is the place; searching covers a table that was read in part.
      const there = cursor.start + row < cursor.end ? cursor.rows[cursor.start + row] : undefined;
      if (there?.row === row) return there;
      return cursor.rows.slice(cursor.start, cursor.end).find((candidate) => candidate.row === row);
    },
    single: (table, parentRow) => {
      const cursor = cursors.get(table);
      if (cursor === undefined || cursor.start === cursor.end) return undefined;
      cursor.singles ??= singlesOf(cursor);
      return cursor.singles.get(parentRow);
    },
  };
};
