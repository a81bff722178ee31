import { Buffer } from 'node:buffer';
import type { Header, RawRecord } from '@dsf/messages';
import type { RawRow, RowRange } from '@dsf/ports';
import { bytesOrNull, integer, integerOrNull, json, toText, word } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { createInsert, insertRows } from './insert-rows.ts';

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

const decodeHeaders = (row: Row[number] | undefined): readonly Header[] =>
  row === '[]'
    ? []
    : json<readonly (readonly [string, string])[]>(row).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]);

const insert = createInsert(
  'INSERT INTO dsf_raw (_dsf_src, _dsf_part, _dsf_off, topic, time, time_type, ingested_at, key, headers, payload, size, sha256)',
  12,
);

export const writeRaw = (connection: Connection, rows: readonly RawRow[]): void =>
  insertRows(connection, insert, rows, (row, values) => {
    values.push(row.source, row.partition, row.offset, toText(row.topic), row.time, row.timeType, row.ingestedAt);
    values.push(row.key, encodeHeaders(row.headers), row.payload, row.payload?.byteLength ?? 0, row.sha256);
  });

const select = `SELECT _dsf_off, time, time_type, ingested_at, key, headers, payload FROM dsf_raw
  WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ? ORDER BY _dsf_off LIMIT ?`;

export const readRaw = (connection: Connection, { source, partition, from, to }: RowRange, max: number): readonly RawRecord[] =>
  connection.all(select, source, partition, from, to, max).map(([offset, time, timeType, ingestedAt, key, headers, payload]) => ({
    source,
    partition,
    offset: integer(offset),
    time: integer(time),
    timeType: word(timeTypes, timeType),
    ingestedAt: integer(ingestedAt),
    key: bytesOrNull(key),
    headers: decodeHeaders(headers),
    payload: bytesOrNull(payload),
  }));

export const findRawSince = (connection: Connection, { source, partition, from, to }: RowRange, time: number): number | null =>
  integerOrNull(
    connection.first(
      'SELECT _dsf_off FROM dsf_raw WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ? AND time >= ? ORDER BY _dsf_off LIMIT 1',
      source,
      partition,
      from,
      to,
      time,
    )?.[0] ?? null,
  );

export const purgeRaw = (connection: Connection, { source, partition, from, to }: RowRange, max: number): number =>
  connection.run(
    `DELETE FROM dsf_raw WHERE rowid IN (SELECT rowid FROM dsf_raw
      WHERE _dsf_src = ? AND _dsf_part = ? AND _dsf_off >= ? AND _dsf_off < ? ORDER BY _dsf_off LIMIT ?)`,
    source,
    partition,
    from,
    to,
    max,
  );
