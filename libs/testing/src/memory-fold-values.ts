import type { Value } from '@dsf/messages';
import type { Cell, FlatRow, FoldInput, FoldValue } from '@dsf/ports';

/*
 * Values of a fold over rows in memory: as plain as can be, since what adapters do is compared with it.
 */

/** A decimal as an integer and the place of its point. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}
export type Computed = null | boolean | string | Decimal;

export const parseDecimal = (text: string): Decimal => {
  const [whole = '0', fraction = ''] = text.split('.');
  return { units: BigInt(whole + fraction), scale: fraction.length };
};

const isDecimal = (value: Computed): value is Decimal => typeof value === 'object' && value !== null;

const align = (a: Decimal, b: Decimal): readonly [bigint, bigint, number] => {
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
};

export const addDecimal = (a: Decimal, b: Decimal): Decimal => {
  const [one, other, scale] = align(a, b);
  return { units: one + other, scale };
};

const decimalText = ({ units, scale }: Decimal): string => {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  const text = `${digits.slice(0, digits.length - scale)}${scale === 0 || fraction === '' ? '' : `.${fraction}`}`;
  return units < 0n ? `-${text}` : text;
};

export const asValue = (value: Exclude<Computed, null>): Exclude<Value, null | { l: unknown } | { m: unknown }> =>
  isDecimal(value) ? { n: decimalText(value) } : value;

/** By code point. */
const compareText = (a: string, b: string): number => {
  const [one, other] = [[...a], [...b]];
  const index = one.findIndex((letter, at) => letter !== other[at]);
  if (index === -1) return one.length - other.length;
  return (one[index]?.codePointAt(0) ?? 0) - (other[index]?.codePointAt(0) ?? -1);
};

export const compare = (a: Exclude<Computed, null>, b: Exclude<Computed, null>): number => {
  if (isDecimal(a) && isDecimal(b)) {
    const [one, other] = align(a, b);
    return one < other ? -1 : Number(one > other);
  }
  return typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : Number(a) - Number(b);
};

const isSame = (a: Computed, b: Computed): boolean => (a === null || b === null ? a === b : typeof a === typeof b && compare(a, b) === 0);

/** One row of each of an input's tables; undefined where there is none. */
export type Rows = readonly (FlatRow | undefined)[];

/** What stands in a column; rows that are older than it have nothing there. */
export const cellOf = (
  { tables }: FoldInput,
  rows: Rows,
  { table, column }: { readonly table: number; readonly column: { readonly id: number } },
): Cell => {
  const index = tables[table]?.table.columns.findIndex(({ id }) => id === column.id) ?? -1;
  return rows[table]?.cells[index] ?? null;
};

const both = (a: Computed, b: Computed, work: (a: Exclude<Computed, null>, b: Exclude<Computed, null>) => Computed): Computed =>
  a === null || b === null ? null : work(a, b);

const arithmetic = (operator: '+' | '-' | '*', a: Computed, b: Computed): Computed =>
  both(a, b, (one, other) => {
    if (!isDecimal(one) || !isDecimal(other)) return null;
    if (operator === '*') return { units: one.units * other.units, scale: one.scale + other.scale };
    return addDecimal(one, operator === '+' ? other : { ...other, units: -other.units });
  });

const zero: Decimal = { units: 0n, scale: 0 };

const operate = (operator: (FoldValue & { readonly kind: 'operation' })['operator'], operands: readonly Computed[]): Computed => {
  const [a = null, b = null, c = null] = operands;
  switch (operator) {
    case '==':
      return isSame(a, b);
    case '!=':
      return !isSame(a, b);
    case '<':
      return both(a, b, (one, other) => compare(one, other) < 0);
    case '<=':
      return both(a, b, (one, other) => compare(one, other) <= 0);
    case '>':
      return both(a, b, (one, other) => compare(one, other) > 0);
    case '>=':
      return both(a, b, (one, other) => compare(one, other) >= 0);
    case '&&':
      return a === true && b === true;
    case '||':
      return a === true || b === true;
    case '!':
      return a === null ? null : a === false;
    case 'present':
      return a !== null;
    case 'choose':
      return a === true ? b : c;
    case '-':
      return operands.length === 1 ? arithmetic('-', zero, a) : arithmetic('-', a, b);
    case '+':
    case '*':
      return arithmetic(operator, a, b);
  }
};

export const computeValue = (input: FoldInput, rows: Rows, value: FoldValue): Computed => {
  if (value.kind === 'operation')
    return operate(
      value.operator,
      value.operands.map((operand) => computeValue(input, rows, operand)),
    );
  if (value.kind === 'literal') return typeof value.value === 'object' && value.value !== null ? parseDecimal(value.value.n) : value.value;
  const cell = cellOf(input, rows, value);
  return value.of === 'number' && cell !== null ? parseDecimal(String(cell)) : (cell as boolean | string | null);
};
