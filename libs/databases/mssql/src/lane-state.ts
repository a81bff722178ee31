import { Failure, phaseNames } from '@dsf/ports';
import type { LaneKey, LanePosition, LaneState, Position, StoredLane } from '@dsf/ports';
import { integer, integerOrNull, json, truth, word as wordOf } from './columns.ts';
import type { Schemas } from './config.ts';
import type { Connection, Row } from './connection.ts';
import { quoteText, quoteWord, wholeNumber } from './dialect.ts';
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

/**
 * The first statements of every lane transaction (delivery rule 1): whoever administers lanes waits, and the lane's row stays locked until the transaction
 * ends, so that a second worker of the lane waits here, and then finds another seq. The numbers stand in the text, which is the same in each turn of a
 * lane but its first, so that the server keeps its plan.
 */
export const claimBatch = ({ base, state }: Schemas, { phase, source, lane }: LaneKey, seq: number): string => {
  const table = `${state}.[lane]`;
  const row = `[phase] = ${quoteWord(phase)} AND [source] = ${wholeNumber(source)} AND [lane] = ${wholeNumber(lane)}`;
  const change =
    seq === 0
      ? `INSERT INTO ${table} ([phase], [source], [lane], [seq]) OUTPUT inserted.[seq] SELECT ${quoteWord(phase)}, ${wholeNumber(source)}, ${wholeNumber(lane)}, 1 WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE ${row})`
      : `UPDATE ${table} SET [seq] = [seq] + 1 OUTPUT inserted.[seq] WHERE ${row}`;
  return `DECLARE @lock int;
EXEC @lock = sp_getapplock @Resource = ${quoteText(lanesLock(base))}, @LockMode = 'Shared', @LockOwner = 'Transaction';
IF @lock >= 0 ${change}`;
};

/**
 * @param rows - what `claimBatch` gave
 * @throws Failure `retry` `lane.lost`
 */
export const claimed = (rows: readonly Row[], { phase, source, lane }: LaneKey, seq: number): void => {
  const [row] = rows;
  if (row === undefined || integer(row[0]) !== seq + 1)
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

/*
 * Progress of a turn, all in one statement. @p1 to @p3 name the lane and @p4 are its facts; from @p5 on its positions. Nobody else writes them, so nothing
 * can come between the UPDATE and the INSERT of what was not there.
 */

const columnNames = positionColumns.split(', ');
const changing = columnNames.slice(2);

/** Nearly every turn has one position: plain parameters, with no list to take apart. */
const upsertPosition = (state: string): string => {
  const parameters = columnNames.map((_, index) => `@p${index + 5}`);
  return `UPDATE ${state}.[position] SET ${changing.map((name, index) => `${name} = ${parameters[index + 2]}`).join(', ')}
WHERE [phase] = @p1 AND [lane_source] = @p2 AND [lane] = @p3 AND [source] = @p5 AND [partition] = @p6;
IF @@ROWCOUNT = 0 INSERT INTO ${state}.[position] ([phase], [lane_source], [lane], ${positionColumns}) VALUES (@p1, @p2, @p3, ${parameters.join(', ')});`;
};

const valuesOf = ({ source, partition, next, start, time, idle, version, counters }: Position): readonly (number | null)[] => {
  const { written, failed, filtered, absent, duplicates, refills } = counters;
  return [source, partition, next, start, time, idle ? 1 : 0, version, written, failed, filtered, absent, duplicates, refills];
};

/** Of several positions, one JSON list; its numbers are integers that JSON keeps. */
const listed = `OPENJSON(@p5) WITH (${[
  '[source] int',
  '[partition] int',
  '[next_offset] bigint',
  '[start_offset] bigint',
  '[time_ms] bigint',
  '[idle] bit',
  '[version] int',
  '[written] bigint',
  '[failed] bigint',
  '[filtered] bigint',
  '[absent] bigint',
  '[duplicates] bigint',
  '[refills] bigint',
]
  .map((column, index) => `${column} '$[${index}]'`)
  .join(', ')}) AS n`;

const sameKey =
  'p.[phase] = @p1 AND p.[lane_source] = @p2 AND p.[lane] = @p3 AND p.[source] = n.[source] AND p.[partition] = n.[partition]';

const upsertPositions = (state: string): string => `UPDATE p SET ${changing.map((name) => `${name} = n.${name}`).join(', ')}
FROM ${state}.[position] AS p JOIN ${listed} ON ${sameKey};
INSERT INTO ${state}.[position] ([phase], [lane_source], [lane], ${positionColumns})
SELECT @p1, @p2, @p3, ${columnNames.map((name) => `n.${name}`).join(', ')}
FROM ${listed} WHERE NOT EXISTS (SELECT 1 FROM ${state}.[position] AS p WHERE ${sameKey});`;

const changeFacts = (state: string): string =>
  `UPDATE ${state}.[lane] SET [facts] = @p4 WHERE [phase] = @p1 AND [source] = @p2 AND [lane] = @p3;`;

/** What a turn changes in the lane's own rows. */
export interface LaneProgress {
  readonly positions: readonly Position[];
  /** null: as they were. */
  readonly facts: LaneState['facts'] | null;
}

export const writeProgress = async (
  connection: Connection,
  { phase, source, lane }: LaneKey,
  { positions, facts }: LaneProgress,
): Promise<void> => {
  const { state } = connection.schemas;
  const values = positions.map(valuesOf);
  const [first] = values;
  if (first === undefined && facts === null) return;
  const change = first === undefined ? '' : values.length === 1 ? upsertPosition(state) : upsertPositions(state);
  const own = first === undefined ? [] : values.length === 1 ? first.map(int) : [document(JSON.stringify(values))];
  await connection.run({
    text: facts === null ? change : `${changeFacts(state)}\n${change}`,
    binds: [word(phase), int(source), int(lane), document(facts === null ? null : JSON.stringify(facts)), ...own],
  });
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
  await writeProgress(connection, { phase, source, lane }, { positions, facts: null });
  if (phase === 'summarise') await replaceLiveInstances(connection, lane, live);
};
