import type { SourcePartition } from '@dsf/messages';
import type { ColumnType } from '@dsf/metadata';

/*
 * The path catalog: which physical table and column each path has. A name is given once and never computed again.
 */

export interface FlatColumn {
  readonly id: number;
  /** Path of the value, see `path.ts` in metadata. A path may have several columns in a table: the first, and its variants. */
  readonly path: string;
  readonly name: string;
  readonly type: ColumnType;
  /**
   * `value`: the path's own column. `variant`: values that do not fit it, one column per type, but two of type text: strings in
   * `…__v_text`, and the exact text of numbers that fit no decimal in `…__v_number`; the name tells which. `length`: `<list>__n`, NULL absent, -1 null,
   * 0 empty. `rest`: `_dsf_rest`, JSON of the paths for which the table has no room.
   */
  readonly role: 'value' | 'variant' | 'length' | 'rest';
}

export interface FlatTable {
  readonly id: number;
  readonly source: number;
  /** '' is the root table. */
  readonly path: string;
  readonly name: string;
  /** Id of the table that this one is a child of; null for the root. */
  readonly parent: number | null;
  /** In the order in which they were added; cells of a row stand in the same order. */
  readonly columns: readonly FlatColumn[];
}

/** A snapshot of the path catalog. `version` rises with every change; a transaction on an older one is refused. */
export interface FlatSchema {
  readonly version: number;
  readonly tables: readonly FlatTable[];
}

/** A change to the physical tables. Each is idempotent by what it names. */
export type SchemaChange =
  | { readonly kind: 'table'; readonly source: number; readonly path: string; readonly parentPath: string | null; readonly name: string }
  | {
      readonly kind: 'column';
      readonly source: number;
      readonly tablePath: string;
      readonly path: string;
      readonly name: string;
      readonly type: ColumnType;
      readonly role: FlatColumn['role'];
    }
  /** bigint → decimal: every value keeps its meaning. */
  | { readonly kind: 'widen'; readonly source: number; readonly tablePath: string; readonly column: string; readonly type: ColumnType };

/** By column type: boolean · bigint as number (safe) or bigint · decimal, timestamp, date, json, text as string · double as number. */
export type Cell = null | boolean | number | bigint | string;

export interface FlatRow {
  readonly offset: number;
  /** Document order within (record, table), from 0. */
  readonly row: number;
  /** `_dsf_row` of the parent; null in the root table. */
  readonly parentRow: number | null;
  /** Place in the list; null when the row is not a list item. */
  readonly listIdx: number | null;
  readonly listIdx2: number | null;
  /** `null`, `object` (empty) or `list` (empty) where the cells alone do not tell what the item was; else null. */
  readonly shape: 'null' | 'object' | 'list' | null;
  /** Root rows only: broker timestamp and ingest time, UTC ms. */
  readonly time: number | null;
  readonly ingestedAt: number | null;
  /** Aligned with the table's columns; may be shorter when columns were added later. */
  readonly cells: readonly Cell[];
}

/** Rows of one table for one source partition, ordered by (offset, row). */
export interface FlatTableRows {
  readonly table: FlatTable;
  readonly rows: readonly FlatRow[];
}

/** The flat rows of some records of one source partition; parents stand before children. */
export interface FlatRows {
  readonly source: number;
  readonly partition: number;
  readonly tables: readonly FlatTableRows[];
}

/** Offsets [from, to) of one source partition. */
export interface RowRange extends SourcePartition {
  readonly from: number;
  readonly to: number;
}
