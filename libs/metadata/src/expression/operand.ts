import type { Value } from '@dsf/messages';
import { Big } from 'big.js';
import { ExpressionError } from '../expression-types.ts';

/*
 * What an expression computes with. Numbers are exact decimals, timestamps have nanoseconds, so nothing is lost between `Value` and here.
 */

/** A constructor of our own, because rounding is a property of the constructor: half to even, 12 fraction digits (semantics.md, types). */
export const Decimal = Big();
Decimal.DP = 12;
Decimal.RM = 2;

export type Decimal = Big;

/** A length of time. */
export interface Span {
  readonly nanoseconds: bigint;
}

export type Operand = null | boolean | string | Decimal | Temporal.Instant | Span | readonly Operand[] | ReadonlyMap<string, Operand>;

export type Kind = 'null' | 'bool' | 'string' | 'number' | 'timestamp' | 'duration' | 'list' | 'map';

/** Most digits of a number, on either side of the point: enough for any column, too few to fill a memory. */
const digitsMax = 1000;
/** Most characters of a text that an expression makes. */
export const textMax = 1_000_000;

const isDecimal = (operand: Operand): operand is Decimal => operand instanceof Decimal;
export const isList = (operand: Operand): operand is readonly Operand[] => Array.isArray(operand);
export const isSpan = (operand: Operand): operand is Span => typeof operand === 'object' && operand !== null && 'nanoseconds' in operand;

export const isMap = (operand: Operand): operand is ReadonlyMap<string, Operand> => operand instanceof Map;

export const kindOf = (operand: Operand): Kind => {
  if (operand === null) return 'null';
  if (typeof operand === 'boolean') return 'bool';
  if (typeof operand === 'string') return 'string';
  if (operand instanceof Decimal) return 'number';
  if (operand instanceof Temporal.Instant) return 'timestamp';
  if (isMap(operand)) return 'map';
  return isList(operand) ? 'list' : 'duration';
};

/** @throws ExpressionError when the text is no number, or longer than any number that DSF computes with */
export const parseDecimal = (text: string, start: number): Decimal => {
  if (text.length > 2 * digitsMax)
    throw new ExpressionError(`a number of ${text.length} digits is more than the ${digitsMax} that can be computed with`, start);
  try {
    return boundDecimal(new Decimal(text), start);
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    throw new ExpressionError(`${JSON.stringify(text.slice(0, 40))} is not a number`, start);
  }
};

/** Keeps repeated multiplication from filling the memory. */
export const boundDecimal = (number: Decimal, start: number): Decimal => {
  if (Math.abs(number.e) > digitsMax || number.c.length > 2 * digitsMax)
    throw new ExpressionError(`the number has more than ${digitsMax} digits`, start);
  return number;
};

/** Canonical text: no exponent, no superfluous zeros, no minus zero. */
export const decimalText = (number: Decimal): string => (number.c[0] === 0 ? '0' : number.toFixed());

export const operandOf = (value: Value): Operand => {
  if (value === null || typeof value !== 'object') return value;
  if ('n' in value) return parseDecimal(value.n, 0);
  if ('l' in value) return value.l.map(operandOf);
  return new Map(Object.entries(value.m).map(([name, member]) => [name, operandOf(member)]));
};

export const valueOf = (operand: Operand): Value => {
  if (operand === null || typeof operand !== 'object') return operand;
  if (isDecimal(operand)) return { n: decimalText(operand) };
  if (operand instanceof Temporal.Instant) return operand.toString();
  if (isList(operand)) return { l: operand.map(valueOf) };
  // Entries, not assignment: a member called `__proto__` must stay a member.
  if (isMap(operand)) return { m: Object.fromEntries([...operand].map(([name, member]) => [name, valueOf(member)])) };
  return spanText(operand);
};

/** CEL's spelling of a duration: seconds with a fraction, `5400s`, `0.5s`. */
export const spanText = ({ nanoseconds }: Span): string => `${decimalText(new Decimal(nanoseconds.toString()).div(1_000_000_000))}s`;

/** CEL's equality: values of different kinds are not equal; it never fails. */
export const equals = (a: Operand, b: Operand): boolean => {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (isDecimal(a)) return isDecimal(b) && a.eq(b);
  if (a instanceof Temporal.Instant) return b instanceof Temporal.Instant && a.equals(b);
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => equals(item, b[index] ?? null));
  if (!isMap(a)) return isSpan(b) && a.nanoseconds === b.nanoseconds;
  return isMap(b) && a.size === b.size && [...a].every(([name, member]) => b.has(name) && equals(member, b.get(name) ?? null));
};

/** By code point, as the databases' binary order does; UTF-16 order differs beyond U+FFFF. */
const compareTexts = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  if (index === length) return a.length - b.length;
  const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  return rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
};

/** @returns below, at or above 0; null when one side is null. @throws ExpressionError when the two cannot be ordered */
export const compare = (a: Operand, b: Operand, start: number): number | null => {
  if (a === null || b === null) return null;
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Decimal && b instanceof Decimal) return a.cmp(b);
  if (a instanceof Temporal.Instant && b instanceof Temporal.Instant) return Temporal.Instant.compare(a, b);
  if (isSpan(a) && isSpan(b)) return a.nanoseconds < b.nanoseconds ? -1 : Number(a.nanoseconds > b.nanoseconds);
  throw new ExpressionError(`cannot compare ${kindOf(a)} with ${kindOf(b)}${conversionHint(a, b)}`, start);
};

/** What a person most likely meant when two kinds do not go together. */
export const conversionHint = (a: Operand, b: Operand): string => {
  const kinds = [kindOf(a), kindOf(b)];
  if (!kinds.includes('string')) return '';
  if (kinds.includes('number')) return '; decimal(…) makes a number of a text, string(…) a text of a number';
  return kinds.includes('timestamp') ? '; timestamp(…) makes a timestamp of a text' : '';
};
