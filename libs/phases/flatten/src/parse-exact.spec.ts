import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact, parseLossless } from './parse-exact.ts';
import { valueOf } from './read-message.ts';
import { normalText } from './flatten-fixture.ts';
import { canonicalNumber } from './number-text.ts';

const parsed = (text: string) => {
  const result = parseExact(new TextEncoder().encode(text), 200);
  if (!result.ok) throw new Error(result.detail);
  return valueOf(result.value);
};

const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => String(value === 0 ? 0 : value)),
  fc.stringMatching(/^-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][+-]?\d{1,3})?$/),
);

describe('parsing', () => {
  it('gives every number exactly, wherever it stands', () => {
    const places = fc.constantFrom<(number: string) => string>(
      (number) => number,
      (number) => ` ${number}\n`,
      (number) => `[${number}]`,
      (number) => `[0 ,\t${number} ]`,
      (number) => `{"é😀":${number}}`,
      (number) => `{"a":"x","b" :\r\n${number},"c":1}`,
    );
    fc.assert(
      fc.property(numbers, places, (number, put) => {
        expect(normalText(parsed(put(number)))).toContain(canonicalNumber(number));
        expect(normalText(parsed(put(number)))).toBe(normalText(valueOf(parseLossless(put(number)))));
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same on the fast and on the exact way', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(normalText(parsed(`[${text}]`))).toBe(normalText(parsed(`[${text},1e400]`)).replace(`,1${'0'.repeat(400)}]`, ']'));
      }),
      { numRuns: 300 },
    );
  });

  it('takes digits in strings for what they are', () => {
    expect(parsed(String.raw`["4111111111111111"," 12345678901234567890","5e3a-9e9","\": 1e5"]`)).toStrictEqual({
      l: ['4111111111111111', ' 12345678901234567890', '5e3a-9e9', '": 1e5'],
    });
  });
});
