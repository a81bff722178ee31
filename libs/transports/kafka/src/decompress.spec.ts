import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { decompress, expandedBytesMaxIn } from './decompress.ts';

const piece = Buffer.alloc(64 * 1024);
const limit = 64 * piece.length;

const xerial = (...blocks: readonly Buffer[]): Buffer => {
  const head = Buffer.from('82534e41505059000000000100000001', 'hex');
  const sized = blocks.flatMap((block) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    return [size, block];
  });
  return Buffer.concat([head, ...sized]);
};

/** A frame without its end, which is four bytes of zero, and without what stands before its blocks. */
const lz4Head = 7;
const lz4Blocks = (bytes: Buffer): Buffer => compressFrameSync(bytes).subarray(lz4Head, -4);
const lz4Frame = (...blocks: readonly Buffer[]): Buffer =>
  Buffer.concat([compressFrameSync(piece).subarray(0, lz4Head), ...blocks, Buffer.alloc(4)]);

/** One codec, and a batch of so many times a piece, which is packed once. */
interface Codec {
  readonly name: string;
  readonly codec: number;
  readonly pack: (bytes: Buffer) => Buffer;
  readonly repeat: (piece: Buffer, times: number) => Buffer;
}
const times = <T>(value: T, count: number): readonly T[] => Array.from({ length: count }, () => value);
const codecs: readonly Codec[] = [
  { name: 'gzip', codec: 1, pack: (bytes) => gzipSync(bytes), repeat: (piece, count) => Buffer.concat(times(gzipSync(piece), count)) },
  {
    ...{ name: 'snappy', codec: 2, pack: (bytes) => xerial(compressSync(bytes)) },
    repeat: (piece, count) => xerial(...times(compressSync(piece), count)),
  },
  {
    ...{ name: 'lz4', codec: 3, pack: (bytes) => compressFrameSync(bytes) },
    repeat: (piece, count) => lz4Frame(...times(lz4Blocks(piece), count)),
  },
  {
    ...{ name: 'zstd', codec: 4, pack: (bytes) => zstdCompressSync(bytes) },
    repeat: (piece, count) => Buffer.concat(times(zstdCompressSync(piece), count)),
  },
];
const unreadable = (text: RegExp) =>
  expect.objectContaining({ kind: 'fatal', code: 'transport.unreadable', message: expect.stringMatching(text) as string }) as Error;
const sample = Buffer.from(Array.from({ length: 2000 }, (_, index) => `${index} of many`).join());

describe.each(codecs)('a batch compressed with $name', ({ name, codec, pack, repeat }) => {
  it('is what it was', () => {
    expect(decompress(codec, pack(sample)).equals(sample)).toBe(true);
    expect(decompress(codec, repeat(sample, 3)).equals(Buffer.concat(times(sample, 3)))).toBe(true);
  });

  it('may grow to the limit, and not to more', () => {
    expect(decompress(codec, repeat(piece, 64), limit)).toHaveLength(limit);
    expect(() => decompress(codec, repeat(piece, 65), limit)).toThrow(
      unreadable(/larger than 4194304|block of 65536 bytes|of 4259840 bytes/),
    );
  });

  it('is unreadable where it is damaged, wherever it breaks off', () => {
    const packed = pack(sample);
    for (let length = 1; length < packed.length; length += 97)
      expect(() => decompress(codec, packed.subarray(0, length))).toThrow(
        unreadable(new RegExp(`what ${name} made of it cannot be undone`)),
      );
    const garbled = Buffer.from(packed);
    garbled.fill(0xff, 0, 24);
    expect(() => decompress(codec, garbled)).toThrow(unreadable(new RegExp(`what ${name} made of it cannot be undone`)));
  });
});

describe('compression', () => {
  it('is undone up to an eighth of the memory that the process may use, and never beyond 256 MiB', () => {
    const mebibyte = 1024 * 1024;
    expect([64, 512, 1024, 4096].map((memory) => expandedBytesMaxIn(memory * mebibyte) / mebibyte)).toEqual([16, 64, 128, 256]);
    // What Node.js says where there is no limit, and where it cannot tell.
    expect([2 ** 64, 0].map((memory) => expandedBytesMaxIn(memory) / mebibyte)).toEqual([256, 256]);
  });

  it('is bounded where nothing is said', () => {
    const many = (count: number): Buffer => lz4Frame(...times(lz4Blocks(piece), count));
    expect(() => decompress(3, many(4097))).toThrow(unreadable(/frame of 268500992 bytes/));
    expect(decompress(3, many(200))).toHaveLength(200 * piece.length);
  });

  it('of no known kind is refused by its number', () => {
    for (const codec of [5, 6, 7]) expect(() => decompress(codec, sample)).toThrow(unreadable(new RegExp(`not known, number ${codec}`)));
  });

  it('is none where there is none', () => {
    expect(decompress(0, sample)).toBe(sample);
  });
});
