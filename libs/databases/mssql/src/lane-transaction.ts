import { Failure } from '@dsf/ports';
import type { LaneKey, LaneReads, LaneTransaction, LaneWrites, Position } from '@dsf/ports';
import type { Connection, Row } from './connection.ts';
import { freezeGroups, readFrozen } from './frozen-groups.ts';
import * as failures from './failures.ts';
import * as flatRows from './flat-rows.ts';
import * as groupRows from './group-rows.ts';
import { takeIntent } from './intents.ts';
import * as laneState from './lane-state.ts';
import * as messages from './messages.ts';
import * as rawRows from './raw-rows.ts';
import * as requests from './requests.ts';
import { readSchemaVersion, type CatalogCache } from './schema-catalog.ts';
import type { Growth } from './column-growth.ts';
import * as summaryTables from './summary-tables.ts';
import type { SummaryLayout } from './summary-tables.ts';
import { failureOf } from './verdict.ts';
import { holdVersion } from './version-hold.ts';

/** What reads and writes need besides the connection: both cached. */
export interface CatalogViews {
  readonly catalog: CatalogCache;
  layout(connection: Connection, instance: string): Promise<SummaryLayout | null>;
}

/** Runs one piece of work on a connection: one of the pool for committed reads, the open transaction's for a lane's. */
export type OnConnection = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

export interface Readers {
  /** For a single statement. */
  readonly one: OnConnection;
  /** For several that belong together. */
  readonly several: OnConnection;
}

export const laneReads = ({ one, several }: Readers, views: CatalogViews): LaneReads => ({
  readRaw: (range, max) => one((connection) => rawRows.readRaw(connection, range, max)),
  readFlat: (range, tables, max) =>
    several(async (connection) => flatRows.readFlat(connection, await views.catalog(connection), { range, tables, max })),
  readGroups: (instance, groups) =>
    one(async (connection) => {
      const layout = await views.layout(connection, instance);
      return layout === null ? [] : groupRows.readGroups(connection, layout, groups);
    }),
  readGroupsByRevision: (instance, ...[lane, from, to, after, max]) =>
    one(async (connection) => {
      const layout = await views.layout(connection, instance);
      return layout === null ? [] : groupRows.readGroupsByRevision(connection, layout, { lane, from, to, after, max });
    }),
  readRequests: (lane, max) => one((connection) => requests.readRequests(connection, lane, max)),
  readLiveInstances: (lane) => one((connection) => summaryTables.readLiveInstances(connection, lane)),
  readEnds: (source) => one((connection) => laneState.readEnds(connection, source)),
  readFailures: (at) => one((connection) => failures.readFailures(connection, at)),
  findSince: (rows, range, time) =>
    several(async (connection) =>
      rows === 'raw'
        ? rawRows.findRawSince(connection, range, time)
        : flatRows.findFlatSince(connection, await views.catalog(connection), range, time),
    ),
  readNeeded: (at) =>
    several(async (connection) => {
      const needed = [await failures.readLowestFailure(connection, at), await requests.readLowestReplay(connection, at)];
      const known = needed.filter((offset) => offset !== null);
      return known.length === 0 ? null : Math.min(...known);
    }),
  readMessages: (source, ids) => one((connection) => messages.readMessages(connection, source, ids)),
  readFrozen: (instance, groups) => one((connection) => readFrozen(connection, instance, groups)),
});

interface Writing {
  readonly lane: LaneKey;
  readonly on: OnConnection;
  /** Remembers progress until it has to be written. */
  readonly hold: (progress: Partial<laneState.LaneProgress>) => Promise<void>;
  readonly views: CatalogViews;
  /** Told what columns lack for the rows that were refused. */
  readonly want: (growths: readonly Growth[]) => void;
}

