import type { KeyPart } from '@dsf/messages';
import type { FoldInput, FoldValue } from '@dsf/ports';
import { decimalText, decodeCell } from './cells.ts';
import { flatColumn, quoteName, quoteText } from './dialect.ts';

/*
 * Values of a fold as text of SQL, and of its answer as values again.
 */

export const alias = (table: number): string => `t${table}`;

const binary = { '<': '<', '<=': '<=', '>': '>', '>=': '>=', '+': '+', '*': '*' } as const;
const isTrue = (sql: string): string => `COALESCE(${sql}, FALSE)`;

const literal = (value: (FoldValue & { readonly kind: 'literal' })['value']): string => {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  return typeof value === 'string' ? quoteText(value) : `BIGNUMERIC '${value.n}'`;
};

const operation = ({ operator, operands }: FoldValue & { readonly kind: 'operation' }): string => {
  const [a = 'NULL', b = 'NULL', c = 'NULL'] = operands.map(valueSql);
  switch (operator) {
    case '==':
      return `(${a} IS NOT DISTINCT FROM ${b})`;
    case '!=':
      return `(${a} IS DISTINCT FROM ${b})`;
    case '&&':
      return `(${isTrue(a)} AND ${isTrue(b)})`;
    case '||':
      return `(${isTrue(a)} OR ${isTrue(b)})`;
    case '!':
      return `(NOT ${a})`;
    case 'present':
      return `(${a} IS NOT NULL)`;
    case 'choose':
      return `IF(${isTrue(a)}, ${b}, ${c})`;
    case '-':
      return operands.length === 1 ? `(-${a})` : `(${a} - ${b})`;
    default:
      return `(${a} ${binary[operator]} ${b})`;
  }
};

/** Numbers are BIGNUMERIC, moments TIMESTAMP, dates their text. */
export const valueSql = (value: FoldValue): string => {
  if (value.kind === 'literal') return literal(value.value);
  if (value.kind === 'operation') return operation(value);
  const { name, type } = flatColumn(value.column);
  const column = `${alias(value.table)}.${quoteName(name)}`;
  if (value.of === 'number') return type === 'BIGNUMERIC' ? column : `CAST(${column} AS BIGNUMERIC)`;
  return type === 'DATE' ? `FORMAT_DATE('%F', ${column})` : column;
};

/** A value as text that tells its kind: equal values have equal text. NULL stays NULL. */
export const carrierSql = (value: FoldValue): string => {
  const sql = valueSql(value);
  switch (value.of) {
    case null:
      return 'CAST(NULL AS STRING)';
    case 'number':
      return `CONCAT('n', CAST(${sql} AS STRING))`;
    case 'boolean':
      return `CONCAT('b', CAST(${sql} AS STRING))`;
    case 'moment':
      return `CONCAT('t', CAST(UNIX_MICROS(${sql}) AS STRING))`;
    case 'text':
      return `CONCAT('s', ${sql})`;
  }
};

const unknown = (carrier: string): never => {
  throw new TypeError(`no value of a fold: ${carrier.slice(0, 20)}`);
};

/** A carrier as expressions would have it. */
export const carriedValue = (carrier: string): Exclude<KeyPart, null> => {
  const text = carrier.slice(1);
  switch (carrier[0]) {
    case 'n':
      return { n: decimalText(text) };
    case 'b':
      return text === 'true';
    case 't':
      return String(decodeCell('timestamp', text));
    case 's':
      return text;
    default:
      return unknown(carrier);
  }
};

/**
 * RFC 3339 as both sides read it for certain: to the microsecond, without leap seconds. Whatever else DSF takes for a moment makes its row unfit for
 * the statement.
 */
const momentPattern = String.raw`^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`;

/** Years 0 to 9999, UTC ms: times that a document can show. */
export const calendar = { from: -62_167_219_200_000, to: 253_402_300_799_999 } as const;

/** The event time in ms; NULL where there is none, or none that is understood here. */
export const timeSql = (time: FoldValue): string => {
  const sql = valueSql(time);
  if (time.of === 'moment') return `UNIX_MILLIS(${sql})`;
  if (time.of === 'number') return `IF(${sql} BETWEEN ${calendar.from} AND ${calendar.to}, CAST(${sql} AS INT64), NULL)`;
  return `IF(REGEXP_CONTAINS(${sql}, r'${momentPattern}'), UNIX_MILLIS(SAFE_CAST(${sql} AS TIMESTAMP)), NULL)`;
};

/** Columns that the input's values stand in, each once. */
export const cellsOf = ({ filter, time, key, amounts }: FoldInput): readonly (FoldValue & { readonly kind: 'cell' })[] => {
  const cells = new Map<string, FoldValue & { readonly kind: 'cell' }>();
  const visit = (value: FoldValue): void => {
    if (value.kind === 'cell') cells.set(`${value.table}:${value.column.id}`, value);
    if (value.kind === 'operation') value.operands.forEach(visit);
  };
  for (const value of [filter, time, ...key, ...amounts]) if (value !== null) visit(value);
  return [...cells.values()];
};
