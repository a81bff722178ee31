import { expect, it } from 'vitest';
import * as fc from 'fast-check';
import { canonicalDecimal } from './canonical-decimal.ts';

it.each(['', 'x', '1,5', 'NaN', 'Infinity', '0x10', '1e1000', '1e-1001', '1e999999999', '9'.repeat(1001)])('refuses %j', (text) => {
  expect(() => canonicalDecimal(text)).toThrow(/number/);
});

it.each([
  ['0', '0'],
  ['-0', '0'],
  ['-0.00', '0'],
  ['1.50', '1.5'],
  ['-12.340', '-12.34'],
  ['1E+3', '1000'],
  ['25e-3', '0.025'],
  ['007', '7'],
  ['1e21', `1${'0'.repeat(21)}`],
  ['12345678901234567890.123456789012345678', '12345678901234567890.123456789012345678'],
])('writes %s as %s', (text, canonical) => {
  expect(canonicalDecimal(text)).toBe(canonical);
});

it('gives equal numbers equal texts, whatever zeros were written', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.nat(20), fc.nat(5), (units, scale, zeros) => {
      const text = `${units}e-${scale}`;
      const padded = `${units}${'0'.repeat(zeros)}e-${scale + zeros}`;
      expect(canonicalDecimal(padded)).toBe(canonicalDecimal(text));
      expect(canonicalDecimal(canonicalDecimal(text))).toBe(canonicalDecimal(text));
    }),
  );
});
