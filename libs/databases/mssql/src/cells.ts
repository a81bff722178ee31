import { TYPES } from 'tedious';
import type { ColumnType } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { Cell as FlatCell } from '@dsf/ports';
import type { Cell } from './connection.ts';
import { longText, quoteName, shortText } from './dialect.ts';
import type { DataType } from './tedious-types.ts';
import { exactDate, exactDecimal, exactMoment } from './wire-types.ts';

/*
 * Cells of flat tables as SQL Server's types hold them. What a type cannot hold exactly - the ninth digit of a second, a 38-digit integer, a text of
 * 5,000 letters - rests as text in a second column, `…__exact`, which is added when it is first needed; the first column then shows the nearest value
 * or NULL.
 */

/** What a column shows of a cell that it cannot hold, and the exact text beside it. */
export interface Exact {
  readonly value: string | null;
  readonly exact: string;
}

/** What one cell becomes: the value of its column, or that and its exact text. Nearly all cells are the first, which costs no object. */
export type Encoded = string | number | bigint | boolean | Exact;

export interface Codec {
  readonly wire: DataType;
  readonly length?: number;
  readonly encode: (cell: Exclude<FlatCell, null>) => Encoded;
  /** How the column is read, in SQL. */
  readonly select: (column: string) => string;
  readonly decode: (value: Exclude<Cell, null>) => FlatCell;
}

const misfit = (type: ColumnType, cell: FlatCell): Failure =>
  new Failure('poison', 'warehouse.data', `a ${type} column cannot take a ${typeof cell}`, { type });

const exactly = (exact: string, value: string | null = null): Exact => ({ value, exact });
const asIs = (column: string): string => column;

const textOf = (type: ColumnType, cell: FlatCell): string => {
  if (typeof cell === 'string') return cell;
  throw misfit(type, cell);
};

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

const decodeInteger = (value: Cell): FlatCell => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(String(value));
};

const bit: Codec = {
  wire: TYPES.Bit,
  encode: (cell) => {
    if (typeof cell === 'boolean') return cell;
    throw misfit('boolean', cell);
  },
  select: asIs,
  decode: (value) => value === true,
};

const bigint: Codec = {
  wire: TYPES.BigInt,
  encode: (cell) => {
    if (typeof cell === 'number' && Number.isSafeInteger(cell)) return cell;
    if (typeof cell === 'bigint' && cell >= int64.min && cell <= int64.max) return cell;
    throw misfit('bigint', cell);
  },
  select: asIs,
  decode: decodeInteger,
};

const isInt64 = (text: string): boolean => {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const value = BigInt(text);
  return value >= int64.min && value <= int64.max;
};

/** A path that has become decimal while its column is still bigint, because to rewrite a large table belongs in a maintenance window. */
const bigintOfDecimals: Codec = {
  wire: TYPES.BigInt,
  encode: (cell) => {
    const text = textOf('decimal', cell);
    return isInt64(text) ? BigInt(text) : exactly(text);
  },
  select: asIs,
  decode: (value) => String(value),
};

/** 26 digits before the point and 12 after it. */
const fitsDecimal = /^-?\d{1,26}(?:\.\d{1,12})?$/;

/** Without the zeros that the column's scale adds. */
export const canonicalDecimal = (text: string): string => {
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return trimmed.replace(/^(-?)\./, '$10.');
};

const decimal: Codec = {
  wire: exactDecimal,
  encode: (cell) => {
    const text = textOf('decimal', cell);
    return fitsDecimal.test(text) ? text : exactly(text);
  },
  select: (column) => `CONVERT(varchar(45), ${column})`,
  decode: (value) => canonicalDecimal(String(value)),
};

/** float(53) has no infinities, and its smallest numbers are the normal ones. */
const smallestNormal = 2.225_073_858_507_201_4e-308;

const double: Codec = {
  wire: TYPES.Float,
  encode: (cell) => {
    if (typeof cell !== 'number' || Number.isNaN(cell)) throw misfit('double', cell);
    const isHeld = cell === 0 || (Number.isFinite(cell) && Math.abs(cell) >= smallestNormal);
    return isHeld ? cell : exactly(String(cell));
  },
  select: asIs,
  decode: (value) => Number(value),
};

/** Moments that a column shows as they were written: whole seconds, milliseconds or microseconds, no more zeros than that. */
const plainMoment = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?!000Z)\d{3}|\.\d{3}(?!000)\d{3})?Z$/;
const anyMoment = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

const timestamp: Codec = {
  wire: exactMoment,
  encode: (cell) => {
    const text = textOf('timestamp', cell);
    if (plainMoment.test(text)) return text;
    return exactly(text, anyMoment.test(text) ? text : null);
  },
  select: (column) => `CONVERT(varchar(40), ${column}, 121)`,
  // 2024-02-29 23:59:59.1234560 +00:00
  decode: (value) => {
    const [day = '', time = ''] = String(value).split(' ');
    const [seconds = '', digits = ''] = time.split('.');
    const fraction = digits.replace(/0+$/, '');
    const shown = fraction === '' ? '' : `.${fraction.padEnd(fraction.length <= 3 ? 3 : 6, '0')}`;
    return `${day}T${seconds}${shown}Z`;
  },
};

const date: Codec = {
  wire: exactDate,
  encode: (cell) => {
    const text = textOf('date', cell);
    return /^(?!0000)\d{4}-\d\d-\d\d$/.test(text) ? text : exactly(text);
  },
  select: (column) => `CONVERT(varchar(10), ${column}, 23)`,
  decode: (value) => String(value),
};

const bounded = (length: number): Codec => ({
  wire: TYPES.NVarChar,
  length,
  encode: (cell) => {
    const text = textOf('text', cell);
    return text.length <= length ? text : exactly(text);
  },
  select: asIs,
  decode: (value) => String(value),
});

const unbounded: Codec = {
  wire: TYPES.NVarChar,
  length: Number.POSITIVE_INFINITY,
  encode: (cell) => textOf('json', cell),
  select: asIs,
  decode: (value) => String(value),
};

const codecs: ReadonlyMap<string, Codec> = new Map([
  ['boolean bit', bit],
  ['bigint bigint', bigint],
  ['decimal bigint', bigintOfDecimals],
  ['decimal decimal(38,12)', decimal],
  ['double float(53)', double],
  [`text ${shortText}`, bounded(400)],
  [`text ${longText}`, bounded(4_000)],
  ['timestamp datetimeoffset(7)', timestamp],
  ['date date', date],
  ['json nvarchar(max)', unbounded],
]);

/** @throws Failure `fatal` when the path catalog names a type that DSF does not write */
export const codecOf = (type: ColumnType, sqlType: string): Codec => {
  const codec = codecs.get(`${type} ${sqlType}`);
  if (codec === undefined)
    throw new Failure(
      'fatal',
      'warehouse.state-edited',
      `flat_column says that a ${type} rests in a column of type ${sqlType}: undo what was edited by hand`,
      {
        type,
        sqlType,
      },
    );
  return codec;
};

/** A cell that was kept as text, as its type has it. */
export const decodeExact = (type: ColumnType, text: string): FlatCell => (type === 'double' ? Number(text) : text);

export const selectColumn = (codec: Codec, name: string): string => codec.select(quoteName(name));
