import type { ASTNode } from '@marcbachmann/cel-js';
import { didYouMean } from '../did-you-mean.ts';
import { ExpressionError } from '../expression-types.ts';
import { add, divide, multiply, negate, remainder, subtract } from './arithmetic.ts';
import { truth } from './frame.ts';
import type { CompileNode, Compute, Scope } from './frame.ts';
import { celFunctions } from './functions.ts';
import { compileMacro, macroNames } from './macros.ts';
import { compare, Decimal, equals, isList, isMap, kindOf, operandOf, parseDecimal } from './operand.ts';
import type { Operand } from './operand.ts';
import { compilePattern, matchedTextMax } from './pattern.ts';
import { staticPath } from './static-path.ts';

/*
 * From CEL's syntax tree to closures, once per expression. The parser is the library's; the evaluation is ours, because three things must
 * hold that CEL leaves open: every number is an exact decimal, a null follows SQL's rule, and the paths are known before the first row.
 */

const arithmetic = { '+': add, '-': subtract, '*': multiply, '/': divide, '%': remainder } as const;
const orders = {
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
} as const;

const compileLiteral = (node: ASTNode & { readonly op: 'value' }): Compute => {
  const literal = node.args;
  if (literal === null || typeof literal === 'boolean' || typeof literal === 'string') return () => literal;
  if (literal instanceof Uint8Array) throw new ExpressionError('bytes are not supported', node.start);
  // The source text, not the parser's number: 0.1 and 12345678901234567.89 must stay what they are.
  const number = parseDecimal(typeof literal === 'number' ? node.input.slice(node.start, node.end) : literal.toString(), node.start);
  return () => number;
};

/** CEL's `&&` and `||`: an error on one side does not matter when the other side decides. A null counts as not true. */
const compileLogic = (node: ASTNode & { readonly op: '&&' | '||' }, scope: Scope): Compute => {
  const [left, right] = [compileNode(node.args[0], scope), compileNode(node.args[1], scope)];
  const [leftStart, rightStart] = [node.args[0].start, node.args[1].start];
  const deciding = node.op === '||';
  return (frame) => {
    let failed: ExpressionError | null = null;
    try {
      if (truth(left(frame), leftStart) === deciding) return deciding;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      failed = error;
    }
    if (truth(right(frame), rightStart) === deciding) return deciding;
    if (failed !== null) throw failed;
    return !deciding;
  };
};

const member = (owner: Operand, index: Operand, start: number): Operand => {
  if (owner === null || index === null) return null;
  if (isMap(owner)) return typeof index === 'string' ? (owner.get(index) ?? null) : null;
  if (isList(owner)) return index instanceof Decimal ? (owner[Number(index)] ?? null) : null;
  throw new ExpressionError(`${kindOf(owner)} has no members`, start);
};

const contains = (item: Operand, whole: Operand, start: number): Operand => {
  if (whole === null) return null;
  if (isList(whole)) return whole.some((other) => equals(item, other));
  if (isMap(whole)) return typeof item === 'string' && whole.has(item);
  throw new ExpressionError(`expected a list or map after \`in\`, got ${kindOf(whole)}`, start);
};

const compileMatches = (args: readonly ASTNode[], scope: Scope): Compute => {
  const [subject, pattern] = args;
  if (subject === undefined || pattern?.op !== 'value' || typeof pattern.args !== 'string' || args.length !== 2) {
    throw new ExpressionError('matches takes a text and a literal pattern', pattern?.start ?? subject?.start ?? 0);
  }
  const compiled = compilePattern(pattern.args, pattern.start);
  const text = compileNode(subject, scope);
  return (frame) => {
    const operand = text(frame);
    if (operand === null) return null;
    if (typeof operand !== 'string') throw new ExpressionError(`expected string, got ${kindOf(operand)}`, subject.start);
    if (operand.length > matchedTextMax)
      throw new ExpressionError(`a text of ${operand.length} characters is too long to match (at most ${matchedTextMax})`, subject.start);
    return compiled.test(operand);
  };
};

