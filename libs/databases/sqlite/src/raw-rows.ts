import { Buffer } from 'node:buffer';
import type { Header, RawRecord } from '@dsf/messages';
import type { RawRow, RowRange } from '@dsf/ports';
import { bytesOrNull, integer, integerOrNull, json, toText, word } from './columns.ts';
import type { Bind, Connection, Row } from './connection.ts';
import { createFramedInsert, insertFramed } from './insert-rows.ts';

/*
 * Raw messages: dsf_raw.
 */

const timeTypes = ['create', 'append'] as const;

const encodeHeaders = (headers: readonly Header[]): string =>
  JSON.stringify(headers.map(([name, value]) => [name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')]));

const decodeHeaders = (row: Row[number] | undefined): readonly Header[] =>
  row === '[]'
    ? []
    : json<readonly (readonly [string, string])[]>(row).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]);

const insert = createFramedInsert(
  'INSERT INTO dsf_raw (_dsf_src, _dsf_part, topic, time_type, ingested_at, _dsf_off, time, key, headers, payload, size, sha256)',
  5,
  ['?', '?', '?', "ifnull(?,'[]')", '?', '?', '?'],
);

const frameOf = ({ source, partition, topic, timeType, ingestedAt }: RawRow): readonly Bind[] => [
  source,
  partition,
  toText(topic),
  timeType,
  ingestedAt,
];

const isSameFrame = (a: RawRow, b: RawRow): boolean =>
  a.source === b.source && a.partition === b.partition && a.topic === b.topic && a.timeType === b.timeType && a.ingestedAt === b.ingestedAt;

/** Index after the rows that have their frame in common with the one at `start`. */
const endOfFrame = (rows: readonly RawRow[], start: number, first: RawRow): number => {
  let end = start + 1;
  for (let row = rows[end]; row !== undefined && isSameFrame(first, row); row = rows[end]) end += 1;
  return end;
};

const bindOwn = (values: Bind[], at: number, { offset, time, key, headers, payload, sha256 }: RawRow): void => {
  values[at] = offset;
  values[at + 1] = time;
  values[at + 2] = key;
  values[at + 3] = headers.length === 0 ? null : encodeHeaders(headers);
  values[at + 4] = payload;
  values[at + 5] = payload?.byteLength ?? 0;
  values[at + 6] = sha256;
};

export const writeRaw = (connection: Connection, rows: readonly RawRow[]): void => {
  let from = 0;
  for (let first = rows[0]; first !== undefined; first = rows[from]) {
    const to = endOfFrame(rows, from, first);
    insertFramed(connection, insert, { frame: frameOf(first), items: rows, from, to }, bindOwn);
    from = to;
  }
};

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
