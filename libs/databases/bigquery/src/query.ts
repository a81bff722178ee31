import { Failure, type QueryCell, type QueryResult } from '@dsf/ports';
import { decimalText, doubleOf } from './cells.ts';
import type { BigQueryClient } from './client.ts';

/*
 * One-off questions of people.
 */

/** The statement without what is no SQL: comments and texts could hold any word. */
const bare = (sql: string): string =>
  sql
    .replaceAll(/'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`/g, ' x ')
    .replaceAll(/--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .trim();

/** BigQuery has no way to run a statement that may only read, so what is no question is not sent at all. @throws Failure `fatal` `query.refused` */
const assertQuestion = (sql: string): void => {
  const words = bare(sql).replace(/;\s*$/, '');
  if (words.includes(';')) throw new Failure('fatal', 'query.refused', 'only one statement is allowed: put nothing after the first `;`');
  if (words === '') throw new Failure('fatal', 'query.refused', 'there is no statement: write one SELECT');
  if (!/^\(*\s*(select|with|from)\b/i.test(words))
    throw new Failure('fatal', 'query.refused', 'only reading is allowed here: write one SELECT');
};

const cellOf = (type: string, text: string | null): QueryCell => {
  if (text === null) return null;
  if (type === 'INTEGER' || type === 'INT64') {
    const integer = BigInt(text);
    return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(integer) : integer;
  }
  if (type === 'FLOAT' || type === 'FLOAT64') return doubleOf(text);
  if (type === 'BOOLEAN' || type === 'BOOL') return text === 'true';
  if (type === 'NUMERIC' || type === 'BIGNUMERIC') return decimalText(text);
  if (type === 'BYTES') return Uint8Array.fromBase64(text);
  if (type === 'TIMESTAMP' && /^-?\d+$/.test(text)) return new Date(Math.floor(Number(text) / 1000)).toISOString();
  return text;
};

export const askQuestion = async (client: BigQueryClient, sql: string, max: number): Promise<QueryResult> => {
  assertQuestion(sql);
  try {
    const { columns, rows, scannedBytes } = await client.ask(sql, max);
    return {
      columns: columns.map(({ name }) => name),
      rows: rows.map((row) => row.map((cell, index) => cellOf(columns[index]?.type ?? 'STRING', cell))),
      scannedBytes,
    };
  } catch (error) {
    if (error instanceof Failure && (error.code === 'warehouse.statement' || error.code === 'warehouse.table-missing'))
      throw new Failure('fatal', 'query.failed', error.cause instanceof Error ? error.cause.message : error.message, {}, { cause: error });
    throw error;
  }
};
