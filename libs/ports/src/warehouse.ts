import type { GroupChange, KeyPart, RawRecord, SourcePartition, Value } from '@dsf/messages';
import type { ColumnType, DriverInstance } from '@dsf/metadata';
import { Failure, type PhaseName, type RecordFailure } from './failure.ts';
import type { FlatFolds } from './fold.ts';
import type { FlatRows, FlatSchema, RowRange, SchemaChange } from './schema.ts';

export interface WarehouseCapabilities {
  readonly nameLengthMax: number;
  readonly columnsMax: number;
  /** Exact decimals: total digits, and digits after the point. */
  readonly decimal: { readonly precision: number; readonly scale: number };
  /**
   * True where a committed row is read about as fast as a message: then dsf.raw says only which raw rows there are, and nothing is written
   * and sent a second time. False (or absent) for a database that many machines share, which is spared the reading.
   */
  readonly rowsAtHand?: boolean;
  /** What traces call the database system, as OpenTelemetry's conventions name it. */
  readonly system?: string;
}

/** Connections of a pool; `waiting`: requests for one that have to wait. */
export interface PoolUse {
  readonly used: number;
  readonly idle: number;
  readonly waiting: number;
  readonly max: number;
}

/** What one worker writes alone. Lanes of ingest are `<source>` × partition; of the other phases, partitions of an internal topic. */
export interface LaneKey {
  readonly phase: PhaseName;
  /** Source id for ingest, else 0. */
  readonly source: number;
  readonly lane: number;
}

/** Counters of one position. offsets covered = written + failed + filtered + absent; duplicates apart. */
export interface Counters {
  readonly written: number;
  readonly failed: number;
  readonly filtered: number;
  readonly absent: number;
  readonly duplicates: number;
  readonly refills: number;
}

export interface Position extends SourcePartition {
  /** Offset of the next record that the lane has not had. Publish: `source` is the publication, offsets are revisions. */
  readonly next: number;
  /** Offset at which the lane began; covered = next - start. */
  readonly start: number;
  /** As in `Range`: highest broker timestamp, end of source reached, catalog version. */
  readonly time: number | null;
  readonly idle: boolean;
  readonly version: number;
  readonly counters: Counters;
}

export interface LaneState {
  readonly seq: number;
  readonly positions: readonly Position[];
  /** Facts that a phase keeps about its lane, small JSON: for ingest cluster, topic and the last record's identity. */
  readonly facts: Readonly<Record<string, string | number | null>>;
}

/** A raw row ready to be written. `sha256` is of the payload, null for a tombstone. */
export interface RawRow extends RawRecord {
  readonly topic: string;
  readonly sha256: Uint8Array | null;
}

/** A message by the name that its source gives it, also when it sends it again; at most 200 characters. */
export interface SentMessage {
  readonly id: string;
  readonly offset: number;
  /** When the source had it, UTC ms. */
  readonly time: number;
}

/** A group as it rests in the summary table. */
export interface GroupRow extends GroupChange {
  /** `groupText(key, window)` */
  readonly group: string;
  readonly windowEnd: number | null;
  /** What the measures need to go on combining, one per measure. */
  readonly states: readonly Value[];
}

/** Something that was asked of a lane's owner (delivery rule 8). */
export type RequestBody =
  | { readonly kind: 'replay'; readonly source: number; readonly partition: number; readonly offset: number }
  | {
      readonly kind: 'recompute';
      readonly instance: string;
      readonly key: readonly KeyPart[];
      readonly window: number | null;
      readonly after: { readonly source: number; readonly partition: number; readonly offset: number };
    }
  | {
      readonly kind: 'rebuild';
      readonly instance: string;
      /** Set when a replay of this record asks: the lane must have had it first. */
      readonly after?: { readonly source: number; readonly partition: number; readonly offset: number };
      /** Every group gets a new revision, also where its numbers do not differ: after a restore, readers may have seen higher ones. */
      readonly renew?: true;
    }
  /** To the flatten lane of a source partition: delete rows whose broker timestamp lies below `before` (UTC ms), as far as nothing needs them. */
  | { readonly kind: 'purge'; readonly source: number; readonly partition: number; readonly rows: PurgedRows; readonly before: number }
  /** To each summarise lane, before flat rows of a source partition go: groups that have rows below offset `below` are to be frozen. */
  | { readonly kind: 'freeze'; readonly source: number; readonly partition: number; readonly below: number };

