/* What an LZ4 frame expands to, counted without expanding it (github.com/lz4/lz4, doc/lz4_Frame_format.md and lz4_Block_format.md). */

const frameMagic = 0x184d2204;
const flag = { dictionary: 0x01, contentSize: 0x08, blockChecksum: 0x10 } as const;
/** Magic, flags, block descriptor and checksum of the header. */
const headBytes = 7;
const storedBit = 0x8000_0000;
/** No byte of a block stands for more: one that carries a length on adds 255. */
const ratioMax = 255;
/** A length of 15 goes on in further bytes, until one of them is not 255. */
const longLength = 15;
const matchBytesMin = 4;

/** Counts what stands in the block before it is damaged, if it is. */
const blockBytes = (block: Buffer): number => {
  let at = 0;
  let bytes = 0;
  const readLength = (short: number): number => {
    let length = short;
    if (short === longLength)
      for (let more = ratioMax; more === ratioMax; at += 1) {
        more = block[at] ?? 0;
        length += more;
      }
    return length;
  };
  while (at < block.length) {
    const token = block[at] ?? 0;
    at += 1;
    const literals = readLength(token >>> 4);
    at += literals;
    bytes += literals;
    // The last sequence of a block is literals alone.
    if (at >= block.length) break;
    at += 2;
    bytes += readLength(token & 0x0f) + matchBytesMin;
  }
  return bytes;
};

const countBlocks = (frame: Buffer): number => {
  if (frame.readUInt32LE(0) !== frameMagic) throw new RangeError('it is no LZ4 frame');
  const flags = frame.readUInt8(4);
  const checksum = (flags & flag.blockChecksum) === 0 ? 0 : 4;
  let at = headBytes + ((flags & flag.contentSize) === 0 ? 0 : 8) + ((flags & flag.dictionary) === 0 ? 0 : 4);
  let bytes = 0;
  while (at + 4 <= frame.length) {
    const size = frame.readUInt32LE(at);
    if (size === 0) break;
    const length = size % storedBit;
    at += 4;
    bytes += size >= storedBit ? length : blockBytes(frame.subarray(at, at + length));
    at += length + checksum;
  }
  return bytes;
};

/**
 * Upper bound of what comes of one frame. The size that its header may give is not believed.
 * @param enough - bytes that do no harm: what cannot become more is not counted, since that takes time
 * @throws RangeError
 */
export const lz4Bytes = (frame: Buffer, enough: number): number => {
  const bound = frame.length * ratioMax;
  return bound <= enough ? bound : countBlocks(frame);
};
