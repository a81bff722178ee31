import type { GroupChange, Point, RawRecord, SourcePartition } from '@dsf/messages';
import type { Catalog, ColumnType, DriverInstance } from '@dsf/metadata';
import type { RecordFailure } from './failure.ts';
import type { FlatFold, FoldedGroup, FoldRefusal } from './fold.ts';
import type { CustomMeasures, FoldAggregate } from './measure.ts';
import type { FlatRows, FlatSchema, SchemaChange } from './schema.ts';
import type { Delivery, OutgoingMessage } from './transport.ts';
import type { GroupRow, RawRow, WarehouseCapabilities } from './warehouse.ts';

/*
 * The pure half of DSF. Each phase compiles a catalog into a plan, once per version, and applies the plan to a batch. Neither awaits,
 * reads a clock or does I/O; `apply` never throws for data: what it refuses comes back as a refusal and the rest of the batch stands.
 */

/** Functions that pure code needs from outside. */
export interface Tools {
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

/** Messages of one source partition as they came in. */
export interface IngestInput extends SourcePartition {
  /** Numbered: by the broker, or by the lane. */
  readonly deliveries: readonly Delivery[];
  /** UTC ms. */
  readonly ingestedAt: number;
}

export interface IngestPhase<Plan> {
  compile(catalog: Catalog, tools: Tools): Plan;
  apply(plan: Plan, input: IngestInput): readonly RawRow[];
}

/** What flattening a batch of one source partition gives. */
export interface FlattenEffects {
  /** Paths that have no column yet; when there are any, nothing else is set: evolve the schema and apply again. */
  readonly missing: readonly MissingPath[];
  readonly rows: FlatRows;
  readonly refusals: readonly RecordFailure[];
  /** Records stored as rows, and records that a filter or the tombstone rule left out. */
  readonly written: number;
  readonly filtered: number;
}

/** A place that the path catalog does not know yet; what it needs is decided under the schema lock, by `FlattenPhase.evolve`. */
export type MissingPath =
  | { readonly kind: 'table'; readonly source: number; readonly path: string; readonly parentPath: string | null }
  | {
      readonly kind: 'column';
      readonly source: number;
      readonly tablePath: string;
      readonly path: string;
      readonly role: 'value' | 'length' | 'rest';
      readonly type: ColumnType;
      /** A number that no decimal of the engine holds: its exact text needs a column of its own, `<column>__v_number`, of type text. */
      readonly exactNumber?: true;
    };

export interface FlattenPhase<Plan> {
  compile(catalog: Catalog, schema: FlatSchema, capabilities: WarehouseCapabilities): Plan;
  /** @param records - of one source partition, in offset order */
  apply(plan: Plan, records: readonly RawRecord[]): FlattenEffects;
  /** Names and types for what is missing, given the schema as it is now; empty when others have added all of it. */
  evolve(plan: Plan, missing: readonly MissingPath[], schema: FlatSchema): readonly SchemaChange[];
}

export interface PointsPhase<Plan> {
  compile(catalog: Catalog, schema: FlatSchema): Plan;
  /** Tables (ids) of a source that the drivers read, so that a refill reads no others. */
  tables(plan: Plan, source: number): readonly number[];
  /** Points of the rows for all driver instances, or only for `instances`; in (offset, instance, row) order. */
  apply(plan: Plan, rows: FlatRows, instances?: ReadonlySet<string>): readonly Point[];
  /** What `apply` and the aggregates come to, for a database that computes it by itself. */
  fold(schema: FlatSchema, instance: DriverInstance, aggregates: readonly FoldAggregate[]): FlatFold | FoldRefusal;
}

/** Groups by instance, then by group text. */
export type Groups = ReadonlyMap<string, ReadonlyMap<string, GroupRow>>;

export interface SummariseInput {
  /** Points of one source partition. */
  readonly points: readonly { readonly source: number; readonly partition: number; readonly points: readonly Point[] }[];
  readonly current: Groups;
  readonly revision: number;
  readonly now: number;
  readonly version: number;
  readonly reason: GroupChange['reason'];
}

export interface SummariseEffects {
  /** Groups that changed, complete, by instance, sorted by group text. */
  readonly changed: ReadonlyMap<string, readonly GroupRow[]>;
  /** Points that were refused, or whose group overflowed. */
  readonly refusals: readonly RecordFailure[];
  readonly written: number;
  readonly failed: number;
}

export interface SummarisePhase<Plan> {
  /** @throws Failure `fatal` when a measure is unknown or a custom one breaks the laws */
  compile(catalog: Catalog, custom: CustomMeasures): Plan;
  instances(plan: Plan): readonly DriverInstance[];
  /** Group texts by instance that `apply` will want as `current`. */
  groups(plan: Plan, points: SummariseInput['points']): ReadonlyMap<string, readonly string[]>;
  apply(plan: Plan, input: SummariseInput): SummariseEffects;
  /** A group that has no rows left. */
  retract(row: GroupRow, at: Pick<SummariseInput, 'revision' | 'now' | 'version'>): GroupRow;
  /** What the measures of an instance ask of a database that folds by itself. */
  aggregates(plan: Plan, instance: string): readonly FoldAggregate[] | FoldRefusal;
  /** The rows of groups that a database has folded: those that `apply` makes of their points. Refused when one of them has no number to show. */
  settle(
    plan: Plan,
    instance: string,
    folded: { readonly groups: readonly FoldedGroup[]; readonly at: Omit<SummariseInput, 'points' | 'current'> },
  ): readonly GroupRow[] | FoldRefusal;
}

export interface PublishEffects {
  readonly messages: readonly OutgoingMessage[];
  /** Changes that gave no document: a later one of the same group followed, the group shows no number, or they are another instance's. */
  readonly filtered: number;
  readonly refusals: readonly { readonly change: GroupChange; readonly code: string; readonly detail: string }[];
}

export interface PublishPhase<Plan> {
  compile(catalog: Catalog, tools: Tools): Plan;
  /** Documents of one publication for changes in rising revision; several changes of a group are coalesced into the last. */
  apply(plan: Plan, publication: number, changes: readonly GroupChange[]): PublishEffects;
}