/** What a purge deletes: raw rows, or the root and child rows that were made of them. */
export type PurgedRows = 'raw' | 'flat';

export interface Request {
  readonly id: number;
  readonly lane: LaneKey;
  readonly body: RequestBody;
}

/** Reads that see the transaction's own writes. All lists are in offset order and at most `max` records long, cut between records. */
export interface LaneReads {
  readRaw(range: RowRange, max: number): Promise<readonly RawRecord[]>;
  /** Flat rows of the records in the range; `tables` restricts to table ids. `next` is the offset up to which (exclusive) the answer is complete. */
  readFlat(range: RowRange, tables: readonly number[], max: number): Promise<{ readonly rows: FlatRows; readonly next: number }>;
  /** Groups by their text; those that do not exist are left out. */
  readGroups(instance: string, groups: readonly string[]): Promise<readonly GroupRow[]>;
  /**
   * Groups of the lane with from ≤ revision < to, ordered by (revision, group). `after` is a group already read at revision `from`: to page on,
   * pass the last row's revision and group.
   */
  readGroupsByRevision(
    instance: string,
    lane: number,
    from: number,
    to: number,
    after: string | null,
    max: number,
  ): Promise<readonly GroupRow[]>;
  readRequests(lane: LaneKey, max: number): Promise<readonly Request[]>;
  /** Driver instances that are live in a summarise lane. */
  readLiveInstances(lane: number): Promise<readonly string[]>;
  /** Where ingest stands with each partition of a source that it has begun, whatever became of the source; in partition order. */
  readEnds(source: number): Promise<readonly Position[]>;
  /** Failures that are open for exactly this record. */
  readFailures(at: SourcePartition & { readonly offset: number }): Promise<readonly RecordFailure[]>;
  /** Offset of the first record of the range whose broker timestamp is at or after `time` (UTC ms), by its raw row or root row; null when there is none. */
  findSince(rows: PurgedRows, range: RowRange, time: number): Promise<number | null>;
  /**
   * Lowest offset of a source partition for which a failure of flatten or summarise is not resolved, or a replay is asked for: its rows are
   * still needed (delivery rule 11). What is listed as `summarise.frozen` needs none. Null when there is none.
   */
  readNeeded(at: SourcePartition): Promise<number | null>;
  /** Those of the messages that a source without offsets has had, by their ids. */
  readMessages(source: number, ids: readonly string[]): Promise<readonly string[]>;
  /** Those of the groups that are frozen. */
  readFrozen(instance: string, groups: readonly string[]): Promise<readonly string[]>;
}

export interface LaneWrites {
  /** Inserts or replaces; the rows of one lane never collide with another's. */
  writePositions(positions: readonly Position[]): Promise<void>;
  writeFacts(facts: LaneState['facts']): Promise<void>;
  writeRaw(rows: readonly RawRow[]): Promise<void>;
  /** Of a source without offsets: where each message came to stand. @throws Failure `retry` when the source has had one of them, in whatever lane */
  writeMessages(at: SourcePartition, messages: readonly SentMessage[]): Promise<void>;
  /** Forgets at most `max` messages of a lane that are older than `before` (UTC ms): the source cannot send them again. */
  forgetMessages(at: SourcePartition, before: number, max: number): Promise<void>;
  /**
   * @param schemaVersion - version that the cells are aligned with. @throws Failure `retry` `warehouse.schema-changed` when it is not the current one,
   * or columns had to be given more room first
   */
  writeFlat(rows: FlatRows, version: number, schemaVersion: number): Promise<void>;
  /** Deletes all flat rows of one record, children first. */
  deleteFlat(at: SourcePartition & { readonly offset: number }): Promise<void>;
  /** Deletes the raw rows, or all flat rows, of at most `max` records of the range, lowest offsets first. Returns how many records had any. Rows
   * in a database that no transaction spans may all go at once, whatever `max` says. */
  purge(rows: PurgedRows, range: RowRange, max: number): Promise<number>;
  /** Inserts or replaces by (instance, group). */
  writeGroups(instance: string, lane: number, rows: readonly GroupRow[]): Promise<void>;
  /** Inserts; the same (phase, coordinates, scope) again counts an attempt and takes the newer code and detail. Scopes have at most `scopeLengthMax` letters. */
  writeFailures(failures: readonly RecordFailure[], now: number): Promise<void>;
  /** Marks the open failures of a record (of `phase`, of `scopePrefix…`) as resolved. Returns how many there were. */
  resolveFailures(phase: PhaseName, at: SourcePartition & { readonly offset: number }, scopePrefix: string, now: number): Promise<number>;
  writeRequests(requests: readonly Omit<Request, 'id'>[], now: number): Promise<void>;
  closeRequests(ids: readonly number[], now: number): Promise<void>;
  /** Whoever reads an instance by its driver's name sees it once it is live in every lane that has begun and was not retired by a resize. */
  setInstanceLive(lane: number, instance: string, live: boolean): Promise<void>;
  /** Marks groups as frozen, for good: rows that they were made of are about to go. Again changes nothing. */
  freezeGroups(instance: string, groups: readonly string[]): Promise<void>;
  /** Removes the lane's intent and returns its body; null when there is none. */
  takeIntent(): Promise<Uint8Array | null>;
}

