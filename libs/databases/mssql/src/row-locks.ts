import type { Schemas } from './config.ts';
import { quoteName, quoteText } from './dialect.ts';

/** Makes tables that are there keep their row locks; left out on a server that does not know how. */
export const rowLocksMigration = '0012_row_locks.sql';

/**
 * For a table of rows that was just made: however many rows a statement locks, it never asks for the whole table, in which other lanes write. 2,000 records
 * with three items each take more than the 5,000 locks from which on the server would. Said where the migration could be applied, and so is known.
 * https://learn.microsoft.com/sql/t-sql/statements/alter-table-transact-sql, LOCK_ESCALATION
 */
export const keepRowLocks = ({ data, state }: Pick<Schemas, 'data' | 'state'>, table: string): string => {
  const statement = `ALTER TABLE ${data}.${quoteName(table)} SET (LOCK_ESCALATION = DISABLE)`;
  return `IF EXISTS (SELECT 1 FROM ${state}.[migration] WHERE [name] = ${quoteText(rowLocksMigration)} AND [skipped] IS NULL) EXEC (${quoteText(statement)})`;
};
