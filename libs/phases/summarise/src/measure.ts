import type { Coordinates, Value } from '@dsf/messages';
import type { InstanceMeasure } from '@dsf/metadata';
import { Failure } from '@dsf/ports';

/** Where and when an amount happened; no two amounts of one driver input share it. */
export interface Moment extends Coordinates {
  /** Event time, UTC ms. */
  readonly time: number;
  /** `_dsf_row` of the flat row. */
  readonly row: number;
}

/** An amount as a measure sees it: null never reaches `lift`, because every measure skips it (SQL's NULL). */
export type Amount = Exclude<Value, null>;

/**
 * One aggregate. A state is a `Value`, so that it can rest in the summary table, and is never changed in place.
 *
 * Laws, which make a group's state independent of order, batching and crashes: `combine` is associative and commutative, and
 * `combine(zero, s)` means what `s` means.
 */
export interface Measure {
  /** The state of no amounts at all. */
  readonly zero: Value;
  /** The state of one amount. @throws Failure `poison` when the amount is not of the measure's kind; the whole point is then refused */
  readonly lift: (amount: Amount, at: Moment) => Value;
  readonly combine: (left: Value, right: Value) => Value;
  /** The number to show; null when there were no amounts. @throws Failure `poison` when there is none to show: the group fails */
  readonly lower: (state: Value) => Value;
}

/** Makes the measure for one column of a driver. */
export type MeasureFamily = (spec: InstanceMeasure) => Measure;

/** A measure that a user brings along. The same four members and laws; `checkMeasureLaws` tests them before it may run. */
export type CustomMeasure = Measure;

export const refusePoint = (code: `summarise.${string}`, detail: string): never => {
  throw new Failure('poison', code, detail);
};

/** What a person calls the kind of a value. */
export const kindOf = (value: Value): 'null' | 'boolean' | 'number' | 'text' | 'list' | 'map' => {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'text';
  return 'n' in value ? 'number' : 'l' in value ? 'list' : 'map';
};
