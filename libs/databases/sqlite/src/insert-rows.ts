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

/**
 * Statements for so many rows. Ten thousand letters each: made once per width, so that finding the prepared statement need not read them again.
 * @param into - `INSERT INTO "t" ("a", "b")`
 * @param row - `(?,?)`
 * @param tail - what follows the values: `ON CONFLICT …`, or nothing
 */
export const createStatements = (into: string, row: string, tail = ''): Insert['statementFor'] => {
  const statements = new Map<number, string>();
  return (rows) => {
    const known = statements.get(rows);
    if (known !== undefined) return known;
    const statement = `${into} VALUES ${`${row},`.repeat(rows - 1)}${row} ${tail}`;
    statements.set(rows, statement);
    return statement;
  };
};

/** As `createStatements`, a variable for each column. */
export const createInsert = (into: string, columns: number, tail = ''): Insert => ({
  columns,
  statementFor: createStatements(into, `(${'?,'.repeat(columns - 1)}?)`, tail),
});

/** Rows of the next statement: a power of two. */
export const widestStatement = (rows: number, columns: number): number =>
  2 ** Math.floor(Math.log2(Math.min(rows, rowsPerStatementMax, Math.floor(variablesMax / columns))));

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
