import type { ColumnType } from '@dsf/metadata';
import { Failure, type Cell } from '@dsf/ports';
import type { SqlType } from './dialect.ts';

/** A value as it goes into a row: integers as bigint or number, TIMESTAMP in µs and DATE in days since 1970, BIGNUMERIC as decimal text. */
export type Value = null | boolean | number | bigint | string | Uint8Array;

/** What stands in the column, and, where that is not all of it, the exact cell. */
export interface EncodedCell {
  readonly value: Value;
  readonly exact?: Cell;
}

const misfit = (type: ColumnType, cell: Cell): Failure =>
  new Failure('poison', 'warehouse.data', `a ${type} column cannot take a ${typeof cell}`, { type });

const dayMs = 86_400_000;
/** 0001-01-01 and 9999-12-31, UTC ms. */
const calendar = { from: -62_135_596_800_000, to: 253_402_300_799_999 } as const;
const isInCalendar = (ms: number): boolean => ms >= calendar.from && ms <= calendar.to;

export const dayOf = (ms: number | null): number | null => (ms === null || !isInCalendar(ms) ? null : Math.floor(ms / dayMs));
export const microsOf = (ms: number | null): bigint | null => (ms === null || !isInCalendar(ms) ? null : BigInt(ms) * 1000n);

const moment = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/** µs since 1970, and the text that they are shown as; null for what is no moment of the calendar. */
const parseMoment = (text: string): bigint | null => {
  const [, seconds, fraction = ''] = moment.exec(text) ?? [];
  if (seconds === undefined) return null;
  const ms = Date.parse(`${seconds}Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== seconds) return null;
  return BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'));
};

const momentText = (micros: bigint): string => {
  const second = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
  const rest = micros - second * 1_000_000n;
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
  return `${new Date(Number(second) * 1000).toISOString().slice(0, 19)}${fraction}Z`;
};

const parseDay = (text: string): number | null => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text || text < '0001' ? null : ms / dayMs;
};

/** Digits after the point that a BIGNUMERIC column keeps: DSF's 12 on the service. */
export type Scale = number;

/** What such a column takes and gives back as it was: no needless zeros. */
const isExactDecimal = (text: string, scale: Scale): boolean => {
  const fraction = text.split('.')[1] ?? '';
  return text !== '-0' && fraction.length <= scale && /^-?(?:0|[1-9]\d{0,25})(?:\.\d*[1-9])?$/.test(text);
};

const encodeText = (type: ColumnType, cell: string, scale: Scale): EncodedCell => {
  if (type === 'timestamp') {
    const micros = parseMoment(cell);
    return micros !== null && micros >= BigInt(calendar.from) * 1000n && momentText(micros) === cell
      ? { value: micros }
      : { value: micros, exact: cell };
  }
  if (type === 'date') {
    const day = parseDay(cell);
    return day === null ? { value: null, exact: cell } : { value: day };
  }
  if (type === 'decimal') return isExactDecimal(cell, scale) ? { value: cell } : { value: null, exact: cell };
  return cell.isWellFormed() ? { value: cell } : { value: cell.toWellFormed(), exact: cell };
};

/** Every type takes its own JavaScript type only. @throws Failure `poison` `warehouse.data` */
export const encodeCell = (type: ColumnType, cell: Cell, scale: Scale): EncodedCell => {
  if (cell === null) return { value: null };
  if (typeof cell === 'boolean' && type === 'boolean') return { value: cell };
  if (typeof cell === 'number' && type === 'double' && !Number.isNaN(cell))
    return Object.is(cell, -0) ? { value: cell, exact: '-0' } : { value: cell };
  if (type === 'bigint' && typeof cell === 'number' && Number.isSafeInteger(cell)) return { value: cell };
  if (type === 'bigint' && typeof cell === 'bigint' && BigInt.asIntN(64, cell) === cell) return { value: cell };
  if (typeof cell === 'string' && type !== 'boolean' && type !== 'bigint' && type !== 'double') return encodeText(type, cell, scale);
  throw misfit(type, cell);
};

/** Infinity is written as JSON or as SQL writes it. */
export const doubleOf = (shown: string): number =>
  Number(/^([+-]?)inf(?:inity)?$/i.test(shown) ? shown.replace(/inf\w*/i, 'Infinity') : shown);

/** Some answers pad a decimal with zeros. */
export const decimalText = (shown: string): string => (shown.includes('.') ? shown.replace(/\.?0+$/, '') : shown);

/** BigQuery's answers are text, whatever the type. */
export const decodeCell = (type: ColumnType, shown: string | null): Cell => {
  if (shown === null) return null;
  if (type === 'boolean') return shown === 'true';
  if (type === 'double') return doubleOf(shown);
  if (type === 'bigint') {
    const integer = BigInt(shown);
    return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(integer) : integer;
  }
  if (type === 'timestamp') return momentText(BigInt(shown));
  return type === 'decimal' ? decimalText(shown) : shown;
};

/** How a column is read so that its text is exact: moments in µs. */
export const selectExpression = (name: string, type: ColumnType): string =>
  type === 'timestamp'
    ? `UNIX_MICROS(${name})`
    : type === 'date'
      ? `FORMAT_DATE('%F', ${name})`
      : type === 'decimal'
        ? `CAST(${name} AS STRING)`
        : name;

export const protoTypes: Readonly<
  Record<SqlType, 'TYPE_INT64' | 'TYPE_DOUBLE' | 'TYPE_BOOL' | 'TYPE_STRING' | 'TYPE_BYTES' | 'TYPE_INT32'>
> = {
  INT64: 'TYPE_INT64',
  FLOAT64: 'TYPE_DOUBLE',
  BOOL: 'TYPE_BOOL',
  STRING: 'TYPE_STRING',
  BYTES: 'TYPE_BYTES',
  BIGNUMERIC: 'TYPE_STRING',
  TIMESTAMP: 'TYPE_INT64',
  DATE: 'TYPE_INT32',
};
