import type { Value } from '@dsf/messages';
import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionError } from '../expression-types.ts';
import { kindOf } from './operand.ts';
import type { Operand } from './operand.ts';

/** One evaluation. */
export interface Frame {
  readonly read: (path: string) => Value;
  /** Values of macro variables, by slot. */
  readonly slots: Operand[];
  /** Turns of macros that are left. */
  turns: number;
}

export type Compute = (frame: Frame) => Operand;

/** What a node can see: macro variables by slot. `paths` collects what the expression reads. */
export interface Scope {
  readonly slots: ReadonlyMap<string, number>;
  /** How many macros stand around the node; the slot of the next one. */
  readonly depth: number;
  readonly paths: Set<string>;
}

export type CompileNode = (node: ASTNode, scope: Scope) => Compute;

/** SQL's WHERE: null is not true. */
export const truth = (operand: Operand, start: number): boolean => {
  if (operand === null) return false;
  if (typeof operand === 'boolean') return operand;
  throw new ExpressionError(`expected true or false, got ${kindOf(operand)}`, start);
};

/** A function of the expression language. `x.name(y)` and `name(x, y)` are the same call. */
export interface CelFunction {
  /** Fewest and most arguments, a receiver counted. */
  readonly arity: readonly [min: number, max: number];
  /** Set when it wants to see nulls; without it a null argument makes the result null. */
  readonly takesNull?: true;
  readonly apply: (args: readonly Operand[], start: number) => Operand;
}
