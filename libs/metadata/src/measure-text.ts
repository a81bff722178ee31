import type { ASTNode } from '@marcbachmann/cel-js';
import type { z } from 'zod';
import type { ColumnType, measureFunctions, measureObject } from './definitions.ts';
import { parseTree } from './expression.ts';
import { ExpressionError } from './expression-types.ts';

/*
 * Measures are written short (`sum(items.qty * items.price)`, `list(items.sku, 50)`) or long ({ function, of, max, type }). Both mean the
 * same; the catalog holds the long form alone.
 */

export type MeasureFunction = (typeof measureFunctions)[number];
export type MeasureObject = z.infer<typeof measureObject>;

/** What a built-in measure needs, and the column that its result takes. */
export interface MeasureTraits {
  readonly argument: 'none' | 'one';
  readonly type: ColumnType;
  readonly takesMax: boolean;
}

const amount = (type: ColumnType): MeasureTraits => ({ argument: 'one', type, takesMax: false });

export const measureTraits: Readonly<Record<MeasureFunction, MeasureTraits>> = {
  count: { argument: 'none', type: 'bigint', takesMax: false },
  count_if: amount('bigint'),
  distinct: amount('bigint'),
  sum: amount('decimal'),
  avg: amount('decimal'),
  min: amount('decimal'),
  max: amount('decimal'),
  first: amount('text'),
  last: amount('text'),
  list: { argument: 'one', type: 'json', takesMax: true },
};

export const isMeasureFunction = (name: string): name is MeasureFunction => Object.hasOwn(measureTraits, name);

/** Items that `list` keeps when nothing else is said. */
export const listMaxDefault = 100;

/** A measure in long form. `ofStart` is where `of` begins in the text that it was read from. */
export interface ParsedMeasure extends MeasureObject {
  readonly ofStart: number;
}

/** Text without its comments, at the same offsets. */
const withoutComments = (text: string): string => text.replaceAll(/\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length));

/**
 * Where the arguments of a call begin and end in its text. A node's own offsets leave out the parentheses around it, so they only tell where
 * to look for the comma.
 */
const argumentBounds = (call: ASTNode, args: readonly ASTNode[]): readonly (readonly [number, number])[] => {
  let start = call.input.indexOf('(', call.start) + 1;
  return args.map((arg, index) => {
    const next = args[index + 1];
    const behind = withoutComments(call.input.slice(arg.end, next?.start ?? call.end - 1));
    const comma = behind.indexOf(',');
    const end = comma < 0 ? call.end - 1 : arg.end + comma;
    const bounds = [start, end] as const;
    start = end + 1;
    return bounds;
  });
};

const parseMax = (node: ASTNode): number => {
  const literal = node.op === 'value' && typeof node.args === 'bigint' ? Number(node.args) : 0;
  if (literal < 1 || literal > 10_000)
    throw new ExpressionError('how many items are kept must be a whole number from 1 to 10000', node.start);
  return literal;
};

/** @throws ExpressionError with the character where the text is wrong */
const parseShorthand = (text: string): ParsedMeasure => {
  const tree = parseTree(text);
  if (tree.op === 'id') return { function: tree.args, ofStart: 0 };
  if (tree.op !== 'call' || tree.start !== text.length - text.trimStart().length)
    throw new ExpressionError('a measure is a function, as in count or sum(total)', 0);
  const [name, args] = tree.args;
  const [of, max, more] = args;
  if (of === undefined) return { function: name, ofStart: 0 };
  if (more !== undefined) throw new ExpressionError('a measure takes one expression and, for list, how many items are kept', more.start);
  const [start, end] = argumentBounds(tree, args)[0] ?? [0, 0];
  const raw = text.slice(start, end);
  return {
    function: name,
    of: raw.trim(),
    ofStart: start + raw.length - raw.trimStart().length,
    ...(max === undefined ? {} : { max: parseMax(max) }),
  };
};

/** A measure in long form, whichever way it was written. @throws ExpressionError with the character where the text is wrong */
export const parseMeasure = (measure: string | MeasureObject): ParsedMeasure =>
  typeof measure === 'string' ? parseShorthand(measure) : { ...measure, ofStart: 0 };

/** The short form; the long form where the short one cannot say it. */
export const formatMeasure = (measure: MeasureObject): string | MeasureObject => {
  if (measure.type !== undefined) return measure;
  if (measure.of === undefined) return measure.max === undefined ? measure.function : measure;
  // A comment at the end would swallow what follows.
  if (withoutComments(measure.of) !== measure.of) return measure;
  return `${measure.function}(${measure.of}${measure.max === undefined ? '' : `, ${measure.max}`})`;
};
