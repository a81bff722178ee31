import { Failure } from '@dsf/ports';
import type { QueryCell, QueryResult } from '@dsf/ports';
import { canonicalDecimal } from './cells.ts';
import type { AskedColumn, Cell, Connection } from './connection.ts';

/*
 * Asking a question that query-text.ts has let through.
 */

/** Digits that a double holds exactly; the driver reads longer decimals as doubles. */
const doubleDigits = 15;

const isWideDecimal = (column: AskedColumn): boolean => column.isDecimal && column.precision > doubleDigits;

/**
 * The same statement with its wide decimals as text: the server converts each column on its way out, in order and row by row.
 * https://learn.microsoft.com/sql/t-sql/language-elements/execute-transact-sql, WITH RESULT SETS
 */
const retyped = (question: string, columns: readonly AskedColumn[]): string => {
  const definitions = columns.map((column, index) => `[c${index + 1}] ${isWideDecimal(column) ? 'nvarchar(45)' : column.sqlType} NULL`);
  return `EXEC sys.sp_executesql N'${question.replaceAll("'", "''")}' WITH RESULT SETS ((${definitions.join(', ')}))`;
};

const dateOnly = 10;

const cellOf = (value: Cell | undefined, column: AskedColumn | undefined): QueryCell => {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return column?.isDateOnly === true ? value.toISOString().slice(0, dateOnly) : value.toISOString();
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (column?.isDecimal === true) return canonicalDecimal(String(value));
  if (column?.isBigint === true) return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(String(value));
  return value;
};

const failed = (error: unknown): unknown =>
  error instanceof Failure
    ? error
    : new Failure('fatal', 'query.failed', error instanceof Error ? error.message : String(error), {}, { cause: error });

/** What the statement would give, or null where the server cannot tell beforehand. */
const describe = async (connection: Connection, question: string): Promise<readonly AskedColumn[] | null> => {
  try {
    return await connection.describe(question);
  } catch {
    // Temporary tables and the like; the statement itself will say what is wrong.
    return null;
  }
};

/** Runs it in a transaction that is rolled back, whatever it did. @throws Failure `fatal` `query.failed`, `query.refused` */
export const askQuestion = async (connection: Connection, question: string, max: number): Promise<QueryResult> => {
  try {
    const described = await describe(connection, question);
    await connection.begin('read-committed');
    const isRetyped = described?.some(isWideDecimal) === true;
    const answer = await connection.ask(isRetyped ? retyped(question, described) : question, Math.max(max, 1));
    if (answer.sets > 1) throw new Failure('fatal', 'query.refused', 'only one statement is allowed: write one SELECT');
    const columns = isRetyped ? described : answer.columns;
    return {
      columns: columns.map(({ name }) => name),
      rows: max === 0 ? [] : answer.rows.slice(0, max).map((row) => columns.map((column, index) => cellOf(row[index], column))),
    };
  } catch (error) {
    throw failed(error);
  } finally {
    await connection.rollBack();
  }
};
