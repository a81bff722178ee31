import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalNumber, fitsDecimal, int64Of, numberInText, numberText } from './number-text.ts';

const digits = fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String);
const jsonNumbers = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: digits,
    fraction: fc.option(fc.stringMatching(/^\d{1,20}$/)),
    exponent: fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.nat(60))),
  })
  .map(
    ({ sign, whole, fraction, exponent }) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : exponent.join('')}`,
  );

/** The number times 10^100, which is an integer for all that the tests make. */
const scaled = (text: string): bigint => {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(`${whole}${fraction}`) * 10n ** BigInt(100 - fraction.length + Number(exponent));
};

describe('a canonical number', () => {
  it('is the same number, written in the one way that is canonical', () => {
    fc.assert(
      fc.property(jsonNumbers, (text) => {
        const canonical = canonicalNumber(text);
        expect(scaled(canonical)).toBe(scaled(text));
        expect(canonical).toMatch(/^(0|-?(0\.\d*[1-9]|[1-9]\d*(\.\d*[1-9])?))$/);
      }),
    );
  });

  it('of a million digits takes no time that anybody would notice', () => {
    const digits = `1${'0'.repeat(1_000_000)}1`;
    const started = process.cpuUsage();
    expect(canonicalNumber(digits)).toBe(`1.${'0'.repeat(1_000_000)}1e1000001`);
    expect(canonicalNumber(`0.${digits}000`)).toBe(`1.${'0'.repeat(1_000_000)}1e-1`);
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });

  it('of a double is what the double is written as', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }), (value) => {
        expect(numberText(value)).toBe(canonicalNumber(String(value)));
      }),
    );
  });

  it('keeps an exponent where digits would fill the memory', () => {
    expect(canonicalNumber('12.50e+999999999')).toBe('1.25e1000000000');
    expect(canonicalNumber('-0.05e-99999999999999999999')).toBe('-5e-100000000000000000001');
    expect(canonicalNumber('0e999999999999')).toBe('0');
  });
});

describe('whether a number fits', () => {
  it.each([
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', null],
    ['-9223372036854775808', -9223372036854775808n],
    ['-9223372036854775809', null],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['1.5', null],
    ['1e999999', null],
  ])('int64: %s', (text, value) => {
    expect(int64Of(text)).toBe(value);
  });

  it.each([
    ['99999999999999999999999999.999999999999', true],
    ['-99999999999999999999999999.999999999999', true],
    ['100000000000000000000000000', false],
    ['0.0000000000001', false],
    ['1e9999', false],
  ])('decimal(38,12): %s', (text, fits) => {
    expect(fitsDecimal(text, { precision: 38, scale: 12 })).toBe(fits);
  });

  it.each(['', ' 1', '1 ', '01', '+1', '.5', '1.', '0x1', 'NaN', 'Infinity', '1,5', '١'])('text that is no number: %j', (text) => {
    expect(numberInText(text)).toBeNull();
  });
});
