import type { Header, RawRecord } from '@dsf/messages';
import type { Cell, FlatRow, FlatRows, FlatSchema, FlatTable, LaneReads, PurgedRows, RowRange } from '@dsf/ports';
import { decodeCell, selectExpression } from './cells.ts';
import type { BigQueryClient } from './client.ts';
import { baseName, flatColumn, quoteName, rawBase } from './dialect.ts';
import type { Answer, Parameter } from './jobs.ts';
import { flatRows, rawRows, rootOf } from './views.ts';

/*
 * Rows of a range of one source partition. The range stands inside, on the clustered columns of the tables, so that few blocks are read.
 */

const where = 'WHERE _dsf_src = @source AND _dsf_part = @partition AND _dsf_off >= @from AND _dsf_off < @to';

const parametersOf = ({ source, partition, from, to }: RowRange): readonly Parameter[] => [
  { name: 'source', type: 'INT64', value: source },
  { name: 'partition', type: 'INT64', value: partition },
  { name: 'from', type: 'INT64', value: from },
  { name: 'to', type: 'INT64', value: to },
];

const limit = (max: number): Parameter => ({ name: 'max', type: 'INT64', value: max });

type Row = Answer['rows'][number];

const bytes = (text: string | null | undefined): Uint8Array | null => (typeof text === 'string' ? Uint8Array.fromBase64(text) : null);
const numberOrNull = (text: string | null | undefined): number | null => (typeof text === 'string' ? Number(text) : null);
const text = (value: string | null | undefined): string => value ?? '';

const headersOf = (json: string): readonly Header[] =>
  (JSON.parse(json) as readonly (readonly [string, string])[]).map(([name, value]) => [name, Uint8Array.fromBase64(value)]);

export const readRaw = async (client: BigQueryClient, range: RowRange, max: number): Promise<readonly RawRecord[]> => {
  const { rows } = await client.run(
    `SELECT _dsf_off, time_ms, time_type, ingested_ms, key, headers, payload FROM (${rawRows(client.dataset, where)}) ORDER BY _dsf_off LIMIT @max`,
    [...parametersOf(range), limit(max)],
  );
  const { source, partition } = range;
  return rows.map(([offset, time, timeType, ingestedAt, key, headers, payload]) => ({
    ...{ source, partition, offset: Number(offset), time: Number(time) },
    timeType: timeType === 'append' ? 'append' : 'create',
    ingestedAt: Number(ingestedAt),
    key: bytes(key),
    headers: headersOf(text(headers)),
    payload: bytes(payload),
  }));
};

const systemNames = ['_dsf_off', '_dsf_row', '_dsf_list_idx', '_dsf_list_idx2', '_dsf_shape', '_dsf_exact'];
const systemCount = systemNames.length + 2;

const rowOf = (table: FlatTable, row: Row): FlatRow => {
  const [offset, number, listIdx, listIdx2, shape, exact, first, second] = row;
  const isRoot = table.parent === null;
  const whole = exact === null || exact === undefined ? {} : (JSON.parse(exact) as Readonly<Record<string, string>>);
  return {
    offset: Number(offset),
    row: Number(number),
    parentRow: isRoot ? null : numberOrNull(first),
    listIdx: numberOrNull(listIdx),
    listIdx2: numberOrNull(listIdx2),
    shape: (shape ?? null) as FlatRow['shape'],
    time: isRoot ? numberOrNull(first) : null,
    ingestedAt: isRoot ? numberOrNull(second) : null,
    cells: table.columns.map(({ name, type }, index): Cell => {
      const kept = Object.hasOwn(whole, name) ? whole[name] : undefined;
      if (kept !== undefined) return type === 'double' ? Number(kept) : kept;
      return decodeCell(type, row[systemCount + index] ?? null);
    }),
  };
};

