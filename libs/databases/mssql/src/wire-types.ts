import { TYPES } from 'tedious';
import type { DataType } from './tedious-types.ts';

/*
 * Types of the wire that the driver would round: its decimals go through doubles, its times end at the millisecond. Values of these are exact text, and
 * wire-rows.ts writes them.
 */

const decimalId = 0x6a;
const dateId = 0x28;
const offsetId = 0x2b;
const precision = 38;
/** Digits after the point of `exactDecimal`. */
export const decimalScale = 12;

type Buffered = Parameters<DataType['writeValue']>[0];

const exact = (like: DataType, parts: { readonly declaration: string; readonly info: readonly number[] }): DataType => ({
  ...like,
  declaration: () => parts.declaration,
  writeTypeInfo: (buffer: Buffered) => {
    for (const byte of parts.info) buffer.writeUInt8(byte);
  },
});

/** decimal(38,12) from canonical text: at most 26 digits before and 12 after the point. */
export const exactDecimal = exact(TYPES.Decimal, {
  declaration: `decimal(${precision}, ${decimalScale})`,
  info: [decimalId, 17, precision, decimalScale],
});

/** datetimeoffset(7) in UTC from RFC 3339 text that ends in Z. */
export const exactMoment = exact(TYPES.DateTimeOffset, { declaration: 'datetimeoffset(7)', info: [offsetId, 7] });

/** date from `2026-11-23`. */
export const exactDate = exact(TYPES.Date, { declaration: 'date', info: [dateId] });
