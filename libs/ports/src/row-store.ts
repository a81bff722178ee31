import type { SourcePartition } from '@dsf/messages';
import type { RowFolds } from './fold.ts';
import type { FlatRows, FlatSchema, RowRange } from './schema.ts';
import type {
  GroupRow,
  InstanceLayout,
  LaneReads,
  PurgedRows,
  QueryResult,
  RawRow,
  ShownInstance,
  TableCount,
  WarehouseCapabilities,
} from './warehouse.ts';

/**
 * Rows that a lane has made. What is written is written once and never changed: a newer generation takes the place of an older one when
 * rows are read. `generation` is the lane's seq, so it rises with every turn of the lane, also through a resize or a recovery.
 */
export type RowWrite =
  | { readonly kind: 'raw'; readonly rows: readonly RawRow[] }
  /** Root rows decide for their children: those of another generation do not count. */
  | { readonly kind: 'flat'; readonly rows: FlatRows; readonly version: number; readonly generation: number }
  /** The record has no rows any more, unless the same lane turn writes new ones. */
  | {
      readonly kind: 'tombstone';
      readonly at: SourcePartition & { readonly offset: number };
      readonly generation: number;
    }
  /** Groups as they were committed; the highest revision of a group is the one that counts. */
  | { readonly kind: 'groups'; readonly instance: string; readonly lane: number; readonly rows: readonly GroupRow[] };

/**
 * Raw, flat and summary rows in a database that no transaction of the state spans (delivery rule 10). The runtime never sees it: a warehouse
 * is put together of it and of a state database. Every method throws Failure as a warehouse does.
 */
export interface RowStore {
  readonly capabilities: WarehouseCapabilities;
  /**
   * Of driver instances whose tables are ensured alone: whether rows can be written at all, before anything is promised. Touches nothing.
   * @throws Failure `poison` `warehouse.data` for a row that never will be taken
   */
  check(writes: readonly RowWrite[], schema: FlatSchema): void;
  /**
   * Adds rows; resolves when all of them are durable and can be read. The same writes may come again, from anybody and at any time: readers see
   * one copy. An error may come after some or all of them were written. @param schema - the newest
   */
  append(writes: readonly RowWrite[], schema: FlatSchema): Promise<void>;
  /** Makes the tables and columns of the path catalog that are missing. Idempotent. */
  follow(schema: FlatSchema): Promise<void>;
  /** Makes the tables of driver instances that have none. Idempotent. */
  ensureSummaryTables(instances: readonly InstanceLayout[]): Promise<void>;
  /** Readers of each driver see the groups of this instance from now on. Idempotent. */
  show(shown: readonly ShownInstance[]): Promise<void>;
  /** As the warehouse's reads: one copy of each row, of its newest generation. */
  readonly reads: Pick<LaneReads, 'readRaw' | 'findSince'> & {
    readFlat(
      schema: FlatSchema,
      question: { readonly range: RowRange; readonly tables: readonly number[]; readonly max: number },
    ): ReturnType<LaneReads['readFlat']>;
  };
  /** Folds of rows by the database itself; absent where it cannot. */
  readonly folds?: RowFolds;
  /** Deletes rows of the range for good. Returns how many records had any; 0 when all had gone before. */
  purge(rows: PurgedRows, range: RowRange, schema: FlatSchema): Promise<number>;
  tables(schema: FlatSchema, shown: readonly ShownInstance[]): Promise<readonly TableCount[]>;
  query(sql: string, max: number): Promise<QueryResult>;
  close(): Promise<void>;
}
