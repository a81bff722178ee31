import type { Amount, FoldKind } from '@dsf/ports';
import type { Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';
import type { ColumnType } from '@dsf/metadata';
import { fitsBigint, fitsDecimal, roundDecimal } from './decimal.ts';
import { kindOf, refusePoint } from './measure.ts';

/**
 * Kinds of value that a measure's column takes. `decimal` takes text too, because it is the default of `min` and `max`, which compare
 * text when there is nothing but text.
 */
const kindsOf: Readonly<Record<ColumnType, readonly string[] | null>> = {
  boolean: ['boolean'],
  bigint: ['number'],
  double: ['number'],
  decimal: ['number', 'text'],
  timestamp: ['text'],
  date: ['text'],
  text: null,
  json: null,
};

/** Decided by the amount and the definition alone, so that a refusal does not depend on the order of points. */
export const requireKind = (name: string, type: ColumnType, amount: Amount): Amount => {
  const kinds = kindsOf[type];
  if (kinds === null || kinds.includes(kindOf(amount))) return amount;
  return refusePoint('summarise.mixed-types', `${name} is declared ${type}, got ${kindOf(amount)}`);
};

const allKinds: readonly FoldKind[] = ['number', 'text', 'boolean', 'moment'];

/** The same of values in a database's columns; a moment is text. */
export const foldKinds = (type: ColumnType): readonly FoldKind[] => {
  const kinds = kindsOf[type];
  return kinds === null ? allKinds : allKinds.filter((kind) => kinds.includes(kind === 'moment' ? 'text' : kind));
};

/**
 * A lowered value as its column takes it: decimals are rounded half-even to 12 digits after the point.
 * @throws Failure `summarise.overflow` when the number does not fit; it is never cut
 */
export const fitColumn = (value: Value, type: ColumnType): Value => {
  if (value === null || !isNum(value)) return value;
  if (type === 'bigint' && !fitsBigint(value.n)) return refusePoint('summarise.overflow', `${brief(value.n)} does not fit bigint`);
  if (type !== 'decimal') return value;
  const rounded = roundDecimal(value.n);
  if (!fitsDecimal(rounded)) return refusePoint('summarise.overflow', `${brief(rounded)} does not fit decimal(38,12)`);
  return rounded === value.n ? value : { n: rounded };
};

const brief = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 40)}… (${text.length} characters)`);
