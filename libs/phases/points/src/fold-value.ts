import type { SimpleExpression, SimpleOperator } from '@dsf/metadata';
import type { FoldKind, FoldValue } from '@dsf/ports';

/*
 * Expressions with the kind of everything known, so that a database computes what the expression language does, and nothing in them can fail.
 */

/** Ends the compilation of a fold; caught in `fold`. */
export class FoldRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'FoldRefused';
  }
}

const refuse = (why: string): never => {
  throw new FoldRefused(why);
};

/** Digits on either side of the point that a database must be able to compute with. */
const digitsMax = 38;
/** Digits after the point that a decimal column keeps. */
const columnScale = 12;

export const nothing: FoldValue = { kind: 'literal', value: null, of: null };
export const literal = (value: boolean): FoldValue => ({ kind: 'literal', value, of: 'boolean' });
const isNothing = (value: FoldValue): boolean => value.kind === 'literal' && value.value === null;

const operation = (operator: SimpleOperator, operands: readonly FoldValue[], of: FoldKind): FoldValue => ({
  kind: 'operation',
  operator,
  operands,
  of,
});

const present = (value: FoldValue): FoldValue =>
  value.kind === 'literal' ? literal(value.value !== null) : operation('present', [value], 'boolean');
const not = (value: FoldValue): FoldValue => (isNothing(value) ? nothing : operation('!', [value], 'boolean'));

const kindName = ({ of }: FoldValue): string => of ?? 'null';

const requireKinds = (operator: string, values: readonly FoldValue[], kind: FoldKind): void => {
  for (const value of values)
    if (value.of !== null && value.of !== kind)
      refuse(`\`${operator}\` of a ${kindName(value)}, which the services alone refuse row by row`);
};

/** Two texts that are moments cannot be compared with other text: the database has points in time. */
const equal = (a: FoldValue, b: FoldValue): FoldValue => {
  if (isNothing(a)) return isNothing(b) ? literal(true) : not(present(b));
  if (isNothing(b)) return not(present(a));
  if (a.of === b.of) return operation('==', [a, b], 'boolean');
  const kinds = [a.of, b.of];
  if (kinds.includes('moment') && kinds.includes('text')) refuse('a timestamp column is compared with a text');
  return operation('&&', [not(present(a)), not(present(b))], 'boolean');
};

const ordered = (operator: SimpleOperator, a: FoldValue, b: FoldValue): FoldValue => {
  if (isNothing(a) || isNothing(b)) return nothing;
  if (a.of !== b.of) refuse(`\`${operator}\` of a ${kindName(a)} and a ${kindName(b)}`);
  if (a.of === 'moment') refuse('the text of a timestamp column is compared');
  return operation(operator, [a, b], 'boolean');
};

/** Digits after the point that the number may have. */
const scaleOf = (value: FoldValue): number => {
  if (value.kind === 'cell') return value.column.type === 'bigint' ? 0 : columnScale;
  if (value.kind === 'literal')
    return typeof value.value === 'object' && value.value !== null ? (value.value.n.split('.')[1]?.length ?? 0) : 0;
  const scales = value.operands.map(scaleOf);
  return value.operator === '*' ? scales.reduce((sum, scale) => sum + scale, 0) : Math.max(0, ...scales);
};

const computed = (operator: '+' | '-' | '*', operands: readonly FoldValue[]): FoldValue => {
  if (operands.some(isNothing)) return nothing;
  requireKinds(operator, operands, 'number');
  const value = operation(operator, operands, 'number');
  return scaleOf(value) > digitsMax ? refuse(`more than ${digitsMax} digits after the point`) : value;
};

const chosen = (condition: FoldValue, then: FoldValue, otherwise: FoldValue): FoldValue => {
  requireKinds('? :', [condition], 'boolean');
  const of = then.of ?? otherwise.of;
  if (of === null) return nothing;
  if (then.of !== null && otherwise.of !== null && then.of !== otherwise.of)
    refuse(`\`? :\` gives a ${kindName(then)} or a ${kindName(otherwise)}`);
  return operation('choose', [condition, then, otherwise], of);
};

const operate = (operator: SimpleOperator, operands: readonly FoldValue[]): FoldValue => {
  const [a = nothing, b = nothing, c = nothing] = operands;
  switch (operator) {
    case '==':
      return equal(a, b);
    case '!=':
      return not(equal(a, b));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordered(operator, a, b);
    case '&&':
    case '||':
      requireKinds(operator, operands, 'boolean');
      return operation(operator, operands, 'boolean');
    case '!':
      requireKinds(operator, operands, 'boolean');
      return not(a);
    case '+':
    case '-':
    case '*':
      return computed(operator, operands);
    case 'present':
      return present(a);
    case 'choose':
      return chosen(a, b, c);
  }
};

const literalValue = (value: (SimpleExpression & { readonly kind: 'literal' })['value']): FoldValue => {
  if (value === null) return nothing;
  if (typeof value === 'boolean') return literal(value);
  if (typeof value === 'string') return value.isWellFormed() ? { kind: 'literal', value, of: 'text' } : refuse('a text that is no Unicode');
  const [whole = '', fraction = ''] = value.n.split('.');
  if (whole.length > digitsMax || fraction.length > digitsMax) refuse(`a number of more than ${digitsMax} digits`);
  return { kind: 'literal', value, of: 'number' };
};

/** @param cell - what stands at a path. @throws FoldRefused */
export const foldValue = (expression: SimpleExpression, cell: (path: string) => FoldValue): FoldValue => {
  if (expression.kind === 'path') return cell(expression.path);
  if (expression.kind === 'literal') return literalValue(expression.value);
  return operate(
    expression.operator,
    expression.operands.map((operand) => foldValue(operand, cell)),
  );
};
