import * as fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import { lz4Bytes } from './lz4-bytes.ts';

/** What compresses well beside what does not: long and short literals, long and short matches, stored blocks. */
const anyPiece = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 40_000 })).map(([bytes, times]) => {
    const run = Buffer.alloc(bytes.length * times);
    return run.fill(bytes);
  }),
);
const anyBody = fc.array(anyPiece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));

describe('what an LZ4 frame expands to', () => {
  it('LAW: is counted to the byte', () => {
    fc.assert(
      fc.property(anyBody, fc.boolean(), fc.boolean(), (body, blockChecksums, contentChecksum) => {
        expect(lz4Bytes(compressFrameSync(body, { blockChecksums, contentChecksum }), 0)).toBe(body.length);
      }),
    );
  });

  it('is at most 255 times what it is, so that little is not counted', () => {
    const frame = compressFrameSync(Buffer.alloc(1_000_000));
    expect(lz4Bytes(frame, frame.length * 255)).toBe(frame.length * 255);
    expect(lz4Bytes(frame, frame.length * 255 - 1)).toBe(1_000_000);
    expect(frame.length * 255).toBeGreaterThan(1_000_000);
  });

  it('is counted behind a header that says more, and what it says is not believed', () => {
    const frame = compressFrameSync(Buffer.alloc(5000));
    const [sized, withDictionary] = [Buffer.from(frame), Buffer.from(frame)];
    sized.writeUInt8(frame.readUInt8(4) | 0x08, 4);
    withDictionary.writeUInt8(frame.readUInt8(4) | 0x09, 4);
    const behind = (head: Buffer, more: number): Buffer => Buffer.concat([head.subarray(0, 6), Buffer.alloc(more), head.subarray(6)]);
    expect(lz4Bytes(behind(sized, 8), 0)).toBe(5000);
    expect(lz4Bytes(behind(withDictionary, 12), 0)).toBe(5000);
  });

  it('is not known of what is no frame, and ends with the bytes of one that was cut off', () => {
    const frame = compressFrameSync(Buffer.alloc(5000));
    const other = Buffer.from(frame);
    other.writeUInt8(0x05, 0);
    expect(() => lz4Bytes(other, 0)).toThrow(/no LZ4 frame/);
    for (let length = 4; length < frame.length; length += 1) {
      const cut = frame.subarray(0, length);
      if (length > 4) expect(lz4Bytes(cut, 0)).toBeLessThanOrEqual(5000);
      else expect(() => lz4Bytes(cut, 0)).toThrow(RangeError);
    }
  });
});