const readTable = async (
  client: BigQueryClient,
  table: FlatTable,
  { root, range }: { readonly root: FlatTable; readonly range: RowRange },
): Promise<readonly FlatRow[]> => {
  const own = table.parent === null ? ['_dsf_time', '_dsf_ingested_at'] : ['_dsf_parent_row', 'CAST(NULL AS INT64)'];
  const cells = table.columns.map((column) => selectExpression(quoteName(flatColumn(column).name), column.type));
  // Columns of an answer need names that differ.
  const named = [...systemNames, ...own, ...cells].map((expression, index) => `${expression} AS c${index}`);
  const { rows } = await client.run(
    `SELECT ${named.join(', ')} FROM (${flatRows(client.dataset, table, { root, where })}) ORDER BY 1, 2`,
    parametersOf(range),
  );
  return rows.map((row) => rowOf(table, row));
};

export const readFlat = async (
  client: BigQueryClient,
  schema: FlatSchema,
  { range, tables, max }: { readonly range: RowRange; readonly tables: readonly number[]; readonly max: number },
): ReturnType<LaneReads['readFlat']> => {
  const { source, partition } = range;
  const wanted = schema.tables.filter((table) => table.source === source && tables.includes(table.id));
  const root = rootOf(schema, source);
  if (root === undefined || wanted.length === 0) return { rows: { source, partition, tables: [] }, next: range.to };
  const offsets = await client.run(
    `SELECT DISTINCT _dsf_off FROM (${flatRows(client.dataset, root, { root, where })}) ORDER BY _dsf_off LIMIT @max`,
    [...parametersOf(range), limit(max + 1)],
  );
  const beyond = offsets.rows[max]?.[0];
  const next = beyond === undefined || beyond === null ? range.to : Number(beyond);
  if (offsets.rows.length === 0) return { rows: { source, partition, tables: [] }, next };
  const found: FlatRows['tables'][number][] = [];
  for (const table of wanted) {
    const rows = await readTable(client, table, { root, range: { ...range, to: next } });
    if (rows.length > 0) found.push({ table, rows });
  }
  return { rows: { source, partition, tables: found }, next };
};

export const findSince = async (
  client: BigQueryClient,
  schema: FlatSchema,
  { rows, range, time }: { readonly rows: PurgedRows; readonly range: RowRange; readonly time: number },
): Promise<number | null> => {
  const root = rootOf(schema, range.source);
  if (rows === 'flat' && root === undefined) return null;
  const from =
    rows === 'raw' || root === undefined
      ? `SELECT _dsf_off FROM (${rawRows(client.dataset, where)}) WHERE time_ms >= @time`
      : `SELECT _dsf_off FROM (${flatRows(client.dataset, root, { root, where })}) WHERE _dsf_time >= @time`;
  const answer = await client.run(`SELECT MIN(_dsf_off) FROM (${from})`, [
    ...parametersOf(range),
    { name: 'time', type: 'INT64', value: time },
  ]);
  return numberOrNull(answer.rows[0]?.[0]);
};

/** Children first, so that a purge that is cut off leaves no rows without a root row. @returns records that had any */
export const purge = async (
  client: BigQueryClient,
  schema: FlatSchema,
  { rows, range }: { readonly rows: PurgedRows; readonly range: RowRange },
): Promise<number> => {
  const root = rootOf(schema, range.source);
  if (rows === 'flat' && root === undefined) return 0;
  const parameters = parametersOf(range);
  const first = rows === 'raw' || root === undefined ? rawBase : baseName(root.name);
  const counted = await client.run(
    `SELECT COUNT(DISTINCT _dsf_off) FROM ${quoteName(client.dataset)}.${quoteName(first)} ${where}`,
    parameters,
  );
  const count = Number(counted.rows[0]?.[0] ?? 0);
  if (count === 0) return 0;
  const own = schema.tables.filter(({ source }) => source === range.source).toReversed();
  for (const table of rows === 'raw' ? [rawBase] : own.map(({ name }) => baseName(name)))
    await client.run(`DELETE FROM ${quoteName(client.dataset)}.${quoteName(table)} ${where}`, parameters);
  return count;
};
