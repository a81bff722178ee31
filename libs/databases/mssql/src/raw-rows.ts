import { TYPES } from 'tedious';
import type { Header, RawRecord } from '@dsf/messages';
import type { RawRow, RowRange } from '@dsf/ports';
import { bytesOrNull, integer, integerOrNull, json, word } from './columns.ts';
import type { BulkColumn, BulkRow, Cell, Connection } from './connection.ts';
import { deleteInSteps } from './delete-in-steps.ts';
import { integer as int, raw, sql } from './sql.ts';

/*
 * Raw messages: dsf_raw.
 */

const timeTypes = ['create', 'append'] as const;

const encodeHeaders = (headers: readonly Header[]): string =>
  headers.length === 0
    ? '[]'
    : JSON.stringify(
        headers.map(([name, value]) => [name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')]),
      );

const decodeHeaders = (cell: Cell | undefined): readonly Header[] =>
  cell === '[]'
    ? []
    : json<readonly (readonly [string, string])[]>(cell).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]);

const max = Number.POSITIVE_INFINITY;

const rawColumns: readonly BulkColumn[] = [
  { name: '_dsf_src', type: TYPES.Int, nullable: false },
  { name: '_dsf_part', type: TYPES.Int, nullable: false },
  { name: '_dsf_off', type: TYPES.BigInt, nullable: false },
  { name: 'topic', type: TYPES.NVarChar, nullable: false, length: 249 },
  { name: 'time_ms', type: TYPES.BigInt, nullable: false },
  { name: 'time_type', type: TYPES.NVarChar, nullable: false, length: 6 },
  { name: 'ingested_ms', type: TYPES.BigInt, nullable: false },
  { name: 'key', type: TYPES.VarBinary, nullable: true, length: max },
  { name: 'headers', type: TYPES.NVarChar, nullable: false, length: max },
  { name: 'payload', type: TYPES.VarBinary, nullable: true, length: max },
  { name: 'size', type: TYPES.Int, nullable: false },
  { name: 'sha256', type: TYPES.VarBinary, nullable: true, length: 32 },
];

const toBuffer = (value: Uint8Array | null): Buffer | null =>
  value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength);

const rawValues = (row: RawRow): BulkRow => [
  row.source,
  row.partition,
  row.offset,
  row.topic,
  row.time,
  row.timeType,
  row.ingestedAt,
  toBuffer(row.key),
  encodeHeaders(row.headers),
  toBuffer(row.payload),
  row.payload?.byteLength ?? 0,
  toBuffer(row.sha256),
];

export const writeRaw = (connection: Connection, rows: readonly RawRow[]): Promise<void> =>
  connection.bulk(`${connection.schemas.data}.[dsf_raw]`, rawColumns, rows.map(rawValues));

export const readRaw = async (
  connection: Connection,
  { source, partition, from, to }: RowRange,
  max: number,
): Promise<readonly RawRecord[]> => {
  const rows = await connection.all(
    sql`SELECT TOP (${int(max)}) [_dsf_off], [time_ms], [time_type], [ingested_ms], [key], [headers], [payload] FROM ${raw(connection.schemas.data)}.[dsf_raw] WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)} ORDER BY [_dsf_off]`,
  );
  return rows.map(([offset, time, timeType, ingestedAt, key, headers, payload]) => ({
    source,
    partition,
    offset: integer(offset),
    time: integer(time),
    timeType: word(timeTypes, timeType),
    ingestedAt: integer(ingestedAt),
    key: bytesOrNull(key ?? null),
    headers: decodeHeaders(headers),
    payload: bytesOrNull(payload ?? null),
  }));
};

export const findRawSince = async (
  connection: Connection,
  { source, partition, from, to }: RowRange,
  time: number,
): Promise<number | null> =>
  integerOrNull(
    (
      await connection.first(
        sql`SELECT TOP (1) [_dsf_off] FROM ${raw(connection.schemas.data)}.[dsf_raw] WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)} AND [time_ms] >= ${int(time)} ORDER BY [_dsf_off]`,
      )
    )?.[0] ?? null,
  );

export const purgeRaw = async (connection: Connection, range: RowRange, max: number): Promise<number> => {
  const { source, partition, from, to } = range;
  const beyond = await connection.first(
    sql`SELECT [_dsf_off] FROM ${raw(connection.schemas.data)}.[dsf_raw] WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] >= ${int(from)} AND [_dsf_off] < ${int(to)} ORDER BY [_dsf_off] OFFSET ${int(max)} ROWS FETCH NEXT 1 ROWS ONLY`,
  );
  return deleteInSteps(connection, `${connection.schemas.data}.[dsf_raw]`, {
    ...range,
    to: beyond === undefined ? to : integer(beyond[0]),
  });
};
