import type { FlatColumn, FlatTable, WarehouseCapabilities } from '@dsf/ports';
import type { ColumnType } from '@dsf/metadata';
import type { BoundPath, CellType } from './plan.ts';

/*
 * Which column a value of some type goes to. `bind` and `evolve` must agree on every word of this, or a batch would ask for columns for ever.
 */

export const restName = '_dsf_rest';

/** Columns that every table has besides those of its paths: coordinates, row, parent row, list places, shape, times, version. */
const systemColumns = 12;

/** True when no column may be added: what is left is kept for `_dsf_rest`. @param count - columns that the table has without `_dsf_rest` */
export const isFull = (count: number, capabilities: WarehouseCapabilities): boolean => count + systemColumns + 1 >= capabilities.columnsMax;

export const countColumns = (columns: readonly { readonly role: FlatColumn['role'] }[]): number =>
  columns.reduce((count, { role }) => (role === 'rest' ? count : count + 1), 0);

export type Place = 'own' | 'widen' | 'variant';

/** Where a value goes whose path has a column of type `own`. */
export const placeOf = (own: ColumnType, value: CellType, declared: ColumnType | null, capabilities: WarehouseCapabilities): Place => {
  if (own === value || (own === 'decimal' && value === 'bigint')) return 'own';
  // int64 has up to 19 digits before the point; widening must keep each of them.
  const canWiden = capabilities.decimal.precision - capabilities.decimal.scale >= 19 && (declared === null || declared === 'decimal');
  return own === 'bigint' && value === 'decimal' && canWiden ? 'widen' : 'variant';
};

export const variantEnding = (type: CellType): string => `__v_${type}`;

/** What a variant column holds. A number that fits no decimal and a string are both `text`; the name's ending tells them apart. */
export const variantType = (column: Pick<FlatColumn, 'type' | 'name'>): CellType =>
  column.type === 'text' && column.name.endsWith(variantEnding('number')) ? 'number' : column.type;

export const unbound: BoundPath = { value: -1, type: null, variants: new Map(), length: -1 };

/** The columns of a table by path, and the index of its `_dsf_rest`. */
export const bindTable = (table: FlatTable): { readonly bound: ReadonlyMap<string, BoundPath>; readonly rest: number } => {
  const bound = new Map<string, BoundPath>();
  let rest = -1;
  for (const [index, column] of table.columns.entries()) {
    if (column.role === 'rest') rest = index;
    else bound.set(column.path, withColumn(bound.get(column.path) ?? unbound, column, index));
  }
  return { bound, rest };
};

const withColumn = (bound: BoundPath, column: FlatColumn, index: number): BoundPath => {
  if (column.role === 'value') return { ...bound, value: index, type: column.type };
  if (column.role === 'length') return { ...bound, length: index };
  return { ...bound, variants: new Map([...bound.variants, [variantType(column), index]]) };
};
