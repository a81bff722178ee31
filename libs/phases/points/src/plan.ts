import type { Expression } from '@dsf/metadata';
import type { Value } from '@dsf/messages';
import type { FlatColumn, FlatRow } from '@dsf/ports';

/** Reads one path out of one row's cells; null when the row has nothing there. */
export type CellReader = (row: FlatRow) => Value;

/** A table that may hold a path, and how to get there from the row that makes the point. */
export interface Site {
  /** Steps from the row to its ancestor: 0 = the row itself. */
  readonly up: number;
  /** Ids of the 1:1 tables from there down; empty = the ancestor's own cells. */
  readonly down: readonly number[];
  readonly readers: readonly CellReader[];
  /** The columns that the readers read. */
  readonly columns: readonly FlatColumn[];
}

/** Where a path lives, seen from one input's table; fewest steps first. No sites: the schema has no such path. */
export type Place = { readonly kind: 'cells'; readonly sites: readonly Site[] } | { readonly kind: 'time' } | { readonly kind: 'ingested' };

/** An expression whose paths are found. */
export interface Reading {
  /** What it is for, as a person would say: `measure revenue`. */
  readonly use: string;
  readonly expression: Expression;
  /** Set when the expression is nothing but a path. */
  readonly place: Place | null;
  readonly places: ReadonlyMap<string, Place>;
}

/** One input of one instance. */
export interface InputPlan {
  readonly instance: string;
  /** Ids of the input's table and its ancestors, up to the root. */
  readonly chain: readonly number[];
  readonly filter: Reading | null;
  readonly eventTime: Reading | null;
  readonly key: readonly Reading[];
  /** `row`: true for every row; `none`: always null. */
  readonly amounts: readonly (Reading | 'row' | 'none')[];
  readonly windowMs: number | null;
}

export interface SourcePlan {
  /** Ids of all tables that the inputs read, ascending. */
  readonly tables: readonly number[];
  /** Sorted by instance; inputs of one instance in its own order. */
  readonly inputs: readonly InputPlan[];
}

export interface PointsPlan {
  readonly sources: ReadonlyMap<number, SourcePlan>;
}
