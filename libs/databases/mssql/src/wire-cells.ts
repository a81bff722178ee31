import { TYPES } from 'tedious';
import type { BulkColumn } from './connection.ts';
import type { DataType } from './tedious-types.ts';
import { decimalScale, exactDate, exactDecimal, exactMoment } from './wire-types.ts';

/*
 * Values as their bytes in a row, by the type of their column: MS-TDS 2.2.5.4 and 2.2.5.5.
 * https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/
 */

/** Bytes that grow. */
export interface Sink {
  bytes: Buffer;
  /** Where the next byte goes. */
  at: number;
}

export type CellWriter = (sink: Sink, value: unknown) => void;

export const makeRoom = (sink: Sink, more: number): void => {
  if (sink.at + more <= sink.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(sink.bytes.length * 2, sink.at + more));
  sink.bytes.copy(grown, 0, 0, sink.at);
  sink.bytes = grown;
};

const two32 = 2 ** 32;

/** Where `makeRoom` has been called for it. */
const putByte = (sink: Sink, byte: number): void => {
  sink.bytes[sink.at++] = byte;
};

const put16 = (sink: Sink, value: number): void => {
  sink.at = sink.bytes.writeUInt16LE(value, sink.at);
};

const put32 = (sink: Sink, value: number): void => {
  sink.at = sink.bytes.writeUInt32LE(value, sink.at);
};

/** A whole number of at most 53 bits and any sign, as 64 bits. */
const put64 = (sink: Sink, value: number): void => {
  const high = Math.floor(value / two32);
  put32(sink, value - high * two32);
  sink.at = sink.bytes.writeInt32LE(high, sink.at);
};

const misfit = (type: string, value: unknown): TypeError => new TypeError(`a column of type ${type} cannot take a ${typeof value}`);

/** One byte says how long the value is, 0 that it is NULL. */
const short =
  (room: number, put: CellWriter): CellWriter =>
  (sink, value) => {
    makeRoom(sink, room + 1);
    if (value === null || value === undefined) putByte(sink, 0);
    else put(sink, value);
  };

const writeInt = short(4, (sink, value) => {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw misfit('int', value);
  putByte(sink, 4);
  sink.at = sink.bytes.writeInt32LE(value, sink.at);
});

const writeBigInt = short(8, (sink, value) => {
  putByte(sink, 8);
  if (typeof value === 'number' && Number.isSafeInteger(value)) put64(sink, value);
  else if (typeof value === 'bigint') sink.at = sink.bytes.writeBigInt64LE(value, sink.at);
  else throw misfit('bigint', value);
});

const writeBit = short(1, (sink, value) => {
  putByte(sink, 1);
  putByte(sink, value === true || value === 1 ? 1 : 0);
});

const writeFloat = short(8, (sink, value) => {
  if (typeof value !== 'number' || Number.isNaN(value)) throw misfit('float', value);
  putByte(sink, 8);
  // Zero has no sign in SQL, as in the driver.
  sink.at = sink.bytes.writeDoubleLE(value + 0, sink.at);
});

const zeros = Array.from({ length: decimalScale + 1 }, (_, digits) => '0'.repeat(decimalScale - digits));
const low64 = (1n << 64n) - 1n;
const scale = 10 ** decimalScale;
/** Below it a decimal's digits, the point left out, are a number that a double holds. */
const wholeMax = Math.floor(Number.MAX_SAFE_INTEGER / scale);

const writeDecimal = short(17, (sink, text) => {
  if (typeof text !== 'string') throw misfit('decimal', text);
  const isNegative = text.charCodeAt(0) === 45;
  const from = isNegative ? 1 : 0;
  const point = text.indexOf('.', from);
  const whole = point < 0 ? text.slice(from) : text.slice(from, point);
  const fraction = point < 0 ? '' : text.slice(point + 1);
  putByte(sink, 17);
  putByte(sink, isNegative ? 0 : 1);
  const short = Number(whole);
  if (short < wholeMax) {
    put64(sink, short * scale + Number(`${fraction}${zeros[fraction.length] ?? ''}`));
    put64(sink, 0);
    return;
  }
  const magnitude = BigInt(`${whole}${fraction}${zeros[fraction.length] ?? ''}`);
  sink.at = sink.bytes.writeBigUInt64LE(magnitude & low64, sink.at);
  sink.at = sink.bytes.writeBigUInt64LE(magnitude >> 64n, sink.at);
});

const epochDays = 719_162;
const dayMs = 86_400_000;

/** The days of a batch are mostly one. */
let lastDay = { text: '1970-01-01', days: epochDays };

const daysOf = (text: string): number => {
  if (!text.startsWith(lastDay.text)) {
    const day = text.slice(0, 10);
    lastDay = { text: day, days: Math.floor(Date.parse(`${day}T00:00:00Z`) / dayMs) + epochDays };
  }
  return lastDay.days;
};

const putDays = (sink: Sink, days: number): void => {
  sink.at = sink.bytes.writeUIntLE(days, sink.at, 3);
};

