import { Failure } from '@dsf/ports';
import type { FlatSchema, LaneKey, LaneReads, LaneTransaction, LaneWrites } from '@dsf/ports';
import type { Connection } from './connection.ts';
import * as failures from './failures.ts';
import * as flatRows from './flat-rows.ts';
import * as groupRows from './group-rows.ts';
import * as laneState from './lane-state.ts';
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

export const laneReads = (on: OnConnection, views: CatalogViews): LaneReads => ({
  readRaw: (range, max) => on((connection) => rawRows.readRaw(connection, range, max)),
  readFlat: (range, tables, max) => on((connection) => flatRows.readFlat(connection, views.schema(connection), { range, tables, max })),
  readGroups: (instance, groups) =>
    on((connection) => {
      const layout = views.layout(connection, instance);
      return layout === null ? [] : groupRows.readGroups(connection, layout, groups);
    }),
  readGroupsByRevision: (instance, ...[lane, from, to, after, max]) =>
    on((connection) => {
      const layout = views.layout(connection, instance);
      return layout === null ? [] : groupRows.readGroupsByRevision(connection, layout, { lane, from, to, after, max });
    }),
  readRequests: (lane, max) => on((connection) => requests.readRequests(connection, lane, max)),
  readLiveInstances: (lane) => on((connection) => summaryTables.readLiveInstances(connection, lane)),
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
  readFrozen: (instance, groups) => on((connection) => groupRows.readFrozen(connection, instance, groups)),
});

const laneWrites = (lane: LaneKey, on: OnConnection, views: CatalogViews): LaneWrites => {
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
    writePositions: (positions) => on((connection) => laneState.writePositions(connection, lane, positions)),
    writeFacts: (facts) => on((connection) => laneState.writeFacts(connection, lane, facts)),
    writeRaw: (rows) => on((connection) => rawRows.writeRaw(connection, rows)),
    writeFlat: (rows, version, schemaVersion) =>
      on((connection) => {
        const current = readSchemaVersion(connection);
        if (current !== schemaVersion)
          throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again', {
            known: schemaVersion,
            current,
          });
        flatRows.writeFlat(connection, rows, version);
      }),
    deleteFlat: (at) => on((connection) => flatRows.deleteFlat(connection, views.schema(connection), at)),
    purge: (rows, range, max) =>
      on((connection) =>
        rows === 'raw' ? rawRows.purgeRaw(connection, range, max) : flatRows.purgeFlat(connection, views.schema(connection), range, max),
      ),
    freezeGroups: (instance, groups) => on((connection) => groupRows.freezeGroups(connection, instance, groups)),
    writeGroups: (instance, groupLane, rows) =>
      on((connection) => groupRows.writeGroups(connection, layoutOf(connection, instance), { lane: groupLane, rows })),
    writeFailures: (refused, now) => on((connection) => failures.writeFailures(connection, refused, now)),
    resolveFailures: (phase, at, scopePrefix, now) =>
      on((connection) => failures.resolveFailures(connection, { phase, at, scopePrefix, now })),
    writeRequests: (asked, now) => on((connection) => requests.writeRequests(connection, asked, now)),
    closeRequests: (ids, now) => on((connection) => requests.closeRequests(connection, ids, now)),
    setInstanceLive: (instanceLane, instance, live) =>
      on((connection) => summaryTables.setInstanceLive(connection, instanceLane, { layout: layoutOf(connection, instance), live })),
  };
};

/**
 * Runs `work` as the lane's next turn on a connection whose transaction has just begun. The first error dooms the transaction, also when
 * `work` catches it: half of a multi-row write must never commit. Calls after the end are refused, because the connection is by then another lane's.
 */
export const takeTurn = async <T>(
  connection: Connection,
  turn: { readonly lane: LaneKey; readonly seq: number; readonly views: CatalogViews },
  work: (transaction: LaneTransaction) => Promise<T>,
): Promise<T> => {
  const { lane, seq, views } = turn;
  laneState.claimTurn(connection, lane, seq);
  let isOpen = true;
  let doom: { readonly error: unknown } | null = null;

  const on: OnConnection = async (step) => {
    if (!isOpen)
      throw new Failure('fatal', 'warehouse.transaction-over', 'a call came after its transaction had ended: await every call', {
        ...lane,
      });
    if (doom !== null) throw doom.error;
    try {
      return step(connection);
    } catch (error) {
      doom = { error };
      throw error;
    }
  };

  try {
    const result = await work({ seq: seq + 1, ...laneReads(on, views), ...laneWrites(lane, on, views) });
    if (doom !== null) throw (doom as { readonly error: unknown }).error;
    return result;
  } finally {
    isOpen = false;
  }
};
