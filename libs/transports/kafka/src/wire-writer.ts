/** Writes Kafka's primitive types one after the other into a buffer of a size that is known before. */
export interface WireWriter {
  readonly int8: (value: number) => WireWriter;
  readonly int16: (value: number) => WireWriter;
  readonly int32: (value: number) => WireWriter;
  readonly uint32: (value: number) => WireWriter;
  readonly int64: (value: number) => WireWriter;
  /** From text: producer ids use all 64 bits. */
  readonly id64: (value: string) => WireWriter;
  readonly varint: (value: number) => WireWriter;
  readonly uvarint: (value: number) => WireWriter;
  readonly bytes: (value: Uint8Array) => WireWriter;
  readonly string: (value: string) => WireWriter;
  readonly finish: () => Buffer;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Bytes that `uvarint` takes. */
export const uvarintSize = (value: number): number => {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
};

/** Bytes that `varint` takes. */
export const varintSize = (value: number): number => uvarintSize(zigzag(value));

export const stringSize = (value: string): number => 2 + Buffer.byteLength(value, 'utf8');

/** @param size - of everything that will be written, in bytes */
export const writeWire = (size: number): WireWriter => {
  const buffer = Buffer.allocUnsafe(size);
  let at = 0;
  const writer: WireWriter = {
    int8: (value) => {
      at = buffer.writeInt8(value, at);
      return writer;
    },
    int16: (value) => {
      at = buffer.writeInt16BE(value, at);
      return writer;
    },
    int32: (value) => {
      at = buffer.writeInt32BE(value, at);
      return writer;
    },
    uint32: (value) => {
      at = buffer.writeUInt32BE(value, at);
      return writer;
    },
    int64: (value) => {
      at = buffer.writeBigInt64BE(BigInt(value), at);
      return writer;
    },
    id64: (value) => {
      at = buffer.writeBigInt64BE(BigInt(value), at);
      return writer;
    },
    varint: (value) => writer.uvarint(zigzag(value)),
    uvarint: (value) => {
      let rest = value;
      for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) at = buffer.writeUInt8((rest % 0x80) + 0x80, at);
      at = buffer.writeUInt8(rest, at);
      return writer;
    },
    bytes: (value) => {
      buffer.set(value, at);
      at += value.byteLength;
      return writer;
    },
    string: (value) => {
      const length = Buffer.byteLength(value, 'utf8');
      at = buffer.writeInt16BE(length, at);
      at += buffer.write(value, at, length, 'utf8');
      return writer;
    },
    finish: () => {
      if (at !== size) throw new RangeError(`${at} bytes were written, ${size} were announced`);
      return buffer;
    },
  };
  return writer;
};
