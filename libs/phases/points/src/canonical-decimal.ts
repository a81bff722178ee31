import { ExpressionError } from '@dsf/metadata';
import Big from 'big.js';

/** No exponent, no superfluous zeros. `-0` and the like are not canonical and take the slow way. */
const canonical = /^(?:0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d*[1-9])$/;

/** Digits before or after the point, as in expressions; 1e999999999 would otherwise become a gigabyte of zeros. */
const digitsMax = 1000;

/**
 * The canonical text of a number as JSON or a database writes it (`1.50`, `-0`, `1E+3` → `1.5`, `0`, `1000`), with every digit kept.
 * @throws ExpressionError when it is no number, or has more than 1,000 digits before or after the point
 */
export const canonicalDecimal = (text: string): string => {
  if (canonical.test(text) && text.length <= digitsMax) return text;
  let big: Big;
  try {
    big = new Big(text);
  } catch {
    throw new ExpressionError(`not a number: ${text.slice(0, 40)}`);
  }
  if (big.e >= digitsMax || big.c.length - big.e - 1 > digitsMax)
    throw new ExpressionError(`a number with more than ${digitsMax} digits: ${text.slice(0, 40)}`);
  return big.c[0] === 0 ? '0' : big.toFixed();
};
