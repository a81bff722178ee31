import type { Coordinates, Value } from '@dsf/messages';

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

/** Measures that users bring along, by the name that definitions use. Their laws are tested before they may run. */
export type CustomMeasures = ReadonlyMap<string, Measure>;
