import { ExpressionError } from '../expression-types.ts';
import type { CelFunction } from './frame.ts';
import { compare, Decimal, decimalText, isList, isMap, isSpan, kindOf, parseDecimal, spanText, textMax } from './operand.ts';
import type { Operand } from './operand.ts';
import { timeFunctions } from './time-functions.ts';

const argument = (args: readonly Operand[], index: number): Operand => args[index] ?? null;

const wrong = (operand: Operand, wanted: string, start: number): never => {
  throw new ExpressionError(`expected ${wanted}, got ${kindOf(operand)}`, start);
};

const textArgument = (args: readonly Operand[], index: number, start: number): string => {
  const operand = argument(args, index);
  return typeof operand === 'string' ? operand : wrong(operand, 'string', start);
};

const numberArgument = (args: readonly Operand[], index: number, start: number): Decimal => {
  const operand = argument(args, index);
  return operand instanceof Decimal ? operand : wrong(operand, 'number', start);
};

/** A whole number between the limits. */
const wholeArgument = (
  args: readonly Operand[],
  index: number,
  limits: { readonly start: number; readonly min: number; readonly max: number },
): number => {
  const number = Number(decimalText(numberArgument(args, index, limits.start)));
  if (!Number.isInteger(number) || number < limits.min || number > limits.max)
    throw new ExpressionError(`expected a whole number from ${limits.min} to ${limits.max}, got ${number}`, limits.start);
  return number;
};

const boundText = (text: string, start: number): string => {
  if (text.length > textMax) throw new ExpressionError(`the text is longer than ${textMax} characters`, start);
  return text;
};

const whole = (number: number): Decimal => new Decimal(number);
const onText = (apply: (text: string) => Operand): CelFunction => ({
  arity: [1, 1],
  apply: (args, start) => apply(textArgument(args, 0, start)),
});
const onTexts = (apply: (text: string, other: string) => Operand): CelFunction => ({
  arity: [2, 2],
  apply: (args, start) => apply(textArgument(args, 0, start), textArgument(args, 1, start)),
});

// Big's rounding modes.
const [down, halfUp] = [0, 1] as const;

const floor = (number: Decimal): Decimal => {
  const cut = number.round(0, down);
  return cut.gt(number) ? cut.minus(1) : cut;
};

const toDecimal: CelFunction = {
  arity: [1, 1],
  apply: ([operand = null], start) => {
    if (operand instanceof Decimal) return operand;
    if (typeof operand === 'boolean') return whole(Number(operand));
    return typeof operand === 'string' ? parseDecimal(operand.trim(), start) : wrong(operand, 'string or number', start);
  },
};

const toWhole: CelFunction = {
  arity: [1, 1],
  apply: (args, start) => {
    const operand = argument(args, 0);
    if (operand instanceof Temporal.Instant) return new Decimal(operand.epochMilliseconds);
    const number = toDecimal.apply(args, start);
    return number instanceof Decimal ? number.round(0, down) : wrong(number, 'number', start);
  },
};

const toText: CelFunction = {
  arity: [1, 1],
  apply: ([operand = null], start) => {
    if (typeof operand === 'string') return operand;
    if (typeof operand === 'boolean') return String(operand);
    if (operand instanceof Decimal) return decimalText(operand);
    if (operand instanceof Temporal.Instant) return operand.toString();
    return isSpan(operand) ? spanText(operand) : wrong(operand, 'a single value', start);
  },
};

const toBoolean: CelFunction = {
  arity: [1, 1],
  apply: ([operand = null], start) => {
    if (typeof operand === 'boolean') return operand;
    if (operand === 'true' || operand === 'false') return operand === 'true';
    throw new ExpressionError(
      `${typeof operand === 'string' ? JSON.stringify(operand.slice(0, 40)) : kindOf(operand)} is neither true nor false`,
      start,
    );
  },
};

const size: CelFunction = {
  arity: [1, 1],
  apply: ([operand = null], start) => {
    // Code points, as CEL counts.
    if (typeof operand === 'string') return whole([...operand].length);
    if (isList(operand)) return whole(operand.length);
    return isMap(operand) ? whole(operand.size) : wrong(operand, 'string, list or map', start);
  },
};

