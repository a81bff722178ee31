/*
 * Exact numbers as text. Canonical: no exponent, no leading `+`, no superfluous zeros, `0` for every zero.
 */

/** Numbers that would need more digits than this keep an exponent: 1e999999999 is ten letters, not a gigabyte. */
const plainDigitsMax = 4000;

const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** `/0+$/` would look at every zero again for each zero before it: minutes for a number of a million digits. */
const withoutEndingZeros = (digits: string): string => {
  let end = digits.length;
  while (digits.endsWith('0', end)) end -= 1;
  return digits.slice(0, end);
};

/**
 * @param text - a JSON number
 * @returns the same number, canonical; in the form `-1.5e-9999` when plain digits would be more than 4,000
 */
export const canonicalNumber = (text: string): string => {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = parts.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = withoutEndingZeros(digits);
  if (significant === '') return '0';
  // The value is 0.<digits> × 10^point.
  const point = digits.length - fraction.length + Number(exponent);
  if (!Number.isSafeInteger(point) || point > plainDigitsMax || significant.length - point > plainDigitsMax) {
    return scientific(sign, significant, BigInt(digits.length - fraction.length - 1) + BigInt(exponent));
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${significant}`;
  if (point >= significant.length) return `${sign}${significant}${'0'.repeat(point - significant.length)}`;
  return `${sign}${significant.slice(0, point)}.${significant.slice(point)}`;
};

const scientific = (sign: string, significant: string, exponent: bigint): string => {
  const mantissa = significant.length === 1 ? significant : `${significant.slice(0, 1)}.${significant.slice(1)}`;
  return `${sign}${mantissa}e${exponent}`;
};

/** The exact text of a JavaScript number that stands for what the message said. */
export const numberText = (value: number): string => {
  const text = String(value);
  return text.includes('e') || text === '-0' ? canonicalNumber(text) : text;
};

/** True when the canonical text has room in a decimal of that many digits, `scale` of them after the point. */
export const fitsDecimal = (canonical: string, decimal: { readonly precision: number; readonly scale: number }): boolean => {
  if (canonical.includes('e')) return false;
  const start = canonical.startsWith('-') ? 1 : 0;
  const point = canonical.indexOf('.');
  const whole = (point === -1 ? canonical.length : point) - start;
  const fraction = point === -1 ? 0 : canonical.length - point - 1;
  return fraction <= decimal.scale && whole <= decimal.precision - decimal.scale;
};

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** The integer of a canonical text within int64: a number when that is exact, else a bigint; null when it is not one. */
export const int64Of = (canonical: string): number | bigint | null => {
  if (canonical.length > 20 || !/^-?\d+$/.test(canonical)) return null;
  const value = BigInt(canonical);
  if (value < int64Min || value > int64Max) return null;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
};

/** The canonical text of something that is written as a JSON number; null for any other text. */
export const numberInText = (text: string): string | null =>
  /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? canonicalNumber(text) : null;
