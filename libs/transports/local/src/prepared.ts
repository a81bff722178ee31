import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

export type Cells = readonly SQLOutputValue[];

export interface Prepared {
  one(...values: readonly SQLInputValue[]): Cells | undefined;
  all(...values: readonly SQLInputValue[]): readonly Cells[];
  /** @returns how many rows were changed */
  run(...values: readonly SQLInputValue[]): number;
}

/** A prepared statement whose rows are arrays of cells. */
export const prepare = (database: DatabaseSync, sql: string): Prepared => {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return {
    // With `setReturnArrays` rows come as arrays; the types of `node:sqlite` know objects only.
    one: (...values) => statement.get(...values) as Cells | undefined,
    all: (...values) => statement.all(...values) as unknown as readonly Cells[],
    run: (...values) => Number(statement.run(...values).changes),
  };
};