/** A lane with everything that belongs to it. */
export interface StoredLane extends LaneKey, LaneState {
  /** Driver instances that are live in it; none but in summarise. */
  readonly live: readonly string[];
}

/** Which lane a group is in. */
export interface GroupPlace {
  readonly group: string;
  readonly key: readonly KeyPart[];
  readonly lane: number;
}

/**
 * What operators do to all lanes at once, in one transaction, whoever owns them: their owners find another seq than they know, and reload. A lane
 * whose fact `lanes` is not above its number was retired by a resize: it keeps its row, so that nobody can begin it anew.
 */
export interface AdminTransaction {
  lanes(): Promise<readonly StoredLane[]>;
  /** Inserts or replaces the lane's row, positions and live instances. @throws Failure `fatal` `lane.seq-falls` when its seq would not rise */
  writeLane(lane: StoredLane): Promise<void>;
  writeRequests(requests: readonly Omit<Request, 'id'>[], now: number): Promise<void>;
  /** All that are open. */
  readRequests(): Promise<readonly Request[]>;
  closeRequests(ids: readonly number[], now: number): Promise<void>;
  /** Every instance that has ever had groups. */
  instances(): Promise<readonly string[]>;
  /** Groups of an instance, in the order of their texts, that come after one; at most `max`. */
  readGroupPlaces(instance: string, after: string | null, max: number): Promise<readonly GroupPlace[]>;
  /** Gives groups to other lanes; nothing else of them changes. */
  moveGroups(instance: string, places: readonly Pick<GroupPlace, 'group' | 'lane'>[]): Promise<void>;
  /** Lanes that have an intent. */
  intents(): Promise<readonly LaneKey[]>;
  /** A lane's turn as a part of this transaction: raises its seq by one from whatever it is. */
  turn(lane: LaneKey, work: (transaction: LaneTransaction) => Promise<void>): Promise<void>;
}

/** One transaction of one lane. Nothing is visible to others, and nothing remains after an error, until it commits. */
export interface LaneTransaction extends LaneReads, LaneWrites {
  /** The lane's new seq; the revision of everything that this transaction changes. */
  readonly seq: number;
  /**
   * What the transaction does is right under this catalog version alone: until it has ended, however it ends, no other comes into force. To be
   * called last: whoever activates a version waits for it.
   * @throws Failure `retry` `catalog.behind` when another version is in force
   */
  holdVersion(version: number): Promise<void>;
}

/** What `holdVersion` throws. */
export const catalogBehind = (version: number, inForce: number): Failure =>
  new Failure('retry', 'catalog.behind', `it was decided by catalog version ${version}, and ${inForce} is in force: decide again`, {
    version,
    inForce,
  });

/**
 * Raw, flat and summary rows, and the state that must commit with them. The database is the truth.
 * Every method throws Failure: `retry` when the database is busy, away or has changed under us (duplicate key, unknown column, deadlock,
 * unknown commit); `poison` `warehouse.data` for a data error; `fatal` for what a person must mend.
 */