const compileCall = (node: ASTNode & { readonly op: 'call' | 'rcall' }, scope: Scope): Compute => {
  const name = node.args[0];
  if (node.op === 'rcall' && macroNames.has(name)) return compileMacro(node, scope, compileNode);
  const args = node.op === 'call' ? node.args[1] : [node.args[1], ...node.args[2]];
  if (name === 'matches') return compileMatches(args, scope);
  if (name === 'has') {
    const [subject] = args;
    if (args.length !== 1 || subject === undefined || !['id', '.', '[]'].includes(subject.op))
      throw new ExpressionError('has takes one path, as in has(customer.email)', node.start);
    const compute = compileNode(subject, scope);
    return (frame) => compute(frame) !== null;
  }
  const called = celFunctions.get(name);
  if (called === undefined)
    throw new ExpressionError(
      `there is no function \`${name}\`; ${didYouMean(name, [...celFunctions.keys(), 'has', 'matches', ...macroNames], 'function')}`,
      node.start,
    );
  const [fewest, most] = called.arity;
  if (args.length < fewest || args.length > most)
    throw new ExpressionError(
      `\`${name}\` takes ${fewest === most ? fewest : `${fewest} to ${most}`} arguments, not ${args.length}`,
      node.start,
    );
  const computes = args.map((arg) => compileNode(arg, scope));
  return (frame) => {
    const operands = computes.map((compute) => compute(frame));
    return called.takesNull !== true && operands.includes(null) ? null : called.apply(operands, node.start);
  };
};

const compileMap = (node: ASTNode & { readonly op: 'map' }, scope: Scope): Compute => {
  const entries = node.args.map(([name, value]) => ({
    name: compileNode(name, scope),
    value: compileNode(value, scope),
    start: name.start,
  }));
  return (frame) => {
    const members = new Map<string, Operand>();
    for (const entry of entries) {
      const name = entry.name(frame);
      if (typeof name !== 'string') throw new ExpressionError(`a member's name must be a string, not ${kindOf(name)}`, entry.start);
      if (members.has(name)) throw new ExpressionError(`the member ${JSON.stringify(name.slice(0, 60))} stands twice`, entry.start);
      members.set(name, entry.value(frame));
    }
    return members;
  };
};

const compilePath = (path: string, scope: Scope): Compute => {
  scope.paths.add(path);
  return (frame) => operandOf(frame.read(path));
};

const compileBinary = (node: ASTNode, args: readonly [ASTNode, ASTNode], scope: Scope): Compute => {
  const [left, right] = [compileNode(args[0], scope), compileNode(args[1], scope)];
  const { op, start } = node;
  switch (op) {
    case '==':
      return (frame) => equals(left(frame), right(frame));
    case '!=':
      return (frame) => !equals(left(frame), right(frame));
    case 'in':
      return (frame) => contains(left(frame), right(frame), start);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%': {
      const operator = arithmetic[op];
      return (frame) => operator(left(frame), right(frame), start);
    }
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const holds = orders[op];
      return (frame) => {
        const order = compare(left(frame), right(frame), start);
        return order === null ? null : holds(order);
      };
    }
    default:
      throw new ExpressionError(`\`${op}\` is not supported`, start);
  }
};

/** @throws ExpressionError with the character where the expression is wrong */
export const compileNode: CompileNode = (node, scope) => {
  const path = staticPath(node, (name) => scope.slots.has(name));
  if (path !== null) return compilePath(path, scope);
  switch (node.op) {
    case 'value':
      return compileLiteral(node);
    case 'id': {
      const slot = scope.slots.get(node.args) ?? 0;
      return (frame) => frame.slots[slot] ?? null;
    }
    case '.': {
      const [owner, name] = [compileNode(node.args[0], scope), node.args[1]];
      return (frame) => member(owner(frame), name, node.start);
    }
    case '[]': {
      const [owner, index] = [compileNode(node.args[0], scope), compileNode(node.args[1], scope)];
      return (frame) => member(owner(frame), index(frame), node.start);
    }
    case 'call':
    case 'rcall':
      return compileCall(node, scope);
    case 'list': {
      const items = node.args.map((item) => compileNode(item, scope));
      return (frame) => items.map((item) => item(frame));
    }
    case 'map':
      return compileMap(node, scope);
    case '?:': {
      const [condition, then, otherwise] = node.args.map((arg) => compileNode(arg, scope));
      if (condition === undefined || then === undefined || otherwise === undefined)
        throw new ExpressionError('`? :` is not complete', node.start);
      return (frame) => (truth(condition(frame), node.start) ? then(frame) : otherwise(frame));
    }
    case '&&':
    case '||':
      return compileLogic(node, scope);
    case '!_': {
      const operand = compileNode(node.args, scope);
      return (frame) => {
        const value = operand(frame);
        return value === null ? null : !truth(value, node.start);
      };
    }
    case '-_': {
      const operand = compileNode(node.args, scope);
      return (frame) => negate(operand(frame), node.start);
    }
    case '.?':
    case '[?]':
      throw new ExpressionError('optional access is not needed: what is absent is null', node.start);
    default:
      return compileBinary(node, node.args, scope);
  }
};
