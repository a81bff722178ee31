import type { KeyPart, Num } from '@dsf/messages';
import type { SimpleOperator } from '@dsf/metadata';
import type { Aggregated, FoldAggregate, FoldKind } from './measure.ts';
import type { FlatColumn, FlatSchema, FlatTable, RowRange } from './schema.ts';

/*
 * A driver's groups as one statement of the database that has the rows, instead of page by page in the services (law S2: the result is the same).
 * The phases say what is to be computed, in words that no database owns; an adapter that can do it says so by having `folds`. What cannot be said,
 * and rows that hold anything but plain values, are left to the fold in the services.
 */

/** The literal null alone has no kind. */
export type FoldValue =
  /** @param table - place in the input's tables */
  | { readonly kind: 'cell'; readonly table: number; readonly column: FlatColumn; readonly of: FoldKind }
  | { readonly kind: 'literal'; readonly value: null | boolean | string | Num; readonly of: FoldKind | null }
  /**
   * As the expression language has it: `==` and `!=` compare nulls too, `&&`, `||` and `choose` take null for false, anything else with a null is
   * null. Operands of an order or of arithmetic are of one kind.
   */
  | { readonly kind: 'operation'; readonly operator: SimpleOperator; readonly operands: readonly FoldValue[]; readonly of: FoldKind };

/** A table that is read, and how its row is found from another one's: its parent, or the one row below it that is no list item. */
export interface FoldTable {
  readonly table: FlatTable;
  readonly joined: { readonly to: number; readonly as: 'parent' | 'single' } | null;
}

/** One input of a driver. Each row of its first table is an amount for each aggregate. */
export interface FoldInput {
  readonly source: number;
  /** The input's own, its ancestors up to the root, then tables beside them. A row without its parent has nulls there. */
  readonly tables: readonly FoldTable[];
  /** Place of the root table, which has the time of the broker. */
  readonly root: number;
  /** A row counts where this is true. */
  readonly filter: FoldValue | null;
  /** Text in RFC 3339, a whole number of ms, or a moment; where it is null, and if there is none, the broker's time. */
  readonly time: FoldValue | null;
  readonly key: readonly FoldValue[];
  readonly amounts: readonly FoldValue[];
  /** Columns that might hold a value of the same path: only a row in which they are null is plain. */
  readonly empty: readonly { readonly table: number; readonly column: FlatColumn }[];
}

/** What a database is to compute. */
export interface FlatFold {
  readonly inputs: readonly FoldInput[];
  /** Width of the tumbling window in ms, aligned to 1970 UTC; null = none. */
  readonly windowMs: number | null;
  readonly aggregates: readonly FoldAggregate[];
}

/** Why a driver cannot be folded by a statement, for a person: `measure p95: a measure of one's own`. */
export interface FoldRefusal {
  readonly why: string;
}

export interface FoldedGroup {
  readonly key: readonly KeyPart[];
  /** Start of the window, UTC ms. */
  readonly window: number | null;
  /** One per aggregate. */
  readonly amounts: readonly Aggregated[];
}

export interface FoldAnswer {
  readonly groups: readonly FoldedGroup[];
  /**
   * Rows that are not plain: with a value that stands in another column than its own, or that a column holds only nearly; whose time is none; whose
   * window is outside the calendar (years 0 to 9999). When there are any, the groups are not to be used.
   */
  readonly unfit: number;
  readonly scannedBytes: number;
}

/** Folds by the database itself. Throws Failure as a warehouse does; `poison` `warehouse.fold` when it cannot compute this one (an overflow, too long). */
export interface FlatFolds {
  /** Of the rows of the ranges, one copy of each. Bytes that `run` would scan; costs nothing. */
  estimate(fold: FlatFold, ranges: readonly RowRange[]): Promise<number>;
  /**
   * @param watch - `keeps`: groups that are wanted, the others are left out. `beat` is called every few seconds while the database works; what it
   * throws ends the wait
   */
  run(
    fold: FlatFold,
    ranges: readonly RowRange[],
    watch: { readonly keeps: (key: readonly KeyPart[]) => boolean; readonly beat: () => void },
  ): Promise<FoldAnswer>;
}

/** The same of a store of rows, which keeps no path catalog. */
export interface RowFolds {
  estimate(schema: FlatSchema, ...question: Parameters<FlatFolds['estimate']>): Promise<number>;
  run(schema: FlatSchema, ...question: Parameters<FlatFolds['run']>): Promise<FoldAnswer>;
}
