import { Failure } from '@dsf/ports';
import type { FlatSchema, LaneKey, LaneReads, LaneTransaction, LaneWrites } from '@dsf/ports';
import type { SqliteClient } from './client.ts';
import type { Connection } from './connection.ts';
import { holdVersion } from './version-hold.ts';
import * as failures from './failures.ts';
import * as flatRows from './flat-rows.ts';
import * as groupRows from './group-rows.ts';
import { takeIntent } from './intents.ts';
import * as laneState from './lane-state.ts';
import * as messages from './messages.ts';
import * as rawRows from './raw-rows.ts';
import * as requests from './requests.ts';
import { readSchemaVersion } from './schema-catalog.ts';
import * as summaryTables from './summary-tables.ts';
import type { SummaryLayout } from './summary-tables.ts';

/** What reads and writes need besides the connection: both cached, both only ever read from committed rows. */
export interface CatalogViews {
  schema(connection: Connection): FlatSchema;
  layout(connection: Connection, instance: string): SummaryLayout | null;
}

/** Runs one synchronous piece of work on a connection: a snapshot for committed reads, the open transaction for a lane's. */
export type OnConnection = <T>(work: (connection: Connection) => T) => Promise<T>;
type Step = (connection: Connection) => void;

/**
 * @param onDurable - for what a lane may send or acknowledge without a commit of its own upon it: a power cut must not undo what others have
 *   been told
 */
export const laneReads = (
  { on, onDurable }: { readonly on: OnConnection; readonly onDurable: OnConnection },
  views: CatalogViews,
): LaneReads => ({
  readRaw: (range, max) => on((connection) => rawRows.readRaw(connection, range, max)),
  readFlat: (range, tables, max) => on((connection) => flatRows.readFlat(connection, views.schema(connection), { range, tables, max })),
  readGroups: (instance, groups) =>
    on((connection) => {
      const layout = views.layout(connection, instance);
      return layout === null ? [] : groupRows.readGroups(connection, layout, groups);
    }),
  readGroupsByRevision: (instance, ...[lane, from, to, after, max]) =>
    onDurable((connection) => {
      const layout = views.layout(connection, instance);
      return layout === null ? [] : groupRows.readGroupsByRevision(connection, layout, { lane, from, to, after, max });
    }),
  readRequests: (lane, max) => on((connection) => requests.readRequests(connection, lane, max)),
  readLiveInstances: (lane) => onDurable((connection) => summaryTables.readLiveInstances(connection, lane)),
  readEnds: (source) => onDurable((connection) => laneState.readEnds(connection, source)),
  readFailures: (at) => on((connection) => failures.readFailures(connection, at)),
  findSince: (rows, range, time) =>
    on((connection) =>
      rows === 'raw'
        ? rawRows.findRawSince(connection, range, time)
        : flatRows.findFlatSince(connection, views.schema(connection), range, time),
    ),
  readNeeded: (at) =>
    on((connection) => {
      const needed = [failures.readLowestFailure(connection, at), requests.readLowestReplay(connection, at)].filter((one) => one !== null);
      return needed.length === 0 ? null : Math.min(...needed);
    }),
  readMessages: (source, ids) => onDurable((connection) => messages.readMessages(connection, source, ids)),
  readFrozen: (instance, groups) => on((connection) => groupRows.readFrozen(connection, instance, groups)),
});

/** @param later - for steps whose outcome nobody waits for */
const laneWrites = (lane: LaneKey, { on, later }: Turn, views: CatalogViews): LaneWrites => {
  const layoutOf = (connection: Connection, instance: string): SummaryLayout => {
    const layout = views.layout(connection, instance);
    if (layout === null)
      throw new Failure(
        'retry',
        'warehouse.summary-missing',
        'the driver instance has no table yet: ensure the summary tables and decide again',
        { instance },
      );
    return layout;
  };
  return {
    writePositions: (positions) => later((connection) => laneState.writePositions(connection, lane, positions)),
    writeFacts: (facts) => later((connection) => laneState.writeFacts(connection, lane, facts)),
    writeRaw: (rows) => later((connection) => rawRows.writeRaw(connection, rows)),
    writeMessages: (at, sent) => later((connection) => messages.writeMessages(connection, at, sent)),
    forgetMessages: (at, before, max) => later((connection) => messages.forgetMessages(connection, at, { before, max })),
    writeFlat: (rows, version, schemaVersion) =>
      later((connection) => {
        const current = readSchemaVersion(connection);
        if (current !== schemaVersion)
          throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again', {
            known: schemaVersion,
            current,
          });
        flatRows.writeFlat(connection, rows, version);
      }),
    deleteFlat: (at) => later((connection) => flatRows.deleteFlat(connection, views.schema(connection), at)),
    purge: (rows, range, max) =>
      on((connection) =>
        rows === 'raw' ? rawRows.purgeRaw(connection, range, max) : flatRows.purgeFlat(connection, views.schema(connection), range, max),
      ),
    freezeGroups: (instance, groups) => later((connection) => groupRows.freezeGroups(connection, instance, groups)),
    writeGroups: (instance, groupLane, rows) =>
      later((connection) => groupRows.writeGroups(connection, layoutOf(connection, instance), { lane: groupLane, rows })),
    writeFailures: (refused, now) => later((connection) => failures.writeFailures(connection, refused, now)),
    resolveFailures: (phase, at, scopePrefix, now) =>
      on((connection) => failures.resolveFailures(connection, { phase, at, scopePrefix, now })),
    writeRequests: (asked, now) => later((connection) => requests.writeRequests(connection, asked, now)),
    closeRequests: (ids, now) => later((connection) => requests.closeRequests(connection, ids, now)),
    takeIntent: () => on((connection) => takeIntent(connection, lane)),
    setInstanceLive: (instanceLane, instance, live) =>
      later((connection) => summaryTables.setInstanceLive(connection, instanceLane, { layout: layoutOf(connection, instance), live })),
  };
};

