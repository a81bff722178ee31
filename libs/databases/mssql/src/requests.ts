import { TYPES } from 'tedious';
import type { SourcePartition } from '@dsf/messages';
import { phaseNames } from '@dsf/ports';
import type { LaneKey, Request, RequestBody } from '@dsf/ports';
import { integer, integerOrNull, json, word as wordOf } from './columns.ts';
import type { BulkColumn, Connection } from './connection.ts';
import { bySeeking } from './dialect.ts';
import { markReplaying } from './failures.ts';
import { document, integer as int, moment, raw, sql, word } from './sql.ts';

/*
 * What lanes' owners are asked for: request.
 */

const columns: readonly BulkColumn[] = [
  { name: 'phase', type: TYPES.NVarChar, nullable: false, length: 10 },
  { name: 'source', type: TYPES.Int, nullable: false },
  { name: 'lane', type: TYPES.Int, nullable: false },
  { name: 'kind', type: TYPES.NVarChar, nullable: false, length: 20 },
  { name: 'body', type: TYPES.NVarChar, nullable: false, length: Number.POSITIVE_INFINITY },
  { name: 'created_at', type: TYPES.DateTimeOffset, nullable: false, scale: 3 },
];

export const writeRequests = async (connection: Connection, requests: readonly Omit<Request, 'id'>[], now: number): Promise<void> => {
  const createdAt = new Date(now);
  await connection.bulk(
    `${connection.schemas.state}.[request]`,
    columns,
    requests.map(({ lane, body }) => [lane.phase, lane.source, lane.lane, body.kind, JSON.stringify(body), createdAt]),
  );
  for (const { body } of requests) if (body.kind === 'replay') await markReplaying(connection, body);
};

export const readRequests = async (connection: Connection, lane: LaneKey, max: number): Promise<readonly Request[]> => {
  const rows = await connection.all(
    sql`SELECT TOP (${int(max)}) [id], [body] FROM ${raw(connection.schemas.state)}.[request] WHERE [phase] = ${word(lane.phase)} AND [source] = ${int(lane.source)} AND [lane] = ${int(lane.lane)} AND [closed_at] IS NULL ORDER BY [id]`,
  );
  return rows.map(([id, body]) => ({
    id: integer(id),
    lane: { phase: lane.phase, source: lane.source, lane: lane.lane },
    body: json<RequestBody>(body),
  }));
};

export const readOpenRequests = async (connection: Connection): Promise<readonly Request[]> =>
  (
    await connection.all(
      sql`SELECT [id], [phase], [source], [lane], [body] FROM ${raw(connection.schemas.state)}.[request] WHERE [closed_at] IS NULL ORDER BY [id]`,
    )
  ).map(([id, phase, source, lane, body]) => ({
    id: integer(id),
    lane: { phase: wordOf(phaseNames, phase), source: integer(source), lane: integer(lane) },
    body: json<RequestBody>(body),
  }));

export const readLowestReplay = async (connection: Connection, { source, partition }: SourcePartition): Promise<number | null> =>
  integerOrNull(
    (
      await connection.first(
        sql`SELECT MIN(CONVERT(bigint, JSON_VALUE([body], '$.offset'))) FROM ${raw(connection.schemas.state)}.[request] WHERE [phase] = 'flatten' AND [closed_at] IS NULL AND [kind] = 'replay' AND CONVERT(int, JSON_VALUE([body], '$.source')) = ${int(source)} AND CONVERT(int, JSON_VALUE([body], '$.partition')) = ${int(partition)}`,
      )
    )?.[0] ?? null,
  );

export const closeRequests = async (connection: Connection, ids: readonly number[], now: number): Promise<void> => {
  if (ids.length === 0) return;
  await connection.run(
    sql`UPDATE r SET [closed_at] = ${moment(now)} FROM OPENJSON(${document(JSON.stringify(ids.map((id) => ({ id }))))}) WITH ([id] bigint '$.id') AS n JOIN ${raw(connection.schemas.state)}.[request] AS r ON r.[id] = n.[id] WHERE r.[closed_at] IS NULL ${raw(bySeeking)}`,
  );
};

export const countOpenRequests = async (connection: Connection): Promise<number> =>
  integer(
    (await connection.first(sql`SELECT COUNT_BIG(*) FROM ${raw(connection.schemas.state)}.[request] WHERE [closed_at] IS NULL`))?.[0],
  );
