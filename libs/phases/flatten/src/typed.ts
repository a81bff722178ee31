import { LosslessNumber } from 'lossless-json';
import type { Cell, WarehouseCapabilities } from '@dsf/ports';
import type { ColumnType } from '@dsf/metadata';
import { isScalar, jsonText } from './json.ts';
import type { Json, Scalar } from './json.ts';
import { fitsDecimal, int64Of, numberInText, numberText } from './number-text.ts';
import type { CellType } from './plan.ts';
import { canonicalDate, canonicalTimestamp } from './timestamp-text.ts';

/** A value as the cell that it becomes. `number` is exact text that no decimal of the engine holds. */
export interface Typed {
  readonly type: CellType;
  readonly cell: Exclude<Cell, null>;
}

export const textCell = (text: string): Typed => ({ type: 'text', cell: text });
export const jsonCell = (value: Json): Typed => ({ type: 'json', cell: jsonText(value) });
export const countCell = (count: number): Typed => ({ type: 'bigint', cell: count });

export const exactText = (value: number | LosslessNumber): string => (typeof value === 'number' ? numberText(value) : value.value);

/** What stands in a text column for a scalar, or for a whole list or object where a policy asks for text. */
export const plainText = (value: Json): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || value instanceof LosslessNumber) return exactText(value);
  return isScalar(value) ? String(value) : jsonText(value);
};

const numberCell = (canonical: string, capabilities: WarehouseCapabilities): Typed => {
  const integer = int64Of(canonical);
  if (integer !== null) return { type: 'bigint', cell: integer };
  return { type: fitsDecimal(canonical, capabilities.decimal) ? 'decimal' : 'number', cell: canonical };
};

/** The type that a value has by itself (semantics §3). */
const naturalCell = (value: Scalar, capabilities: WarehouseCapabilities): Typed => {
  if (typeof value === 'string') return textCell(value);
  if (typeof value === 'boolean') return { type: 'boolean', cell: value };
  // `+ 0` because -0 is an integer too, and no column knows it.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { type: 'bigint', cell: value + 0 };
  return numberCell(exactText(value), capabilities);
};

/** A declared type converts only when nothing is lost; null when something would be. */
const declaredCell = (value: Scalar, type: ColumnType, capabilities: WarehouseCapabilities): Typed | null => {
  switch (type) {
    case 'text':
      return textCell(plainText(value));
    case 'json':
      return jsonCell(value);
    case 'boolean':
      return typeof value === 'boolean'
        ? { type, cell: value }
        : value === 'true' || value === 'false'
          ? { type, cell: value === 'true' }
          : null;
    case 'timestamp':
    case 'date': {
      const cell = typeof value !== 'string' ? null : type === 'date' ? canonicalDate(value) : canonicalTimestamp(value);
      return cell === null ? null : { type, cell };
    }
    case 'bigint':
    case 'decimal':
    case 'double':
      return declaredNumber(value, type, capabilities);
  }
};

const declaredNumber = (value: Scalar, type: 'bigint' | 'decimal' | 'double', capabilities: WarehouseCapabilities): Typed | null => {
  if (typeof value === 'boolean') return null;
  const canonical = typeof value === 'string' ? numberInText(value) : exactText(value);
  if (canonical === null) return null;
  if (type === 'double') {
    // Whoever asks for a double asks for its rounding; only what it has no number for is kept apart.
    const double = Number(canonical);
    return Number.isFinite(double) ? { type, cell: double + 0 } : null;
  }
  const number = numberCell(canonical, capabilities);
  if (number.type === type) return number;
  return type === 'decimal' && number.type === 'bigint' ? { type, cell: canonical } : null;
};

/**
 * @param declared - type that config gives to the path
 * @param detect - strict RFC 3339 text is a timestamp where no type is declared
 */
export const typed = (value: Scalar, declared: ColumnType | null, detect: boolean, capabilities: WarehouseCapabilities): Typed => {
  if (declared !== null) return declaredCell(value, declared, capabilities) ?? naturalCell(value, capabilities);
  const moment = detect && typeof value === 'string' ? canonicalTimestamp(value) : null;
  return moment === null ? naturalCell(value, capabilities) : { type: 'timestamp', cell: moment };
};
