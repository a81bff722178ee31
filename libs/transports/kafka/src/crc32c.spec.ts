import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';

describe('CRC-32C', () => {
  // The check value of the catalogue of CRCs, and the examples of RFC 3720, B.4.
  it.each([
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zero bytes', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)), 0x46dd794e],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is what the standard says', (_, bytes, expected) => {
    expect(crc32c(bytes, 0)).toBe(expected);
  });

  it('begins where it is told', () => {
    expect(crc32c(Buffer.from('xy123456789'), 2)).toBe(0xe3069283);
  });
});
