import type { FlatRow, FlatSchema, LaneKey } from '@dsf/ports';
import { createMemoryConfig, type MemoryConfig } from './memory-metadata.ts';
import { createState, type MemoryState } from './memory-warehouse-state.ts';
import type { Ground } from './memory-warehouse-writes.ts';

/** Ends a transaction; the first call counts. Until then its lane is locked. */
export interface TransactionEnd {
  /** @throws Failure `retry` when what was written no longer fits; then nothing was committed */
  commit(): void;
  rollback(): void;
}

/** Where a test may come between a caller and the database. */
export interface WarehouseHooks {
  /** Before a call has any effect; an error means that it never has one. */
  before(call: string): Promise<void>;
  /** Ends the transaction, now, later or never; an error reaches the caller instead of the answer, and rolls back unless it is a `CommitUnknown`. */
  commit(lane: LaneKey, end: TransactionEnd): Promise<void>;
  /** A transaction has begun; `end` rolls it back when its owner dies. */
  begun(lane: LaneKey, end: TransactionEnd): void;
  /** Stores an intent, now, later or never; an error reaches the caller. */
  intend(store: () => void): Promise<void>;
}

/** What a transaction committed. */
export interface MemoryCommit {
  readonly lane: LaneKey;
  readonly seq: number;
  /** Names of the writes, in their order. */
  readonly writes: readonly string[];
  /** Smaller ids were given before the transaction began. */
  readonly firstId: number;
}

/** One database in memory: whatever handles share it see the same rows. */
export interface MemoryDatabase {
  state: MemoryState;
  /** The config tables that lie in the same database. */
  readonly config: MemoryConfig;
  schema: FlatSchema;
  readonly instances: Set<string>;
  readonly locks: Map<string, Promise<void>>;
  /** An operator's transaction that is open: it overlaps no other. */
  administered: { readonly done: Promise<void>; readonly abandon: () => void } | null;
  /** False lets a transaction begin on any seq: what a database without compare-and-set would do. */
  comparesSeq: boolean;
  /** Called after each commit, when its rows can be seen. */
  onCommit: (commit: MemoryCommit) => void;
  /** Called after an operator's transaction. */
  onAdminister: () => void;
  nextId: number;
  /** Rows whose data the database would not take. */
  refusesRow: (row: FlatRow) => boolean;
}

export const createMemoryDatabase = (config: MemoryConfig = createMemoryConfig()): MemoryDatabase => ({
  state: createState(null),
  config,
  schema: { version: 0, tables: [] },
  instances: new Set(),
  locks: new Map(),
  administered: null,
  comparesSeq: true,
  onCommit: () => undefined,
  onAdminister: () => undefined,
  nextId: 1,
  refusesRow: () => false,
});

export const groundOf = (database: MemoryDatabase): Ground => ({
  schema: () => database.schema,
  hasInstance: (instance) => database.instances.has(instance),
  nextId: () => database.nextId++,
  refusesRow: (row) => database.refusesRow(row),
});
