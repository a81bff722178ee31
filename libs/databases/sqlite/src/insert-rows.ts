import type { Bind, Connection } from './connection.ts';

/** Rows per statement; 32 to 256 are alike in speed, one alone is three times slower. A power of two, so that few statements serve all sizes. */
const rowsPerStatementMax = 128;
/** SQLite's limit on variables of one statement (SQLITE_MAX_VARIABLE_NUMBER). */
const variablesMax = 32_766;

export interface Insert {
  readonly columns: number;
  /** The statement for so many rows. */
  readonly statementFor: (rows: number) => string;
}

/** Ten thousand letters each: made once per width, so that finding the prepared statement need not read them again. */
const createStatements = (into: string, row: string, tail = ''): Insert['statementFor'] => {
  const statements = new Map<number, string>();
  return (rows) => {
    const known = statements.get(rows);
    if (known !== undefined) return known;
    const statement = `${into} VALUES ${`${row},`.repeat(rows - 1)}${row} ${tail}`;
    statements.set(rows, statement);
    return statement;
  };
};

/**
 * @param into - `INSERT INTO "t" ("a", "b")`
 * @param tail - what follows the values: `ON CONFLICT …`, or nothing
 */
export const createInsert = (into: string, columns: number, tail = ''): Insert => ({
  columns,
  statementFor: createStatements(into, `(${'?,'.repeat(columns - 1)}?)`, tail),
});

/** @param frame - variables that the rows have in common */
const widestStatement = (rows: number, columns: number, frame = 0): number =>
  2 ** Math.floor(Math.log2(Math.min(rows, rowsPerStatementMax, Math.floor((variablesMax - frame) / columns))));

/**
 * Inserts rows with as few statements as possible.
 * @param bind - appends the values of one item to `values`, exactly `insert.columns` of them
 */
export const insertRows = <Item>(
  connection: Connection,
  { columns, statementFor }: Insert,
  items: readonly Item[],
  bind: (item: Item, values: Bind[]) => void,
): void => {
  let done = 0;
  while (done < items.length) {
    const width = widestStatement(items.length - done, columns);
    const values: Bind[] = [];
    for (let index = done; index < done + width; index += 1) {
      const item = items[index];
      if (item !== undefined) bind(item, values);
    }
    connection.runWith(statementFor(width), values);
    done += width;
  }
};

/** As `Insert`, for rows whose first columns are alike: those are bound once per statement, because each text is copied twice on its way. */
export interface FramedInsert {
  /** Columns that the rows have in common. */
  readonly frame: number;
  /** Columns of a row's own. */
  readonly own: number;
  readonly statementFor: Insert['statementFor'];
}

/**
 * @param into - names the columns of the frame first
 * @param own - a placeholder for each column of a row's own: `?`, or an expression of it
 */
export const createFramedInsert = (into: string, frame: number, own: readonly string[]): FramedInsert => {
  const common = Array.from({ length: frame }, (_, index) => `?${index + 1}`);
  return { frame, own: own.length, statementFor: createStatements(into, `(${[...common, ...own].join(',')})`) };
};

/**
 * As `insertRows`.
 * @param items - from `from` to `to` (exclusive)
 * @param bind - sets the values of one item's own from `values[at]` on, all of them
 */
export const insertFramed = <Item>(
  connection: Connection,
  insert: FramedInsert,
  { frame, items, from = 0, to = items.length }: { frame: readonly Bind[]; items: readonly Item[]; from?: number; to?: number },
  bind: (values: Bind[], at: number, item: Item) => void,
): void => {
  // One list for all statements of a width: as garbage, those of a batch were as much as its rows.
  let values: Bind[] = [];
  for (let done = from; done < to;) {
    const width = widestStatement(to - done, insert.own, insert.frame);
    const size = insert.frame + width * insert.own;
    if (values.length !== size) values = [...frame, ...Array.from({ length: width * insert.own }, () => null)];
    for (let index = 0; index < width; index += 1) {
      const item = items[done + index];
      if (item !== undefined) bind(values, insert.frame + index * insert.own, item);
    }
    connection.runWith(insert.statementFor(width), values);
    done += width;
  }
};
