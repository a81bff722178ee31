import { ExpressionError } from '../expression-types.ts';
import { boundDecimal, conversionHint, Decimal, isList, isSpan, kindOf, textMax } from './operand.ts';
import type { Operand, Span } from './operand.ts';

/*
 * The arithmetic operators. Each follows SQL's rule: a null operand makes the result null. Numbers are exact, but for `/`, which rounds
 * half to even at 12 fraction digits.
 */

type Operator = (a: Operand, b: Operand, start: number) => Operand;

const listMax = 100_000;

const refuse = (symbol: string, a: Operand, b: Operand, start: number): never => {
  throw new ExpressionError(`no operator ${kindOf(a)} ${symbol} ${kindOf(b)}${conversionHint(a, b)}`, start);
};

const move = (instant: Temporal.Instant, nanoseconds: bigint, start: number): Temporal.Instant => {
  try {
    return Temporal.Instant.fromEpochNanoseconds(instant.epochNanoseconds + nanoseconds);
  } catch {
    throw new ExpressionError('the timestamp is out of range', start);
  }
};

const span = (nanoseconds: bigint): Span => ({ nanoseconds });

export const add: Operator = (a, b, start) => {
  if (a === null || b === null) return null;
  if (a instanceof Decimal && b instanceof Decimal) return boundDecimal(a.plus(b), start);
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length + b.length > textMax) throw new ExpressionError(`the text is longer than ${textMax} characters`, start);
    return a + b;
  }
  if (isList(a) && isList(b)) {
    if (a.length + b.length > listMax) throw new ExpressionError(`the list is longer than ${listMax} items`, start);
    return [...a, ...b];
  }
  if (a instanceof Temporal.Instant && isSpan(b)) return move(a, b.nanoseconds, start);
  if (isSpan(a) && b instanceof Temporal.Instant) return move(b, a.nanoseconds, start);
  if (isSpan(a) && isSpan(b)) return span(a.nanoseconds + b.nanoseconds);
  return refuse('+', a, b, start);
};

export const subtract: Operator = (a, b, start) => {
  if (a === null || b === null) return null;
  if (a instanceof Decimal && b instanceof Decimal) return boundDecimal(a.minus(b), start);
  if (a instanceof Temporal.Instant && b instanceof Temporal.Instant) return span(a.epochNanoseconds - b.epochNanoseconds);
  if (a instanceof Temporal.Instant && isSpan(b)) return move(a, -b.nanoseconds, start);
  if (isSpan(a) && isSpan(b)) return span(a.nanoseconds - b.nanoseconds);
  return refuse('-', a, b, start);
};

export const multiply: Operator = (a, b, start) => {
  if (a === null || b === null) return null;
  return a instanceof Decimal && b instanceof Decimal ? boundDecimal(a.times(b), start) : refuse('*', a, b, start);
};

export const divide: Operator = (a, b, start) => {
  if (a === null || b === null) return null;
  if (!(a instanceof Decimal && b instanceof Decimal)) return refuse('/', a, b, start);
  if (b.c[0] === 0) throw new ExpressionError('division by zero', start);
  return boundDecimal(a.div(b), start);
};

/** The sign follows the dividend, as in CEL and SQL. */
export const remainder: Operator = (a, b, start) => {
  if (a === null || b === null) return null;
  if (!(a instanceof Decimal && b instanceof Decimal)) return refuse('%', a, b, start);
  if (b.c[0] === 0) throw new ExpressionError('division by zero', start);
  return a.mod(b);
};

export const negate = (operand: Operand, start: number): Operand => {
  if (operand === null) return null;
  if (operand instanceof Decimal) return operand.times(-1);
  if (isSpan(operand)) return span(-operand.nanoseconds);
  throw new ExpressionError(`no operator - ${kindOf(operand)}`, start);
};
