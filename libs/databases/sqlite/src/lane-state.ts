import { Failure, phaseNames } from '@dsf/ports';
import type { LaneKey, LanePosition, LaneState, Position, StoredLane } from '@dsf/ports';
import { integer, integerOrNull, json, word } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { createInsert, insertRows } from './insert-rows.ts';
import { readLiveInstances, replaceLiveInstances } from './summary-tables.ts';

/*
 * Lanes and positions: dsf_lane, dsf_position.
 */

const positionColumns =
  'source, partition, next_offset, start_offset, time, idle, version, written, failed, filtered, absent, duplicates, refills';

const positionOf = (row: Row): Position => {
  const [source, partition, next, start, time, idle, version, written, failed, filtered, absent, duplicates, refills] = row;
  return {
    source: integer(source),
    partition: integer(partition),
    next: integer(next),
    start: integer(start),
    time: integerOrNull(time),
    idle: integer(idle) === 1,
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

export const readLane = (connection: Connection, { phase, source, lane }: LaneKey): LaneState => {
  const row = connection.first('SELECT seq, facts FROM dsf_lane WHERE phase = ? AND source = ? AND lane = ?', phase, source, lane);
  if (row === undefined) return { seq: 0, positions: [], facts: {} };
  const positions = connection.all(
    `SELECT ${positionColumns} FROM dsf_position WHERE phase = ? AND lane_source = ? AND lane = ? ORDER BY source, partition`,
    phase,
    source,
    lane,
  );
  return { seq: integer(row[0]), positions: positions.map(positionOf), facts: json<LaneState['facts']>(row[1]) };
};

export const readEnds = (connection: Connection, source: number): readonly Position[] =>
  connection
    .all(`SELECT ${positionColumns} FROM dsf_position WHERE phase = 'ingest' AND lane_source = ? ORDER BY partition`, source)
    .map(positionOf);

/** The first statement of every lane transaction (delivery rule 1). @throws Failure `retry` `lane.lost` */
export const claimTurn = (connection: Connection, { phase, source, lane }: LaneKey, seq: number): void => {
  const changed =
    seq === 0
      ? connection.run('INSERT INTO dsf_lane (phase, source, lane, seq) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING', phase, source, lane)
      : connection.run(
          'UPDATE dsf_lane SET seq = seq + 1 WHERE phase = ? AND source = ? AND lane = ? AND seq = ?',
          phase,
          source,
          lane,
          seq,
        );
  if (changed !== 1)
    throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane: reload it', { phase, source, lane, seq });
};

const insertPositions = createInsert(`INSERT OR REPLACE INTO dsf_position (phase, lane_source, lane, ${positionColumns})`, 16);

export const writePositions = (connection: Connection, lane: LaneKey, positions: readonly Position[]): void =>
  insertRows(connection, insertPositions, positions, (position, values) => {
    const { written, failed, filtered, absent, duplicates, refills } = position.counters;
    values.push(lane.phase, lane.source, lane.lane, position.source, position.partition, position.next, position.start, position.time);
    values.push(position.idle ? 1 : 0, position.version, written, failed, filtered, absent, duplicates, refills);
  });

export const writeFacts = (connection: Connection, { phase, source, lane }: LaneKey, facts: LaneState['facts']): void => {
  connection.run('UPDATE dsf_lane SET facts = ? WHERE phase = ? AND source = ? AND lane = ?', JSON.stringify(facts), phase, source, lane);
};

export const readAllLanes = (connection: Connection): readonly (LaneKey & { readonly seq: number })[] =>
  connection.all('SELECT phase, source, lane, seq FROM dsf_lane ORDER BY phase, source, lane').map(([phase, source, lane, seq]) => ({
    phase: word(phaseNames, phase),
    source: integer(source),
    lane: integer(lane),
    seq: integer(seq),
  }));

export const readAllPositions = (connection: Connection): readonly LanePosition[] =>
  connection
    .all(`SELECT phase, lane, ${positionColumns} FROM dsf_position ORDER BY phase, lane_source, lane, source, partition`)
    .map(([phase, lane, ...position]) => ({ ...positionOf(position), phase: word(phaseNames, phase), lane: integer(lane) }));

export const readStoredLanes = (connection: Connection): readonly StoredLane[] =>
  readAllLanes(connection).map(({ phase, source, lane }) => ({
    phase,
    source,
    lane,
    ...readLane(connection, { phase, source, lane }),
    live: phase === 'summarise' ? readLiveInstances(connection, lane) : [],
  }));

export const writeStoredLane = (connection: Connection, { phase, source, lane, seq, facts, positions, live }: StoredLane): void => {
  const changed = connection.run(
    `INSERT INTO dsf_lane (phase, source, lane, seq, facts) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (phase, source, lane) DO UPDATE SET seq = excluded.seq, facts = excluded.facts WHERE excluded.seq > seq`,
    ...[phase, source, lane, seq, JSON.stringify(facts)],
  );
  if (changed !== 1)
    throw new Failure('fatal', 'lane.seq-falls', `the seq of lane ${phase}/${source}/${lane} would not rise to ${seq}`, {
      phase,
      source,
      lane,
      seq,
    });
  connection.run('DELETE FROM dsf_position WHERE phase = ? AND lane_source = ? AND lane = ?', phase, source, lane);
  writePositions(connection, { phase, source, lane }, positions);
  if (phase === 'summarise') replaceLiveInstances(connection, lane, live);
};
