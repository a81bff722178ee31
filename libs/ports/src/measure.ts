import type { Coordinates, Num, Value } from '@dsf/messages';

/** Where and when an amount happened; no two amounts of one driver input share it. */
export interface Moment extends Coordinates {
  /** Event time, UTC ms. */
  readonly time: number;
  /** `_dsf_row` of the flat row. */
  readonly row: number;
}

/** An amount as a measure sees it: null never reaches `lift`, because every measure skips it (SQL's NULL). */
export type Amount = Exclude<Value, null>;

/** What a value is. A moment is text to expressions and rests as a point in time: it can be shown, but not compared as the text that it is. */
export type FoldKind = 'number' | 'text' | 'boolean' | 'moment';

/**
 * `count`: amounts that are not null. `count_true`. `sum`: and how many there were. `least`, `greatest`: numbers by value, text by code point, false
 * before true. `earliest`: at most `max` of them by (time, source, partition, offset, row), and how many there were; `latest`: the last one.
 * `set`: at most `max` different ones.
 */
export interface FoldAggregate {
  readonly asks: 'count' | 'count_true' | 'sum' | 'least' | 'greatest' | 'earliest' | 'latest' | 'set';
  readonly max: number;
  /** Kinds of amount that it takes; of another kind the point would be refused. */
  readonly takes: readonly FoldKind[];
}

/** What one aggregate came to. */
export type Aggregated =
  | { readonly kind: 'number'; readonly sum: Num | null; readonly count: string }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'entries'; readonly entries: readonly { readonly at: Moment; readonly amount: Amount }[]; readonly count: string }
  | { readonly kind: 'set'; readonly amounts: readonly Amount[] };

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
  /** How a database comes to the same state by itself; absent where only `combine` does. */
  readonly aggregate?: { readonly asks: FoldAggregate; readonly state: (aggregated: Aggregated) => Value };
}

/** Measures that users bring along, by the name that definitions use. Their laws are tested before they may run. */
export type CustomMeasures = ReadonlyMap<string, Measure>;
