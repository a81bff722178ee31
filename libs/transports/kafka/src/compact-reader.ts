import { readWire, type WireReader } from './wire-reader.ts';

/**
 * Also reads what newer versions of requests have: lengths that are written as one more than they are, 0 for what is absent, and fields
 * that were added later (kafka.apache.org/protocol#protocol_types).
 */
export interface CompactReader extends WireReader {
  readonly uvarint: () => number;
  readonly compactString: () => string;
  readonly compactList: <T>(read: () => T) => readonly T[];
  /** Passes over what was added later. */
  readonly tags: () => void;
  /** The same, but for the field of one number. @returns null where it is not there */
  readonly tagged: <T>(wanted: number, read: () => T) => T | null;
}

/** A 32-bit number takes at most five groups of seven bits. */
const uvarintBytesMax = 5;
const none = -1;

export const readCompact = (buffer: Buffer): CompactReader => {
  const reader = readWire(buffer);
  const uvarint = (): number => {
    let value = 0;
    for (let index = 0; index < uvarintBytesMax; index += 1) {
      const byte = reader.int8();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte >= 0) return value;
    }
    throw new RangeError(`a number of more than ${uvarintBytesMax} bytes at ${reader.offset()}`);
  };
  const tagged = <T>(wanted: number, read: () => T): T | null => {
    let found: T | null = null;
    for (let left = uvarint(); left > 0; left -= 1) {
      const tag = uvarint();
      const end = uvarint() + reader.offset();
      if (tag === wanted) found = read();
      reader.skip(end - reader.offset());
    }
    return found;
  };
  return {
    ...reader,
    uvarint,
    compactString: () => reader.bytes(Math.max(0, uvarint() - 1)).toString('utf8'),
    compactList: (read) => Array.from({ length: Math.max(0, uvarint() - 1) }, read),
    tags: () => void tagged(none, () => null),
    tagged,
  };
};
