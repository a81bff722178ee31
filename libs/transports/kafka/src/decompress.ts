import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Failure } from '@dsf/ports';
import { decompressFrameSync } from 'lz4-napi';
import { uncompressSync } from 'snappy';
import { lz4Bytes } from './lz4-bytes.ts';

const mebibyte = 1024 * 1024;
const expandedBytes = { min: 16 * mebibyte, max: 256 * mebibyte, partOfMemory: 8 } as const;

/**
 * What a small batch may grow to: against one that was made to fill the memory, which would have the process killed again at each start, and
 * nobody told why. An eighth, because for a moment it is there twice: in the pieces that come of it, and whole.
 * @param memory - bytes that the process may use; 0: not known
 */
export const expandedBytesMaxIn = (memory: number): number => {
  const part = memory === 0 ? expandedBytes.max : Math.floor(memory / expandedBytes.partOfMemory);
  return Math.min(expandedBytes.max, Math.max(expandedBytes.min, part));
};

const expandedBytesMax = expandedBytesMaxIn(process.constrainedMemory());

/** Java clients cut snappy into blocks behind this header (xerial's snappy-java); librdkafka and others send one raw block. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

/** Length before compression: a varint at the front of each raw block (github.com/google/snappy, format_description.txt). */
const snappyLength = (block: Buffer): number => {
  let length = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) break;
  }
  return length;
};

const unsnapBlock = (block: Buffer, room: number): Buffer => {
  if (snappyLength(block) > room) throw new RangeError(`a snappy block of ${snappyLength(block)} bytes`);
  return Buffer.from(uncompressSync(block, { asBuffer: true }));
};

const unsnap = (packed: Buffer, bytesMax: number): Buffer => {
  if (!packed.subarray(0, xerialMagic.length).equals(xerialMagic)) return unsnapBlock(packed, bytesMax);
  const blocks: Buffer[] = [];
  let room = bytesMax;
  for (let at = xerialHeaderBytes; at < packed.length;) {
    const length = packed.readInt32BE(at);
    const block = unsnapBlock(packed.subarray(at + 4, at + 4 + length), room);
    blocks.push(block);
    room -= block.length;
    at += 4 + length;
  }
  return Buffer.concat(blocks);
};

/** The package knows no limit, so what would come of it is counted before, where it could be too much. */
const unlz4 = (packed: Buffer, bytesMax: number): Buffer => {
  const bytes = lz4Bytes(packed, bytesMax);
  if (bytes > bytesMax) throw new RangeError(`an LZ4 frame of ${bytes} bytes`);
  return decompressFrameSync(packed);
};

type Expand = (packed: Buffer, bytesMax: number) => Buffer;

const codecs: Readonly<Record<number, readonly [name: string, expand: Expand]>> = {
  1: ['gzip', (packed, maxOutputLength) => gunzipSync(packed, { maxOutputLength })],
  2: ['snappy', unsnap],
  3: ['lz4', unlz4],
  4: ['zstd', (packed, maxOutputLength) => zstdDecompressSync(packed, { maxOutputLength })],
};

/**
 * The records of a batch as they were before its producer compressed them.
 * @param codec - the low three bits of the attributes
 * @param bytesMax - what they may take then
 * @throws Failure `fatal` `transport.unreadable`
 */
export const decompress = (codec: number, packed: Buffer, bytesMax = expandedBytesMax): Buffer => {
  if (codec === 0) return packed;
  const known = codecs[codec];
  if (known === undefined)
    throw new Failure('fatal', 'transport.unreadable', `it is compressed in a way that is not known, number ${codec}`, { codec });
  const [name, expand] = known;
  try {
    return expand(packed, bytesMax);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `what ${name} made of it cannot be undone, or takes more than ${bytesMax} bytes (${reason})`;
    throw new Failure('fatal', 'transport.unreadable', text, { codec: name, bytesMax }, { cause: error });
  }
};
