import { TYPES } from 'tedious';
import type { DataType } from './tedious-types.ts';

/*
 * Types of the wire that the driver would round: its decimals go through doubles, its times end at the millisecond. These take the exact
 * text and write the bytes of MS-TDS 2.2.5.4.2 and 2.2.5.5.1.
 * https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/
 */

const decimalId = 0x6a;
const dateId = 0x28;
const offsetId = 0x2b;
const precision = 38;
const scale = 12;
const low64 = (1n << 64n) - 1n;
const powers = Array.from({ length: scale + 1 }, (_, digits) => '0'.repeat(scale - digits));

type Buffered = Parameters<DataType['writeValue']>[0];
interface Valued {
  readonly value: unknown;
}

/** @param text - canonical, at most 26 digits before and 12 after the point */
const writeDecimal = (buffer: Buffered, text: string): void => {
  const isNegative = text.startsWith('-');
  const digits = isNegative ? text.slice(1) : text;
  const point = digits.indexOf('.');
  const whole = point < 0 ? digits : digits.slice(0, point);
  const fraction = point < 0 ? '' : digits.slice(point + 1);
  const magnitude = BigInt(`${whole}${fraction}${powers[fraction.length] ?? ''}`);
  buffer.writeUInt8(17);
  buffer.writeUInt8(isNegative ? 0 : 1);
  buffer.writeBigUInt64LE(magnitude & low64);
  buffer.writeBigUInt64LE(magnitude >> 64n);
};

const epochDays = 719_162;
const dayMs = 86_400_000;

const daysOf = (text: string): number => Math.floor(Date.parse(`${text.slice(0, 10)}T00:00:00Z`) / dayMs) + epochDays;

/** @param text - `2026-11-23T20:57:35.1234567Z`, years 0001 to 9999; digits beyond the seventh are left out */
const writeMoment = (buffer: Buffered, text: string): void => {
  const seconds = (Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))) * 60 + Number(text.slice(17, 19));
  const fraction = text.charAt(19) === '.' ? text.slice(20, -1).slice(0, 7).padEnd(7, '0') : '0';
  const ticks = seconds * 10_000_000 + Number(fraction);
  buffer.writeUInt8(10);
  buffer.writeUInt40LE(ticks);
  buffer.writeUInt24LE(daysOf(text));
  buffer.writeInt16LE(0);
};

const asGiven = <T>(value: T): T => value;

const exact = (
  like: DataType,
  parts: { readonly declaration: string; readonly info: readonly number[]; readonly write: (buffer: Buffered, text: string) => void },
): DataType => ({
  ...like,
  declaration: () => parts.declaration,
  validate: asGiven,
  writeTypeInfo: (buffer: Buffered) => {
    for (const byte of parts.info) buffer.writeUInt8(byte);
  },
  writeValue: (buffer: Buffered, { value }: Valued) => {
    if (typeof value === 'string') parts.write(buffer, value);
    else buffer.writeUInt8(0);
  },
});

/** decimal(38,12) from canonical text. */
export const exactDecimal = exact(TYPES.Decimal, {
  declaration: `decimal(${precision}, ${scale})`,
  info: [decimalId, 17, precision, scale],
  write: writeDecimal,
});

/** datetimeoffset(7) in UTC from RFC 3339 text that ends in Z. */
export const exactMoment = exact(TYPES.DateTimeOffset, { declaration: 'datetimeoffset(7)', info: [offsetId, 7], write: writeMoment });

/** date from `2026-11-23`. */
export const exactDate = exact(TYPES.Date, {
  declaration: 'date',
  info: [dateId],
  write: (buffer, text) => {
    buffer.writeUInt8(3);
    buffer.writeUInt24LE(daysOf(text));
  },
});
