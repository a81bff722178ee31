/** Reads Kafka's primitive types one after the other; all are big-endian (kafka.apache.org/protocol#protocol_types). */
export interface WireReader {
  readonly offset: () => number;
  readonly left: () => number;
  readonly skip: (bytes: number) => void;
  readonly int8: () => number;
  readonly int16: () => number;
  readonly int32: () => number;
  readonly uint32: () => number;
  /** Offsets and times stay far below 2^53. */
  readonly int64: () => number;
  /** As text: producer ids use all 64 bits. */
  readonly id64: () => string;
  readonly varint: () => number;
  readonly varlong: () => number;
  /** A view, not a copy. @throws RangeError when the bytes are not there */
  readonly bytes: (length: number) => Buffer;
  /** As `bytes`, without Buffer's own methods, so that what is passed on is what the port says. */
  readonly view: (length: number) => Uint8Array;
  readonly string: () => string;
  readonly list: <T>(read: (reader: WireReader) => T) => readonly T[];
}

/** A 64-bit number takes at most ten groups of seven bits. */
const varintBytesMax = 10;

export const readWire = (buffer: Buffer): WireReader => {
  let at = 0;
  const advance = (bytes: number): number => {
    if (bytes < 0 || at + bytes > buffer.length) throw new RangeError(`${bytes} bytes at ${at} of ${buffer.length}`);
    at += bytes;
    return at - bytes;
  };
  /** Zigzag, in floating point beyond 32 bits: exact up to 2^53. */
  const varlong = (): number => {
    // Most are lengths and differences of one or two bytes.
    const first = buffer[at] ?? 0x80;
    if (first < 0x80) {
      at += 1;
      return (first >>> 1) ^ -(first & 1);
    }
    const second = buffer[at + 1] ?? 0x80;
    if (second < 0x80) {
      at += 2;
      const value = (first & 0x7f) | (second << 7);
      return (value >>> 1) ^ -(value & 1);
    }
    let low = 0;
    let high = 0;
    for (let index = 0; index < varintBytesMax; index += 1) {
      const byte = buffer.readUInt8(advance(1));
      if (index < 4) low |= (byte & 0x7f) << (index * 7);
      else high += (byte & 0x7f) * 2 ** ((index - 4) * 7);
      if (byte < 0x80) {
        const value = high * 2 ** 28 + low;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
    }
    throw new RangeError(`a number of more than ${varintBytesMax} bytes at ${at}`);
  };
  const bytes = (length: number): Buffer => {
    const start = advance(length);
    return buffer.subarray(start, start + length);
  };
  const reader: WireReader = {
    offset: () => at,
    left: () => buffer.length - at,
    skip: (length) => void advance(length),
    int8: () => buffer.readInt8(advance(1)),
    int16: () => buffer.readInt16BE(advance(2)),
    int32: () => buffer.readInt32BE(advance(4)),
    uint32: () => buffer.readUInt32BE(advance(4)),
    int64: () => Number(buffer.readBigInt64BE(advance(8))),
    id64: () => buffer.readBigInt64BE(advance(8)).toString(),
    varint: varlong,
    varlong,
    bytes,
    view: (length) => new Uint8Array(buffer.buffer, buffer.byteOffset + advance(length), length),
    string: () => bytes(buffer.readInt16BE(advance(2))).toString('utf8'),
    list: (read) => {
      const count = buffer.readInt32BE(advance(4));
      // An absent list has the length -1.
      return Array.from({ length: Math.max(0, count) }, () => read(reader));
    },
  };
  return reader;
};
