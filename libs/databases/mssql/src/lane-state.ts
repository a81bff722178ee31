import { Failure, phaseNames } from '@dsf/ports';
import type { LaneKey, LanePosition, LaneState, Position, StoredLane } from '@dsf/ports';
import { integer, integerOrNull, json, truth, word as wordOf } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { quoteText } from './dialect.ts';
import { document, integer as int, raw, sql, word } from './sql.ts';
import { readLiveInstances, replaceLiveInstances } from './summary-tables.ts';

/*
 * Lanes and positions: lane, position.
 */

const positionColumns =
  '[source], [partition], [next_offset], [start_offset], [time_ms], [idle], [version], [written], [failed], [filtered], [absent], [duplicates], [refills]';

const positionOf = (row: Row): Position => {
  const [source, partition, next, start, time, idle, version, written, failed, filtered, absent, duplicates, refills] = row;
  return {
    source: integer(source),
    partition: integer(partition),
    next: integer(next),
    start: integer(start),
    time: integerOrNull(time ?? null),
    idle: truth(idle),
    version: integer(version),
    counters: {
      written: integer(written),
      failed: integer(failed),
      filtered: integer(filtered),
      absent: integer(absent),
      duplicates: integer(duplicates),
      refills: integer(refills),
    },
  };
};

export const readLane = async (connection: Connection, { phase, source, lane }: LaneKey): Promise<LaneState> => {
  const state = raw(connection.schemas.state);
  const row = await connection.first(
    sql`SELECT [seq], [facts] FROM ${state}.[lane] WHERE [phase] = ${word(phase)} AND [source] = ${int(source)} AND [lane] = ${int(lane)}`,
  );
  if (row === undefined) return { seq: 0, positions: [], facts: {} };
  const positions = await connection.all(
    sql`SELECT ${raw(positionColumns)} FROM ${state}.[position] WHERE [phase] = ${word(phase)} AND [lane_source] = ${int(source)} AND [lane] = ${int(lane)} ORDER BY [source], [partition]`,
  );
  return { seq: integer(row[0]), positions: positions.map(positionOf), facts: json<LaneState['facts']>(row[1]) };
};

export const readEnds = async (connection: Connection, source: number): Promise<readonly Position[]> => {
  const rows = await connection.all(
    sql`SELECT ${raw(positionColumns)} FROM ${raw(connection.schemas.state)}.[position] WHERE [phase] = ${word('ingest')} AND [lane_source] = ${int(source)} ORDER BY [partition]`,
  );
  return rows.map(positionOf);
};

/** Shared by all lanes, so that they go on side by side; whoever administers them takes it alone. */
const lanesLock = (base: string): string => `dsf:${base}:lanes`;

/** The lock and the row in one batch, which saves a round trip per transaction. @returns how many rows it changed */
const raise = async (connection: Connection, { phase, source, lane }: LaneKey, seq: number): Promise<number> => {
  const { base, state } = connection.schemas;
  const table = raw(`${state}.[lane]`);
  const [p, s, l] = [word(phase), int(source), int(lane)];
  const change =
    seq === 0
      ? sql`INSERT INTO ${table} ([phase], [source], [lane], [seq]) SELECT ${p}, ${s}, ${l}, 1 WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE [phase] = ${p} AND [source] = ${s} AND [lane] = ${l})`
      : sql`UPDATE ${table} SET [seq] = [seq] + 1 WHERE [phase] = ${p} AND [source] = ${s} AND [lane] = ${l} AND [seq] = ${int(seq)}`;
  const row = await connection.first({
    text: `DECLARE @lock int, @changed int = 0;
EXEC @lock = sp_getapplock @Resource = ${quoteText(lanesLock(base))}, @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 BEGIN ${change.text}; SET @changed = @@ROWCOUNT; END;
SELECT @changed`,
    binds: change.binds,
  });
  return integer(row?.[0]);
};

/**
 * The first statement of every lane transaction (delivery rule 1). The row stays locked until the transaction ends, so that a second worker of the
 * lane waits here, and then finds another seq. @throws Failure `retry` `lane.lost`
 */
export const claimTurn = async (connection: Connection, key: LaneKey, seq: number): Promise<void> => {
  const { phase, source, lane } = key;
  if ((await raise(connection, key, seq)) !== 1)
    throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane: reload it', { phase, source, lane, seq });
};

/** The lane's seq, which nobody raises before this transaction ends: its row is written, which locks it. 0 when it is new, -1 when its lock cannot be had. */
export const holdSeq = async (connection: Connection, { phase, source, lane }: LaneKey): Promise<number> => {
  const { base, state } = connection.schemas;
  const row = sql`[phase] = ${word(phase)} AND [source] = ${int(source)} AND [lane] = ${int(lane)}`;
  const table = `${state}.[lane]`;
  const found = await connection.first({
    text: `DECLARE @lock int, @seq bigint = 0;
EXEC @lock = sp_getapplock @Resource = ${quoteText(lanesLock(base))}, @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 BEGIN UPDATE ${table} SET [seq] = [seq] WHERE ${row.text}; SELECT @seq = [seq] FROM ${table} WHERE ${row.text}; END ELSE SET @seq = -1;
SELECT @seq`,
    binds: row.binds,
  });
  return integer(found?.[0]);
};

/** One JSON list instead of a statement per position; its numbers are integers that JSON keeps. */
const positionList = (lane: LaneKey, positions: readonly Position[]): string =>
  JSON.stringify(
    positions.map(({ counters, ...position }) => ({
      ...position,
      ...counters,
      idle: position.idle ? 1 : 0,
      phase: lane.phase,
      lane_source: lane.source,
      lane: lane.lane,
    })),
  );