/** The least (-1) or greatest (1) argument, or item of the only argument; nulls are skipped, as by SQL's LEAST and GREATEST. */
const extreme = (sign: -1 | 1): CelFunction => ({
  arity: [1, 32],
  takesNull: true,
  apply: (args, start) => {
    const [first = null] = args;
    const operands = args.length === 1 && isList(first) ? first : args;
    let best: Operand = null;
    for (const operand of operands) if (best === null || (compare(operand, best, start) ?? 0) * sign > 0) best = operand;
    return best;
  },
});

const substring: CelFunction = {
  arity: [2, 3],
  apply: (args, start) => {
    const characters = [...textArgument(args, 0, start)];
    // Past the end is the end: data is shorter than one thinks, and a key must not fail for it.
    const limits = { start, min: 0, max: textMax };
    const from = wholeArgument(args, 1, limits);
    return characters.slice(from, args.length > 2 ? Math.max(from, wholeArgument(args, 2, limits)) : undefined).join('');
  },
};

const replace: CelFunction = {
  arity: [3, 3],
  apply: (args, start) => {
    const [text, from, to] = [textArgument(args, 0, start), textArgument(args, 1, start), textArgument(args, 2, start)];
    if (from === '') throw new ExpressionError('replace: the text to look for is empty', start);
    const times = text.split(from).length - 1;
    if (text.length + times * (to.length - from.length) > textMax)
      throw new ExpressionError(`the text is longer than ${textMax} characters`, start);
    return text.replaceAll(from, () => to);
  },
};

const join: CelFunction = {
  arity: [1, 2],
  apply: (args, start) => {
    const list = argument(args, 0);
    if (!isList(list)) return wrong(list, 'list', start);
    const separator = args.length > 1 ? textArgument(args, 1, start) : '';
    return boundText(list.map((_, index) => textArgument(list, index, start)).join(separator), start);
  },
};

const round: CelFunction = {
  arity: [1, 2],
  // Half away from zero, as ROUND in SQL.
  apply: (args, start) =>
    numberArgument(args, 0, start).round(args.length > 1 ? wholeArgument(args, 1, { start, min: -100, max: 100 }) : 0, halfUp),
};

/** Every function but the macros, `has` and `matches`, which the compiler knows. */
export const celFunctions: ReadonlyMap<string, CelFunction> = new Map<string, CelFunction>([
  ['string', toText],
  ['int', toWhole],
  ['decimal', toDecimal],
  ['double', toDecimal],
  ['bool', toBoolean],
  ['size', size],
  ['abs', { arity: [1, 1], apply: (args, start) => numberArgument(args, 0, start).abs() }],
  ['floor', { arity: [1, 1], apply: (args, start) => floor(numberArgument(args, 0, start)) }],
  ['ceil', { arity: [1, 1], apply: (args, start) => floor(numberArgument(args, 0, start).times(-1)).times(-1) }],
  ['round', round],
  ['min', extreme(-1)],
  ['max', extreme(1)],
  ['lower', onText((text) => text.toLowerCase())],
  ['upper', onText((text) => text.toUpperCase())],
  ['lowerAscii', onText((text) => text.replaceAll(/[A-Z]+/g, (part) => part.toLowerCase()))],
  ['upperAscii', onText((text) => text.replaceAll(/[a-z]+/g, (part) => part.toUpperCase()))],
  ['trim', onText((text) => text.trim())],
  ['contains', onTexts((text, part) => text.includes(part))],
  ['startsWith', onTexts((text, part) => text.startsWith(part))],
  ['endsWith', onTexts((text, part) => text.endsWith(part))],
  ['indexOf', onTexts((text, part) => whole(text.includes(part) ? [...text.slice(0, text.indexOf(part))].length : -1))],
  ['split', onTexts((text, separator) => (separator === '' ? [...text] : text.split(separator)))],
  ['join', join],
  ['substring', substring],
  ['replace', replace],
  ['coalesce', { arity: [1, 32], takesNull: true, apply: (args) => args.find((operand) => operand !== null) ?? null }],
  ...timeFunctions,
]);
