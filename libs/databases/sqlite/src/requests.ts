import type { SourcePartition } from '@dsf/messages';
import { phaseNames } from '@dsf/ports';
import type { LaneKey, Request, RequestBody } from '@dsf/ports';
import { integer, integerOrNull, json, word } from './columns.ts';
import type { Connection } from './connection.ts';
import { markReplaying } from './failures.ts';
import { createInsert, insertRows } from './insert-rows.ts';

/*
 * What lanes' owners are asked for: dsf_request.
 */

const insert = createInsert('INSERT INTO dsf_request (phase, source, lane, kind, body, created_at)', 6);

export const writeRequests = (connection: Connection, requests: readonly Omit<Request, 'id'>[], now: number): void => {
  insertRows(connection, insert, requests, ({ lane, body }, values) => {
    values.push(lane.phase, lane.source, lane.lane, body.kind, JSON.stringify(body), now);
  });
  for (const { body } of requests) if (body.kind === 'replay') markReplaying(connection, body);
};

export const readRequests = (connection: Connection, lane: LaneKey, max: number): readonly Request[] =>
  connection
    .all(
      'SELECT id, body FROM dsf_request WHERE phase = ? AND source = ? AND lane = ? AND closed_at IS NULL ORDER BY id LIMIT ?',
      lane.phase,
      lane.source,
      lane.lane,
      max,
    )
    .map(([id, body]) => ({
      id: integer(id),
      lane: { phase: lane.phase, source: lane.source, lane: lane.lane },
      body: json<RequestBody>(body),
    }));

export const readOpenRequests = (connection: Connection): readonly Request[] =>
  connection
    .all('SELECT id, phase, source, lane, body FROM dsf_request WHERE closed_at IS NULL ORDER BY id')
    .map(([id, phase, source, lane, body]) => ({
      id: integer(id),
      lane: { phase: word(phaseNames, phase), source: integer(source), lane: integer(lane) },
      body: json<RequestBody>(body),
    }));

export const readLowestReplay = (connection: Connection, { source, partition }: SourcePartition): number | null =>
  integerOrNull(
    connection.first(
      `SELECT min(json_extract(body, '$.offset')) FROM dsf_request
        WHERE phase = 'flatten' AND closed_at IS NULL AND kind = 'replay'
          AND json_extract(body, '$.source') = ? AND json_extract(body, '$.partition') = ?`,
      source,
      partition,
    )?.[0] ?? null,
  );

export const closeRequests = (connection: Connection, ids: readonly number[], now: number): void => {
  for (const id of ids) connection.run('UPDATE dsf_request SET closed_at = ? WHERE id = ? AND closed_at IS NULL', now, id);
};

export const countOpenRequests = (connection: Connection): number =>
  integer(connection.first('SELECT count(*) FROM dsf_request WHERE closed_at IS NULL')?.[0]);