/** `2026-11-23T20:57:35.1234567Z`, years 0001 to 9999; digits beyond the seventh are left out. */
const writeMoment = short(10, (sink, text) => {
  if (typeof text !== 'string') throw misfit('datetimeoffset', text);
  const seconds = (Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))) * 60 + Number(text.slice(17, 19));
  const fraction = text.charCodeAt(19) === 46 ? text.slice(20, -1).slice(0, 7).padEnd(7, '0') : '0';
  putByte(sink, 10);
  sink.at = sink.bytes.writeUIntLE(seconds * 10_000_000 + Number(fraction), sink.at, 5);
  putDays(sink, daysOf(text));
  put16(sink, 0);
});

/** datetimeoffset(3) in UTC. */
const writeTime = short(9, (sink, value) => {
  if (!(value instanceof Date)) throw misfit('datetimeoffset', value);
  const days = Math.floor(value.getTime() / dayMs);
  putByte(sink, 9);
  put32(sink, value.getTime() - days * dayMs);
  putDays(sink, days + epochDays);
  put16(sink, 0);
});

const writeDate = short(3, (sink, text) => {
  if (typeof text !== 'string') throw misfit('date', text);
  putByte(sink, 3);
  putDays(sink, daysOf(text));
});

/** Up to so many letters a loop is faster than the call that writes them all. */
const loopMax = 24;

const putUtf16 = (sink: Sink, text: string): void => {
  if (text.length > loopMax) {
    sink.at += sink.bytes.write(text, sink.at, 'utf16le');
    return;
  }
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    putByte(sink, unit & 0xff);
    putByte(sink, unit >> 8);
  }
};

/** A kind of value of any length. */
interface Lengthy<T> {
  readonly is: (value: unknown) => value is T;
  readonly bytesOf: (value: T) => number;
  readonly put: (sink: Sink, value: T) => void;
}

const utf16: Lengthy<string> = {
  is: (value) => typeof value === 'string',
  bytesOf: (text) => text.length * 2,
  put: putUtf16,
};

/** Words of ours, all ASCII: the server's code page does not matter for them. */
const ascii: Lengthy<string> = {
  is: (value) => typeof value === 'string',
  bytesOf: (text) => text.length,
  put: (sink, text) => {
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 127) throw misfit('varchar', text);
      putByte(sink, unit);
    }
  },
};

const binary: Lengthy<Uint8Array> = {
  is: (value) => value instanceof Uint8Array,
  bytesOf: (value) => value.byteLength,
  put: (sink, value) => {
    sink.bytes.set(value, sink.at);
    sink.at += value.byteLength;
  },
};

const noLength = 0xffff;

/** Two bytes say how long the value is, both full that it is NULL. */
const bounded =
  <T>(name: string, { is, bytesOf, put }: Lengthy<T>): CellWriter =>
  (sink, value) => {
    if (value === null || value === undefined) {
      makeRoom(sink, 2);
      put16(sink, noLength);
      return;
    }
    if (!is(value)) throw misfit(name, value);
    const length = bytesOf(value);
    makeRoom(sink, length + 2);
    put16(sink, length);
    put(sink, value);
  };

const full = 0xffff_ffff;

/** In parts, of which we send one: how long all is remains unsaid, then the part with its length, then one of no length. */
const unbounded =
  <T>(name: string, { is, bytesOf, put }: Lengthy<T>): CellWriter =>
  (sink, value) => {
    if (value === null || value === undefined) {
      makeRoom(sink, 8);
      put32(sink, full);
      put32(sink, full);
      return;
    }
    if (!is(value)) throw misfit(name, value);
    const length = bytesOf(value);
    makeRoom(sink, length + 16);
    put32(sink, full - 1);
    put32(sink, full);
    if (length > 0) {
      put32(sink, length);
      put(sink, value);
    }
    put32(sink, 0);
  };

const fixed: ReadonlyMap<DataType, CellWriter> = new Map([
  [TYPES.Int, writeInt],
  [TYPES.BigInt, writeBigInt],
  [TYPES.Bit, writeBit],
  [TYPES.Float, writeFloat],
  [TYPES.DateTimeOffset, writeTime],
  [exactDecimal, writeDecimal],
  [exactMoment, writeMoment],
  [exactDate, writeDate],
]);

/** The driver declares what is longer as `max`. */
const lengthMax = { nvarchar: 4_000, other: 8_000 };

export const cellWriter = ({ name, type, length = Number.POSITIVE_INFINITY }: BulkColumn): CellWriter => {
  const known = fixed.get(type);
  if (known !== undefined) return known;
  if (type === TYPES.NVarChar) return (length <= lengthMax.nvarchar ? bounded : unbounded)(type.name, utf16);
  if (type === TYPES.VarChar) return (length <= lengthMax.other ? bounded : unbounded)(type.name, ascii);
  if (type === TYPES.VarBinary) return (length <= lengthMax.other ? bounded : unbounded)(type.name, binary);
  throw new TypeError(`column ${name}: nobody has said how a ${type.name} is written`);
};
