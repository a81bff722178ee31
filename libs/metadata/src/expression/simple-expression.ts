import type { Num } from '@dsf/messages';
import type { ASTNode } from '@marcbachmann/cel-js';
import { parseTree } from '../expression.ts';
import { decimalText, parseDecimal } from './operand.ts';
import { staticPath } from './static-path.ts';

/*
 * The part of the expression language that a database can compute too, with the same result: comparisons, logic and exact arithmetic. What is
 * left out depends on more than the values at hand (`/` rounds, functions and macros are many, a regular expression is another engine's).
 */

/** `present`: not null. `choose`: condition, then, otherwise. `-` with one operand is the negative. */
export type SimpleOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||' | '!' | '+' | '-' | '*' | 'present' | 'choose';

export type SimpleExpression =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'literal'; readonly value: null | boolean | string | Num }
  | { readonly kind: 'operation'; readonly operator: SimpleOperator; readonly operands: readonly SimpleExpression[] };

const binary: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&', '||', '+', '-', '*'] satisfies SimpleOperator[]);
const isBinary = (op: string): op is SimpleOperator => binary.has(op);

const operation = (operator: SimpleOperator, operands: readonly (SimpleExpression | null)[]): SimpleExpression | null => {
  const known = operands.filter((operand) => operand !== null);
  return known.length === operands.length ? { kind: 'operation', operator, operands: known } : null;
};

const literalOf = (node: ASTNode & { readonly op: 'value' }): SimpleExpression | null => {
  const literal = node.args;
  if (literal === null || typeof literal === 'boolean' || typeof literal === 'string') return { kind: 'literal', value: literal };
  if (literal instanceof Uint8Array) return null;
  const text = typeof literal === 'number' ? node.input.slice(node.start, node.end) : literal.toString();
  return { kind: 'literal', value: { n: decimalText(parseDecimal(text, node.start)) } };
};

/** `x in [a, b]` is `x == a || x == b`, nulls included. */
const membership = (item: SimpleExpression | null, whole: ASTNode): SimpleExpression | null => {
  if (whole.op !== 'list') return null;
  const equal = whole.args.map((other) => operation('==', [item, simplify(other)]));
  const [first = { kind: 'literal', value: false } as const, ...others] = equal;
  return others.reduce((all, one) => operation('||', [all, one]), first);
};

const simplify = (node: ASTNode): SimpleExpression | null => {
  const path = staticPath(node, () => false);
  if (path !== null) return { kind: 'path', path };
  if (node.op === 'value') return literalOf(node);
  if (node.op === '!_') return operation('!', [simplify(node.args)]);
  if (node.op === '-_') return operation('-', [simplify(node.args)]);
  if (node.op === '?:') return operation('choose', node.args.map(simplify));
  if (node.op === 'in') return membership(simplify(node.args[0]), node.args[1]);
  if (node.op === 'call' && node.args[0] === 'has') return operation('present', node.args[1].map(simplify));
  return isBinary(node.op) ? operation(node.op, (node.args as readonly [ASTNode, ASTNode]).map(simplify)) : null;
};

/**
 * An expression that parses, as comparisons, logic and arithmetic on paths; null when it has anything else in it.
 * @throws ExpressionError when it does not parse
 */
export const simpleExpression = (text: string): SimpleExpression | null => simplify(parseTree(text));