export interface Warehouse {
  readonly capabilities: WarehouseCapabilities;
  /** The lane's state as it is committed; seq 0 and no positions when the lane is new. */
  loadLane(lane: LaneKey): Promise<LaneState>;
  /**
   * Runs `work` in one transaction that begins by raising the lane's seq from `seq` to `seq + 1`.
   * @throws Failure `retry` `lane.lost` when the lane's seq is not `seq`: somebody else was here, reload
   */
  transact<T>(lane: LaneKey, seq: number, work: (transaction: LaneTransaction) => Promise<T>): Promise<T>;
  /**
   * Stores what the lane is about to write in another database, before it does so (delivery rule 10). Its seq stays; a lane has one intent at most.
   * @param body - of the caller's own making, at most a few times the bytes of a batch
   * @throws Failure `retry` `lane.lost` when the lane's seq is not `seq`, or it has an intent already
   */
  intend(lane: LaneKey, seq: number, body: Uint8Array): Promise<void>;
  /** The lane's intent as it is committed; null when it has none. */
  readIntent(lane: LaneKey): Promise<Uint8Array | null>;
  schema(): Promise<FlatSchema>;
  /** Under the schema lock: `plan` sees the current schema and says what to change; the changes and their rows in the path catalog commit together. */
  evolve(plan: (schema: FlatSchema) => readonly SchemaChange[]): Promise<FlatSchema>;
  /** Makes the tables of driver instances that have none, and the view that shows the newest. Idempotent. */
  ensureSummaryTables(instances: readonly DriverInstance[]): Promise<void>;
  /** Reads outside any transaction, of committed rows only. */
  readonly committed: LaneReads;
  /** Folds of committed rows by the database itself; absent where it cannot. */
  readonly folds?: FlatFolds;
  /** Runs `work` in one transaction that no lane's transaction overlaps. For operators' commands; their `work` is short. */
  administer<T>(work: (transaction: AdminTransaction) => Promise<T>): Promise<T>;
  /** Asks lanes' owners for something. */
  request(requests: readonly Omit<Request, 'id'>[], now: number): Promise<void>;
  /** For people: status, failures, tables. */
  readonly inspect: Inspection;
  /** How its pool of connections stands; absent where there is none. */
  pool?(): PoolUse;
  close(): Promise<void>;
}

export interface LanePosition extends Position {
  readonly phase: PhaseName;
  readonly lane: number;
}

export interface StoredFailure extends RecordFailure {
  readonly id: number;
  readonly attempts: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly status: 'open' | 'replaying' | 'resolved';
}

export interface FailureFilter {
  readonly ids?: readonly number[];
  readonly phase?: PhaseName;
  readonly source?: number;
  readonly code?: string;
  readonly status?: StoredFailure['status'];
  readonly max: number;
}

export interface TableCount {
  readonly name: string;
  readonly kind: 'raw' | 'root' | 'child' | 'summary';
  readonly rows: number;
}

/** How the groups of a driver instance rest; it never changes. */
export interface InstanceLayout {
  readonly instance: string;
  readonly driver: string;
  /** Names of its columns, no two of which differ in case alone. */
  readonly keys: readonly string[];
  readonly measures: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly windowed: boolean;
}

/** Which driver instance readers of a driver are shown. */
export interface ShownInstance {
  readonly driver: string;
  readonly instance: string;
}

export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly QueryCell[])[];
  /** Bytes that the database read for it, where that is what it charges for. */
  readonly scannedBytes?: number;
}
/** As the database gives it; integers beyond 2^53 as bigint. */
export type QueryCell = null | boolean | number | bigint | string | Uint8Array;

export interface Inspection {
  positions(): Promise<readonly LanePosition[]>;
  lanes(): Promise<readonly (LaneKey & { readonly seq: number })[]>;
  failures(filter: FailureFilter): Promise<readonly StoredFailure[]>;
  openRequests(): Promise<number>;
  /** How many failures are open. Cheap: asked several times a second while somebody waits for the end. */
  openFailures(): Promise<number>;
  tables(): Promise<readonly TableCount[]>;
  /** By driver, which instance its view shows. */
  shownInstances(): Promise<readonly ShownInstance[]>;
  /** Every driver instance that has a table. */
  instances(): Promise<readonly InstanceLayout[]>;
  /** Runs one read-only statement. @throws Failure `fatal` `query.refused` when it is not one, `query.failed` with the database's words */
  query(sql: string, max: number): Promise<QueryResult>;
}