interface Turn {
  /** Runs the step now, in the transaction. */
  readonly on: OnConnection;
  /** Runs the step before the transaction commits. */
  readonly later: (step: Step) => Promise<void>;
}

const laneCalls = (lane: LaneKey, turn: Turn, views: CatalogViews): Omit<LaneTransaction, 'seq'> => ({
  ...laneReads({ on: turn.on, onDurable: turn.on }, views),
  ...laneWrites(lane, turn, views),
  holdVersion: (version) => turn.on((connection) => holdVersion(connection, version)),
});

/** A lane's turn within a transaction that has begun. */
export const turnWithin = async (
  connection: Connection,
  { lane, views }: { readonly lane: LaneKey; readonly views: CatalogViews },
  work: (transaction: LaneTransaction) => Promise<void>,
): Promise<void> => {
  const { seq } = laneState.readLane(connection, lane);
  laneState.claimTurn(connection, lane, seq);
  const on: OnConnection = async (step) => step(connection);
  await work({ seq: seq + 1, ...laneCalls(lane, { on, later: on }, views) });
};

/** A transaction that has begun while `work` still goes on. */
const beginTurn = (client: SqliteClient, first: Step) => {
  const begun = Promise.withResolvers<Connection>();
  const ended = Promise.withResolvers<void>();
  const done = client.write(async (connection) => {
    first(connection);
    begun.resolve(connection);
    await ended.promise;
  });
  done.catch(begun.reject);
  begun.promise.catch(() => undefined);
  // Where the transaction did not even begin, nobody waits for its end.
  ended.promise.catch(() => undefined);
  return { connection: begun.promise, commit: ended.resolve, rollBack: ended.reject, done };
};

/**
 * Runs `work` as the lane's next turn. What it writes is kept until it is done, and written without a pause, so that the file is locked no
 * longer than SQLite works; only when `work` wants to know something does the transaction begin before it ends.
 *
 * The first error dooms the transaction, also when `work` catches it: half of a multi-row write must never commit. Calls after the end are
 * refused, because the connection is by then another lane's.
 */
export const takeTurn = async <T>(
  client: SqliteClient,
  turn: { readonly lane: LaneKey; readonly seq: number; readonly views: CatalogViews },
  work: (transaction: LaneTransaction) => Promise<T>,
): Promise<T> => {
  const { lane, seq, views } = turn;
  const kept: Step[] = [];
  const writeKept: Step = (connection) => {
    laneState.claimTurn(connection, lane, seq);
    for (const step of kept) step(connection);
  };
  let begun: ReturnType<typeof beginTurn> | null = null;
  let isOpen = true;
  let doom: { readonly error: unknown } | null = null;

  const checkOpen = (): void => {
    if (!isOpen)
      throw new Failure('fatal', 'warehouse.transaction-over', 'a call came after its transaction had ended: await every call', {
        ...lane,
      });
    if (doom !== null) throw doom.error;
  };
  const on: OnConnection = async (step) => {
    checkOpen();
    begun ??= beginTurn(client, writeKept);
    try {
      return step(await begun.connection);
    } catch (error) {
      doom ??= { error };
      throw error;
    }
  };
  const later = async (step: Step): Promise<void> => {
    checkOpen();
    if (begun === null) kept.push(step);
    else await on(step);
  };
  const end = async (result: T): Promise<T> => {
    if (begun === null) {
      await client.writeShared(writeKept);
    } else {
      begun.commit();
      await begun.done;
    }
    return result;
  };

  try {
    const result = await work({ seq: seq + 1, ...laneCalls(lane, { on, later }, views) });
    checkOpen();
    isOpen = false;
    return await end(result);
  } catch (error) {
    isOpen = false;
    (begun as ReturnType<typeof beginTurn> | null)?.rollBack(error);
    await (begun as ReturnType<typeof beginTurn> | null)?.done;
    throw error;
  }
};
