import type { SourcePartition } from './coordinates.ts';
import type { KeyPart, Value } from './value.ts';

/**
 * What phases say to each other: "the offsets [from, to) of this source partition are committed". The body is a convenience;
 * a receiver without it reads the committed rows of the phase before (delivery rules 2 and 3).
 */
export interface Range<Item> extends SourcePartition {
  /** First offset of the range: the sender's position before its transaction. */
  readonly from: number;
  /** Offset after the last: the sender's position after it. `from === to` says "I stand here". */
  readonly to: number;
  /** Catalog version by which the sender made the range. A receiver loads at least this version before it decides. */
  readonly version: number;
  /** Highest broker timestamp seen in the source partition so far, UTC ms; null before the first record. */
  readonly time: number | null;
  /** True when the ingestor has read the source partition to its end. Only the ingestor knows; the rest pass it on. */
  readonly idle: boolean;
  /** In offset order; absent when it would not fit the transport, or the receiver has the rows at hand. */
  readonly items?: readonly Item[];
  /** Set where the items are absent on purpose: the receiver reads them from the rows, which is no refill. */
  readonly inRows?: true;
}

/** A message as it was received, with nothing changed. */
export interface RawRecord extends SourcePartition {
  readonly offset: number;
  /** Broker timestamp, UTC ms, within ±8.64e15, the farthest that `Date` knows. */
  readonly time: number;
  readonly timeType: 'create' | 'append';
  /** When the ingestor took it, UTC ms. */
  readonly ingestedAt: number;
  readonly key: Uint8Array | null;
  readonly headers: readonly Header[];
  /** Null is a tombstone. */
  readonly payload: Uint8Array | null;
}

/** Name and value; a name may repeat. */
export type Header = readonly [name: string, value: Uint8Array];

/** What one flat row means to one driver: which group it touches, and the amounts that it brings. */
export interface Point {
  /** Driver instance, see `DriverInstance` in the catalog. */
  readonly instance: string;
  readonly offset: number;
  /** `_dsf_row` of the flat row that made the point. */
  readonly row: number;
  readonly key: readonly KeyPart[];
  /** Window start, UTC ms; null without a window. */
  readonly window: number | null;
  /** Event time, UTC ms. */
  readonly time: number;
  /** One per measure, in the driver's order; `null` is skipped by the measure (SQL's NULL), `undefined` never occurs. */
  readonly amounts: readonly Value[];
  /** Set when the driver could not be computed for this row: the point carries no amounts and becomes a failure of summarise. */
  readonly refusal?: { readonly code: string; readonly detail: string };
}

/** The state of one group after a transaction, complete: enough to publish it. */
export interface GroupChange {
  readonly instance: string;
  readonly key: readonly KeyPart[];
  readonly window: number | null;
  /** The lane's seq at commit; strictly rising per group. Doubles as the offset of this item in the summary range. */
  readonly revision: number;
  readonly reason: 'update' | 'late' | 'correction' | 'rebuild' | 'retract';
  /** Commit time, UTC ms. */
  readonly time: number;
  /** Catalog version in force at the commit. */
  readonly version: number;
  /** `failed` shows no number until the group is recomputed; `gone` has been retracted. */
  readonly status: 'live' | 'failed' | 'gone';
  /** Lowered measures in the driver's order; empty unless `live`. */
  readonly measures: readonly Value[];
}

export type RawRange = Range<RawRecord>;
export type PointsRange = Range<Point>;
/** `source` is 0 and `partition` the lane; offsets are revisions. */
export type SummaryRange = Range<GroupChange>;
