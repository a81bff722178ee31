import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

/** What may be bound. Integers beyond 2^53 as bigint; node:sqlite binds a `number` as REAL, which an INTEGER column turns back. */
export type Bind = SQLInputValue;
export type Row = readonly SQLOutputValue[];

/** One open database with its prepared statements. All calls are synchronous and throw SQLite's own errors. */
export interface Connection {
  /** Runs a script of statements without parameters. */
  exec(sql: string): void;
  /** Runs one statement; returns the number of rows it changed. */
  run(sql: string, ...values: readonly Bind[]): number;
  /** As `run`, for values that are a list already: thousands of them need not be copied on the way. */
  runWith(sql: string, values: readonly Bind[]): number;
  /** All rows, columns by place. */
  all(sql: string, ...values: readonly Bind[]): readonly Row[];
  /** The first row, if there is one. */
  first(sql: string, ...values: readonly Bind[]): Row | undefined;
  readonly inTransaction: boolean;
  close(): void;
}

/** The least recently used statement goes first; 8 widths × some 60 tables fit. */
const statementsMax = 512;

export const openConnection = (database: DatabaseSync): Connection => {
  const statements = new Map<string, StatementSync>();

  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) {
      statements.delete(sql);
      statements.set(sql, known);
      return known;
    }
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    const oldest = statements.size >= statementsMax ? statements.keys().next().value : undefined;
    if (oldest !== undefined) statements.delete(oldest);
    statements.set(sql, statement);
    return statement;
  };

  return {
    exec: (sql) => database.exec(sql),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    runWith: (sql, values) => Number(prepared(sql).run(...values).changes),
    all: (sql, ...values) => rowsOf(prepared(sql).all(...values)),
    first: (sql, ...values) => rowsOf(prepared(sql).all(...values))[0],
    get inTransaction() {
      return database.isTransaction;
    },
    close: () => {
      statements.clear();
      database.close();
    },
  };
};

/** With `setReturnArrays` each row is an array, which the types of node:sqlite do not know. */
const rowsOf = (rows: unknown): readonly Row[] => rows as readonly Row[];
