import { expect, it } from 'vitest';
import * as fc from 'fast-check';
import { addDecimals, averageDecimals, compareDecimals, fitsBigint, fitsDecimal, roundDecimal, sumDecimals } from './decimal.ts';

/** Exact arithmetic by another road: everything at 40 digits after the point, as one BigInt. */
const scale = 40;
const unitsOf = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const units = BigInt(whole + fraction.padEnd(scale, '0'));
  return text.startsWith('-') ? -units : units;
};
const textOf = (units: bigint): string => {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  const text = digits.slice(0, -scale) + (fraction === '' ? '' : `.${fraction}`);
  return units < 0n ? `-${text}` : text;
};

/** Short ones and long ones, so that both roads of the code are taken and crossed. */
const decimal = fc
  .tuple(
    fc.oneof(
      fc.bigInt({ min: -999n, max: 999n }),
      fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
    ),
    fc.integer({ min: 0, max: 20 }),
  )
  .map(([units, digits]) => textOf(units * 10n ** BigInt(scale - digits)));

it('adds exactly what doubles cannot', () => {
  expect(addDecimals('0.1', '0.2')).toBe('0.3');
  expect(addDecimals('9007199254740992', '1')).toBe('9007199254740993');
  expect(addDecimals('99999999999999.9', '0.1')).toBe('100000000000000');
  expect(addDecimals('0.00000000001', '999999999999999')).toBe('999999999999999.00000000001');
  expect(addDecimals('-12.5', '12.5')).toBe('0');
});

it('adds as exact arithmetic does, in canonical text', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      expect(addDecimals(a, b)).toBe(textOf(unitsOf(a) + unitsOf(b)));
    }),
    { numRuns: 500 },
  );
});

it('sums many as it adds them one by one, whatever their digits', () => {
  expect(sumDecimals([])).toBe('0');
  expect(sumDecimals(['9007199254740991', '1', '0.5', '-9007199254740991'])).toBe('1.5');
  fc.assert(
    fc.property(fc.array(decimal, { maxLength: 12 }), (texts) => {
      expect(sumDecimals(texts)).toBe(textOf(texts.reduce((sum, text) => sum + unitsOf(text), 0n)));
    }),
    { numRuns: 500 },
  );
});

it('compares by value, also where doubles are equal', () => {
  expect(compareDecimals('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
  expect(compareDecimals('0.12345678901234567', '0.12345678901234568')).toBeLessThan(0);
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const [left, right] = [unitsOf(a), unitsOf(b)];
      expect(Math.sign(compareDecimals(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0);
    }),
    { numRuns: 500 },
  );
});

it('rounds averages half to even, at 12 digits after the point', () => {
  expect(averageDecimals('10', '4')).toBe('2.5');
  expect(averageDecimals('1', '3')).toBe('0.333333333333');
  expect(averageDecimals('2', '3')).toBe('0.666666666667');
  expect(averageDecimals('0.000000000001', '2')).toBe('0');
  expect(averageDecimals('0.000000000003', '2')).toBe('0.000000000002');
  expect(averageDecimals('-0.000000000005', '2')).toBe('-0.000000000002');
  expect(averageDecimals('-0.000000000001', '4')).toBe('0');
  expect(averageDecimals('37.02', '2')).toBe('18.51');
  expect(averageDecimals('-37.01', '3')).toBe('-12.336666666667');
});

/** Short and long, because they take different roads. */
const anyInteger = fc.oneof(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: -(10n ** 13n), max: 10n ** 13n }));

it('averages as exact arithmetic does', () => {
  fc.assert(
    fc.property(anyInteger, fc.bigInt({ min: 1n, max: 10n ** 9n }), (sum, count) => {
      const numerator = sum * 10n ** 12n;
      const [quotient, rest] = [numerator / count, numerator % count];
      const twice = (rest < 0n ? -rest : rest) * 2n;
      const away = twice > count || (twice === count && quotient % 2n !== 0n);
      const rounded = away ? quotient + (numerator < 0n ? -1n : 1n) : quotient;
      expect(averageDecimals(String(sum), String(count))).toBe(textOf(rounded * 10n ** BigInt(scale - 12)));
    }),
    { numRuns: 300 },
  );
});

it('rounds to 12 digits after the point and leaves shorter numbers alone', () => {
  expect(roundDecimal('1.1234567890125')).toBe('1.123456789012');
  expect(roundDecimal('1.1234567890135')).toBe('1.123456789014');
  expect(roundDecimal('-0.0000000000001')).toBe('0');
  expect(roundDecimal('1.5')).toBe('1.5');
});

it('knows the limits of the column types', () => {
  expect(['9'.repeat(26), `-${'9'.repeat(26)}.5`, '0'].every(fitsDecimal)).toBe(true);
  expect([`1${'0'.repeat(26)}`, `-1${'0'.repeat(26)}.5`].some(fitsDecimal)).toBe(false);
  expect(['9223372036854775807', '-9223372036854775808', '0'].every(fitsBigint)).toBe(true);
  expect(['9223372036854775808', '-9223372036854775809', '1.5', '1'.repeat(30)].some(fitsBigint)).toBe(false);
});