const laneWrites = ({ lane, on, hold, views, want }: Writing): LaneWrites => {
  const layoutOf = async (connection: Connection, instance: string): Promise<SummaryLayout> => {
    const layout = await views.layout(connection, instance);
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
    writePositions: (positions) => hold({ positions }),
    writeFacts: (facts) => hold({ facts }),
    writeRaw: (rows) => on((connection) => rawRows.writeRaw(connection, rows)),
    writeMessages: (at, sent) => on((connection) => messages.writeMessages(connection, at, sent)),
    forgetMessages: (at, before, max) => on((connection) => messages.forgetMessages(connection, at, { before, max })),
    writeFlat: (rows, version, schemaVersion) =>
      on(async (connection) => {
        const current = await readSchemaVersion(connection, 'held');
        const catalog = current === schemaVersion ? await views.catalog(connection, current) : null;
        if (catalog === null || catalog.schema.version !== schemaVersion)
          throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again', {
            known: schemaVersion,
            current,
          });
        await flatRows.writeFlat(connection, catalog, { rows, version }, want);
      }),
    deleteFlat: (at) => on(async (connection) => flatRows.deleteFlat(connection, await views.catalog(connection), at)),
    purge: (rows, range, max) =>
      on(async (connection) =>
        rows === 'raw'
          ? rawRows.purgeRaw(connection, range, max)
          : flatRows.purgeFlat(connection, await views.catalog(connection), range, max),
      ),
    freezeGroups: (instance, groups) => on((connection) => freezeGroups(connection, instance, groups)),
    writeGroups: (instance, groupLane, rows) =>
      on(async (connection) => groupRows.writeGroups(connection, await layoutOf(connection, instance), { lane: groupLane, rows })),
    writeFailures: (refused, now) => on((connection) => failures.writeFailures(connection, refused, now)),
    resolveFailures: (phase, at, scopePrefix, now) =>
      on((connection) => failures.resolveFailures(connection, { phase, at, scopePrefix, now })),
    writeRequests: (asked, now) => on((connection) => requests.writeRequests(connection, asked, now)),
    closeRequests: (ids, now) => on((connection) => requests.closeRequests(connection, ids, now)),
    takeIntent: () => on((connection) => takeIntent(connection, lane)),
    setInstanceLive: (instanceLane, instance, live) =>
      on(async (connection) =>
        summaryTables.setInstanceLive(connection, instanceLane, { layout: await layoutOf(connection, instance), live }),
      ),
  };
};

/** A lane's turn within a transaction that has begun. */
export const turnWithin = async (
  connection: Connection,
  { lane, views }: { readonly lane: LaneKey; readonly views: CatalogViews },
  work: (transaction: LaneTransaction) => Promise<void>,
): Promise<void> => {
  const { seq } = await laneState.readLane(connection, lane);
  const rows = await connection.all({ text: laneState.claimBatch(connection.schemas, lane, seq), binds: [] });
  await takeTurn(connection, { lane, seq, rows, views, want: () => undefined }, work);
};

/** A connection answers one question at a time: what is asked meanwhile waits. */
const inTurn = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
};

export interface Turn {
  readonly lane: LaneKey;
  readonly seq: number;
  /** Of the batch that claims the turn. */
  readonly rows: readonly Row[];
  readonly views: CatalogViews;
  readonly want: (growths: readonly Growth[]) => void;
}

/** Progress that waits, so that it goes in one statement with what comes after it. */
const createProgress = () => {
  const positions = new Map<string, Position>();
  let facts: laneState.LaneProgress['facts'] = null;
  return {
    add: (more: Partial<laneState.LaneProgress>): void => {
      for (const position of more.positions ?? []) positions.set(`${position.source}:${position.partition}`, position);
      facts = more.facts ?? facts;
    },
    take: (): laneState.LaneProgress => {
      const taken = { positions: [...positions.values()], facts };
      positions.clear();
      facts = null;
      return taken;
    },
  };
};

/**
 * Runs `work` as the lane's next turn on a connection whose transaction has just begun. The first error dooms the transaction, also when
 * `work` catches it: half of a multi-row write must never commit. Calls after the end are refused, because the connection is by then another lane's.
 */
export const takeTurn = async <T>(connection: Connection, turn: Turn, work: (transaction: LaneTransaction) => Promise<T>): Promise<T> => {
  const { lane, seq, rows, views, want } = turn;
  laneState.claimed(rows, lane, seq);
  let isOpen = true;
  let doom: { readonly error: unknown } | null = null;
  const alone = inTurn();
  const progress = createProgress();

  const step = async <R>(action: () => Promise<R>): Promise<R> => {
    if (!isOpen)
      throw new Failure('fatal', 'warehouse.transaction-over', 'a call came after its transaction had ended: await every call', {
        ...lane,
      });
    return alone(async () => {
      if (doom !== null) throw doom.error;
      try {
        return await action();
      } catch (error) {
        const failure = failureOf(error, { ...lane });
        doom = { error: failure };
        throw failure;
      }
    });
  };
  const writeProgress = (): Promise<void> => laneState.writeProgress(connection, lane, progress.take());
  const on: OnConnection = (action) =>
    step(async () => {
      await writeProgress();
      return action(connection);
    });
  const hold: Writing['hold'] = (more) => step(async () => progress.add(more));

  try {
    const result = await work({
      seq: seq + 1,
      ...laneReads({ one: on, several: on }, views),
      ...laneWrites({ lane, on, hold, views, want }),
      holdVersion: (version) => on((connection) => holdVersion(connection, version)),
    });
    // What `work` has begun and not awaited ends before the commit.
    await step(writeProgress);
    return result;
  } finally {
    isOpen = false;
  }
};
