import type { Bind, Connection } from './connection.ts';

/** Rows per statement; 32 to 256 are alike in speed, one alone is three times slower. A power of two, so that few statements serve all sizes. */
const rowsPerStatementMax = 128;
/** SQLite's limit on variables of one statement (SQLITE_MAX_VARIABLE_NUMBER). */
const variablesMax = 32_766;

export interface Insert {
  /** `INSERT INTO "t" ("a", "b")` */
  readonly into: string;
  readonly columns: number;
  /** What follows the values: `ON CONFLICT …`, or nothing. */
  readonly tail?: string;
}

const widestPowerOfTwo = (rows: number, columns: number): number =>
  2 ** Math.floor(Math.log2(Math.min(rows, rowsPerStatementMax, Math.floor(variablesMax / columns))));

/** Statement texts by `into` are built once per width. */
const placeholders = (columns: number, rows: number): string => {
  const one = `(${'?,'.repeat(columns - 1)}?)`;
  return `${`${one},`.repeat(rows - 1)}${one}`;
};

/**
 * Inserts rows with as few statements as possible.
 * @param bind - appends the values of one item to `values`, exactly `insert.columns` of them
 */
export const insertRows = <Item>(
  connection: Connection,
  insert: Insert,
  items: readonly Item[],
  bind: (item: Item, values: Bind[]) => void,
): void => {
  let done = 0;
  while (done < items.length) {
    const width = widestPowerOfTwo(items.length - done, insert.columns);
    const values: Bind[] = [];
    for (let index = done; index < done + width; index += 1) {
      const item = items[index];
      if (item !== undefined) bind(item, values);
    }
    connection.run(`${insert.into} VALUES ${placeholders(insert.columns, width)} ${insert.tail ?? ''}`, ...values);
    done += width;
  }
};