const listed = `OPENJSON(@p1) WITH (
  [phase] varchar(10) '$.phase', [lane_source] int '$.lane_source', [lane] int '$.lane', [source] int '$.source', [partition] int '$.partition',
  [next_offset] bigint '$.next', [start_offset] bigint '$.start', [time_ms] bigint '$.time', [idle] bit '$.idle', [version] int '$.version',
  [written] bigint '$.written', [failed] bigint '$.failed', [filtered] bigint '$.filtered', [absent] bigint '$.absent',
  [duplicates] bigint '$.duplicates', [refills] bigint '$.refills') AS n`;

const sameKey =
  'p.[phase] = n.[phase] COLLATE Latin1_General_100_BIN2 AND p.[lane_source] = n.[lane_source] AND p.[lane] = n.[lane] AND p.[source] = n.[source] AND p.[partition] = n.[partition]';

const changing = [
  'next_offset',
  'start_offset',
  'time_ms',
  'idle',
  'version',
  'written',
  'failed',
  'filtered',
  'absent',
  'duplicates',
  'refills',
];

/** UPDATE, then INSERT of what was not there. Nobody else writes the lane's positions, so nothing can come in between. */
const upsertPositions = (state: string): string => `UPDATE p SET ${changing.map((name) => `[${name}] = n.[${name}]`).join(', ')}
FROM ${state}.[position] AS p JOIN ${listed} ON ${sameKey};
INSERT INTO ${state}.[position] ([phase], [lane_source], [lane], ${positionColumns})
SELECT n.[phase], n.[lane_source], n.[lane], ${positionColumns
  .split(', ')
  .map((name) => `n.${name}`)
  .join(', ')}
FROM ${listed} WHERE NOT EXISTS (SELECT 1 FROM ${state}.[position] AS p WHERE ${sameKey});`;

export const writePositions = async (connection: Connection, lane: LaneKey, positions: readonly Position[]): Promise<void> => {
  if (positions.length === 0) return;
  await connection.run({ text: upsertPositions(connection.schemas.state), binds: [document(positionList(lane, positions))] });
};

export const writeFacts = async (connection: Connection, { phase, source, lane }: LaneKey, facts: LaneState['facts']): Promise<void> => {
  await connection.run(
    sql`UPDATE ${raw(connection.schemas.state)}.[lane] SET [facts] = ${document(JSON.stringify(facts))} WHERE [phase] = ${word(phase)} AND [source] = ${int(source)} AND [lane] = ${int(lane)}`,
  );
};

export const readAllLanes = async (connection: Connection): Promise<readonly (LaneKey & { readonly seq: number })[]> =>
  (
    await connection.all(
      sql`SELECT [phase], [source], [lane], [seq] FROM ${raw(connection.schemas.state)}.[lane] ORDER BY [phase], [source], [lane]`,
    )
  ).map(([phase, source, lane, seq]) => ({
    phase: wordOf(phaseNames, phase),
    source: integer(source),
    lane: integer(lane),
    seq: integer(seq),
  }));

export const readAllPositions = async (connection: Connection): Promise<readonly LanePosition[]> =>
  (
    await connection.all(
      sql`SELECT [phase], [lane], ${raw(positionColumns)} FROM ${raw(connection.schemas.state)}.[position] ORDER BY [phase], [lane_source], [lane], [source], [partition]`,
    )
  ).map(([phase, lane, ...position]) => ({ ...positionOf(position), phase: wordOf(phaseNames, phase), lane: integer(lane) }));

export const readStoredLanes = async (connection: Connection): Promise<readonly StoredLane[]> => {
  const stored: StoredLane[] = [];
  for (const { phase, source, lane } of await readAllLanes(connection)) {
    const live = phase === 'summarise' ? await readLiveInstances(connection, lane) : [];
    stored.push({ phase, source, lane, ...(await readLane(connection, { phase, source, lane })), live });
  }
  return stored;
};

/** @throws Failure `fatal` `lane.seq-falls` */
export const writeStoredLane = async (
  connection: Connection,
  { phase, source, lane, seq, facts, positions, live }: StoredLane,
): Promise<void> => {
  const table = raw(`${connection.schemas.state}.[lane]`);
  const [p, s, l] = [word(phase), int(source), int(lane)];
  const raised = await connection.run(
    sql`UPDATE ${table} SET [seq] = ${int(seq)}, [facts] = ${document(JSON.stringify(facts))} WHERE [phase] = ${p} AND [source] = ${s} AND [lane] = ${l} AND [seq] < ${int(seq)}`,
  );
  const made =
    raised === 1
      ? 1
      : await connection.run(
          sql`INSERT INTO ${table} ([phase], [source], [lane], [seq], [facts]) SELECT ${p}, ${s}, ${l}, ${int(seq)}, ${document(JSON.stringify(facts))} WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE [phase] = ${p} AND [source] = ${s} AND [lane] = ${l})`,
        );
  if (made !== 1)
    throw new Failure('fatal', 'lane.seq-falls', `the seq of lane ${phase}/${source}/${lane} would not rise to ${seq}`, {
      phase,
      source,
      lane,
      seq,
    });
  await connection.run(
    sql`DELETE FROM ${raw(connection.schemas.state)}.[position] WHERE [phase] = ${p} AND [lane_source] = ${s} AND [lane] = ${l}`,
  );
  await writePositions(connection, { phase, source, lane }, positions);
  if (phase === 'summarise') await replaceLiveInstances(connection, lane, live);
};
