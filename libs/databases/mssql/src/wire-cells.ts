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
  /** The same memory, for numbers: a quarter of what a Buffer's own methods take. */
  view: DataView;
  /** Where the next byte goes. */
  at: number;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Buffer): DataView => new DataView(buffer, byteOffset, byteLength);

export const newSink = (size: number): Sink => {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: viewOf(bytes), at: 0 };
};

export type CellWriter = (sink: Sink, value: unknown) => void;

export const makeRoom = (sink: Sink, more: number): void => {
  if (sink.at + more <= sink.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(sink.bytes.length * 2, sink.at + more));
  sink.bytes.copy(grown, 0, 0, sink.at);
  [sink.bytes, sink.view] = [grown, viewOf(grown)];
};

const two32 = 2 ** 32;

/** Where `makeRoom` has been called for it, as for all that begin with `put`. */
const putByte = (sink: Sink, byte: number): void => {
  sink.view.setUint8(sink.at, byte);
  sink.at += 1;
};

const put16 = (sink: Sink, value: number): void => {
  sink.view.setUint16(sink.at, value, true);
  sink.at += 2;
};

const put32 = (sink: Sink, value: number): void => {
  sink.view.setUint32(sink.at, value, true);
  sink.at += 4;
};

/** A whole number of at most 53 bits and any sign, as 64 bits. */
const put64 = (sink: Sink, value: number): void => {
  const high = Math.floor(value / two32);
  sink.view.setUint32(sink.at, value - high * two32, true);
  sink.view.setInt32(sink.at + 4, high, true);
  sink.at += 8;
};

const misfit = (type: string, value: unknown): TypeError => new TypeError(`a column of type ${type} cannot take a ${typeof value}`);

/** Most bytes that `putInt` and `putBigInt` take. */
export const roomOf = { int: 5, bigint: 9 } as const;

/** A cell of type int. */
export const putInt = (sink: Sink, value: number | null): void => {
  if (value === null) return putByte(sink, 0);
  if ((value | 0) !== value) throw misfit('int', value);
  sink.view.setUint8(sink.at, 4);
  sink.view.setInt32(sink.at + 1, value, true);
  sink.at += roomOf.int;
};

/** A cell of type bigint. */
export const putBigInt = (sink: Sink, value: number | bigint | null): void => {
  if (value === null) return putByte(sink, 0);
  putByte(sink, 8);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return put64(sink, value);
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw misfit('bigint', value);
  sink.view.setBigInt64(sink.at, value, true);
  sink.at += 8;
};

/** One byte says how long the value is, 0 that it is NULL. */
const short =
  (room: number, put: CellWriter): CellWriter =>
  (sink, value) => {
    makeRoom(sink, room + 1);
    if (value === null || value === undefined) putByte(sink, 0);
    else put(sink, value);
  };

const writeInt = short(4, (sink, value) => {
  if (typeof value !== 'number') throw misfit('int', value);
  putInt(sink, value);
});

const writeBigInt = short(8, (sink, value) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw misfit('bigint', value);
  putBigInt(sink, value);
});

const writeBit = short(1, (sink, value) => {
  putByte(sink, 1);
  putByte(sink, value === true || value === 1 ? 1 : 0);
});

const writeFloat = short(8, (sink, value) => {
  if (typeof value !== 'number' || Number.isNaN(value)) throw misfit('float', value);
  putByte(sink, 8);
  // Zero has no sign in SQL, as in the driver.
  sink.view.setFloat64(sink.at, value + 0, true);
  sink.at += 8;
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
  sink.view.setBigUint64(sink.at, magnitude & low64, true);
  sink.view.setBigUint64(sink.at + 8, magnitude >> 64n, true);
  sink.at += 16;
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

/** Three bytes. A DataView would cut what does not fit. */
const putDays = (sink: Sink, days: number): void => {
  if (!(days >= 0 && days < 2 ** 24)) throw new RangeError(`a day ${days} days after the first of the year 1`);
  put16(sink, days & 0xffff);
  putByte(sink, days >>> 16);
};

/** `2026-11-23T20:57:35.1234567Z`, years 0001 to 9999; digits beyond the seventh are left out. */
const writeMoment = short(10, (sink, text) => {
  if (typeof text !== 'string') throw misfit('datetimeoffset', text);
  const seconds = (Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))) * 60 + Number(text.slice(17, 19));
  const fraction = text.charCodeAt(19) === 46 ? text.slice(20, -1).slice(0, 7).padEnd(7, '0') : '0';
  putByte(sink, 10);
  const ticks = seconds * 10_000_000 + Number(fraction);
  if (!(ticks >= 0 && ticks < 2 ** 40)) throw new RangeError(`a time ${ticks} ticks after midnight`);
  put32(sink, ticks % two32);
  putByte(sink, Math.floor(ticks / two32));
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
  const { view, at } = sink;
  for (let index = 0; index < text.length; index += 1) view.setUint16(at + index * 2, text.charCodeAt(index), true);
  sink.at = at + text.length * 2;
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
