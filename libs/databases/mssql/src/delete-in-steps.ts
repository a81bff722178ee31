import type { RowRange } from '@dsf/ports';
import type { Connection } from './connection.ts';
import { checkedBySeeking } from './dialect.ts';
import { integer, raw, sql } from './sql.ts';

/**
 * A statement that takes 5,000 locks on a table asks for the whole of it instead, and everybody would wait. What earlier statements of the transaction hold
 * does not count: https://learn.microsoft.com/troubleshoot/sql/database-engine/performance/resolve-blocking-problems-caused-lock-escalation
 */
const rowsPerStatement = 2_000;

/**
 * Deletes the rows of a range of offsets, in statements that lock few rows each. Rows and not pages: on the page of the first ones may lie the end of
 * another partition, where its writer appends.
 * @param table - with its schema, quoted
 * @returns how many rows there were
 */
export const deleteInSteps = async (connection: Connection, table: string, { source, partition, from, to }: RowRange): Promise<number> => {
  let total = 0;
  for (;;) {
    const deleted = await connection.run(
      sql`DELETE TOP (${integer(rowsPerStatement)}) FROM ${raw(table)} WITH (ROWLOCK) WHERE [_dsf_src] = ${integer(source)} AND [_dsf_part] = ${integer(partition)} AND [_dsf_off] >= ${integer(from)} AND [_dsf_off] < ${integer(to)} ${raw(checkedBySeeking)}`,
    );
    total += deleted;
    if (deleted < rowsPerStatement) return total;
  }
};
