import type { Value } from '@dsf/messages';
import type { ColumnType } from '@dsf/metadata';
import type { Cell } from '@dsf/ports';
import { canonicalDecimal } from './canonical-decimal.ts';
import { jsonValue } from './json-value.ts';

export type CellToValue = (cell: Exclude<Cell, null>) => Value;

const numberValue: CellToValue = (cell) => {
  // Integers below 1e21 print without exponent and canonically, but for -0.
  if (typeof cell === 'number' && Number.isSafeInteger(cell)) return { n: cell === 0 ? '0' : String(cell) };
  return { n: canonicalDecimal(String(cell)) };
};
const textValue: CellToValue = String;

/** How the cells of a column type are seen by expressions. */
export const cellToValue: Readonly<Record<ColumnType, CellToValue>> = {
  boolean: (cell) => cell === true,
  bigint: numberValue,
  decimal: numberValue,
  double: numberValue,
  text: textValue,
  timestamp: textValue,
  date: textValue,
  json: (cell) => jsonValue(String(cell)),
};
