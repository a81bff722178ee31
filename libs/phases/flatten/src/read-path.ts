import type { Value } from '@dsf/messages';
import type { Cell, FlatColumn, FlatRow, FlatTable } from '@dsf/ports';
import { variantType } from './columns.ts';
import { numberText } from './number-text.ts';
import { parseLossless } from './parse-exact.ts';
import { valueOf } from './read-message.ts';

/** What a cell stands for: numbers exact, JSON parsed; timestamps and dates are text. */
export const cellValue = (column: Pick<FlatColumn, 'type' | 'name' | 'role'>, cell: Cell): Value => {
  if (cell === null || typeof cell === 'boolean') return cell;
  if (typeof cell === 'number') return { n: numberText(cell) };
  if (typeof cell === 'bigint') return { n: String(cell) };
  const type = column.role === 'variant' ? variantType(column) : column.type;
  if (type === 'json') return valueOf(parseLossless(cell));
  return type === 'decimal' || type === 'number' ? { n: cell } : cell;
};

const noMembers: ReadonlyMap<string, Value> = new Map();

/** The members of a row's `_dsf_rest`, by path. */
export const readRest = (table: FlatTable, row: Pick<FlatRow, 'cells'>): ReadonlyMap<string, Value> => {
  const index = table.columns.findIndex(({ role }) => role === 'rest');
  const cell = index === -1 ? null : (row.cells[index] ?? null);
  if (typeof cell !== 'string') return noMembers;
  const rest = valueOf(parseLossless(cell));
  return rest !== null && typeof rest === 'object' && 'm' in rest ? new Map(Object.entries(rest.m)) : noMembers;
};

/** The value of a path in a row, whichever of its columns holds it; null when there is none. */
export const readPath = (table: FlatTable, row: Pick<FlatRow, 'cells'>, path: string): Value => {
  for (const [index, column] of table.columns.entries()) {
    if (column.path !== path || (column.role !== 'value' && column.role !== 'variant')) continue;
    const cell = row.cells[index] ?? null;
    if (cell !== null) return cellValue(column, cell);
  }
  return readRest(table, row).get(path) ?? null;
};
