import { TYPES } from 'tedious';
import type { ColumnType } from '@dsf/metadata';
import { groupText, isNum, plainJson } from '@dsf/messages';
import type { KeyPart, Value } from '@dsf/messages';
import type { GroupPlace, GroupRow } from '@dsf/ports';
import { canonicalDecimal } from './cells.ts';
import { integer, integerOrNull, json, text as textOf, word } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { bySeeking, quoteName } from './dialect.ts';
import { hashList, hashTable } from './hash-list.ts';
import { sha256 } from './schema-catalog.ts';
import { bytes, integer as int, raw, sql, text } from './sql.ts';
import { throughStage, type StageColumn } from './stage.ts';
import { keyTextMax, visibleColumns, type SummaryLayout } from './summary-tables.ts';
import type { DataType } from './tedious-types.ts';
import { exactDate, exactDecimal, exactMoment } from './wire-types.ts';

/*
 * Groups in the table of a driver instance. `_dsf_key`, `_dsf_measures` and `_dsf_states` are the exact values as JSON, and what DSF reads;
 * the columns named after key and measures are the same for people and SQL, as far as their types can show it.
 */

const statuses = ['live', 'failed', 'gone'] as const;
const reasons = ['update', 'late', 'correction', 'rebuild', 'retract'] as const;

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const fitsDecimal = /^-?\d{1,26}(?:\.\d+)?$/;
const isMoment = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const isDate = /^(?!0000)\d{4}-\d\d-\d\d$/;

const int64OrNull = (number: string): bigint | null => {
  if (!/^-?\d{1,19}$/.test(number)) return null;
  const value = BigInt(number);
  return value >= int64.min && value <= int64.max ? value : null;
};

/** What lies beyond the twelfth digit is not shown; the exact number is in `_dsf_measures`. */
const cutDecimal = (number: string): string | null => {
  if (!fitsDecimal.test(number)) return null;
  const point = number.indexOf('.');
  return point < 0 || number.length - point <= 13 ? number : canonicalDecimal(number.slice(0, point + 13));
};

/** For people: no half of a surrogate pair, and no NUL, at which their tools would end the text. */
const readable = (text: string): string => text.toWellFormed().replaceAll('\0', '\u{fffd}');

const plainText = (value: Exclude<Value, null>): string => {
  if (typeof value === 'string') return readable(value);
  if (typeof value === 'boolean') return String(value);
  return isNum(value) ? value.n : readable(plainJson(value));
};

const typedCells: Readonly<Partial<Record<ColumnType, (text: string, value: Exclude<Value, null>) => unknown>>> = {
  boolean: (text) => (text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : null),
  bigint: (text, value) => (typeof value === 'boolean' ? BigInt(value) : int64OrNull(text)),
  decimal: (text) => cutDecimal(text),
  double: (text) => (Number.isFinite(Number(text)) && text.trim() !== '' ? Number(text) : null),
  timestamp: (text) => (isMoment.test(text) ? text : null),
  date: (text) => (isDate.test(text) ? text : null),
  json: (_, value) => readable(plainJson(value)),
};

/** A measure as people see it; NULL where its column's type has no room for it. */
const visibleMeasure = (value: Value, type: ColumnType): unknown => {
  if (value === null) return null;
  const text = plainText(value);
  return typedCells[type]?.(text, value) ?? (typedCells[type] === undefined ? text : null);
};

const visibleKey = (part: KeyPart): string | null => {
  if (part === null) return null;
  const text = plainText(part);
  return text.length <= keyTextMax ? text : `${text.slice(0, keyTextMax - 1).toWellFormed()}…`;
};

const wireOf: Readonly<Record<ColumnType, { readonly type: DataType; readonly length?: number }>> = {
  boolean: { type: TYPES.Bit },
  bigint: { type: TYPES.BigInt },
  decimal: { type: exactDecimal },
  double: { type: TYPES.Float },
  text: { type: TYPES.NVarChar, length: Number.POSITIVE_INFINITY },
  timestamp: { type: exactMoment },
  date: { type: exactDate },
  json: { type: TYPES.NVarChar, length: Number.POSITIVE_INFINITY },
};

const binary = 'COLLATE Latin1_General_100_BIN2';
const document = { type: TYPES.NVarChar, nullable: false, length: Number.POSITIVE_INFINITY, sqlType: `nvarchar(max) ${binary}` };
const big = { type: TYPES.BigInt, nullable: false, sqlType: 'bigint' };

const systemStage: readonly StageColumn[] = [
  { name: '_dsf_hash', type: TYPES.VarBinary, nullable: false, length: 32, sqlType: 'binary(32)' },
  { name: '_dsf_group', ...document },
  { name: '_dsf_lane', type: TYPES.Int, nullable: false, sqlType: 'int' },
  { name: '_dsf_revision', ...big },
  { name: '_dsf_status', type: TYPES.VarChar, nullable: false, length: 10, sqlType: `varchar(10) ${binary}` },
  { name: '_dsf_reason', type: TYPES.VarChar, nullable: false, length: 20, sqlType: `varchar(20) ${binary}` },
  { name: '_dsf_version', type: TYPES.Int, nullable: false, sqlType: 'int' },
  { name: '_dsf_updated_ms', ...big },
  { name: '_dsf_window_start_ms', ...big, nullable: true },
  { name: '_dsf_window_end_ms', ...big, nullable: true },
  { name: '_dsf_key', ...document },
  { name: '_dsf_measures', ...document },
  { name: '_dsf_states', ...document },
];
const systemNames = systemStage.map(({ name }) => name);
/** What a group is, and never changes. */
const identity: ReadonlySet<string> = new Set(['_dsf_hash', '_dsf_group', '_dsf_window_start_ms', '_dsf_key']);

interface Writing {
  readonly columns: readonly StageColumn[];
  readonly batch: string;
}

const stageName = '#dsf_group';

/** UPDATE, then INSERT of what was not there. The lane owns its groups, so nothing can come in between. */
export const upsertGroups = (schema: string, layout: Pick<SummaryLayout, 'table' | 'keys' | 'measures'>): string => {
  const names = [...systemNames, ...visibleColumns(layout).map(({ name }) => name)];
  const keys = new Set(layout.keys);
  const changing = names.filter((name) => !identity.has(name) && !keys.has(name)).map(quoteName);
  const table = `${schema}.${quoteName(layout.table)}`;
  return `UPDATE t SET ${changing.map((name) => `${name} = n.${name}`).join(', ')}
FROM ${stageName} AS n JOIN ${table} AS t ON t.[_dsf_hash] = n.[_dsf_hash] ${bySeeking};
INSERT INTO ${table} (${names.map(quoteName).join(', ')})
SELECT ${names.map((name) => `n.${quoteName(name)}`).join(', ')}
FROM ${stageName} AS n WHERE NOT EXISTS (SELECT 1 FROM ${table} AS t WHERE t.[_dsf_hash] = n.[_dsf_hash]) ${bySeeking};`;
};

const makeWriting = (schema: string, layout: SummaryLayout): Writing => {
  const types: readonly ColumnType[] = [...layout.keys.map((): ColumnType => 'text'), ...layout.measures.map(({ type }) => type)];
  const visible = visibleColumns(layout).map(({ name, sqlType }, index): StageColumn => {
    const wire = index < layout.keys.length ? { type: TYPES.NVarChar, length: keyTextMax } : wireOf[types[index] ?? 'text'];
    return { name, ...wire, nullable: true, sqlType: sqlType.startsWith('nvarchar') ? `${sqlType} COLLATE DATABASE_DEFAULT` : sqlType };
  });
  return { columns: [...systemStage, ...visible], batch: upsertGroups(schema, layout) };
};

/** A layout never changes. */
const writings = new WeakMap<SummaryLayout, Writing>();

const writingOf = (schema: string, layout: SummaryLayout): Writing => {
  const known = writings.get(layout);
  if (known !== undefined) return known;
  const made = makeWriting(schema, layout);
  writings.set(layout, made);
  return made;
};

const valuesOf = (layout: SummaryLayout, lane: number, row: GroupRow): readonly unknown[] => [
  sha256(row.group),
  row.group,
  lane,
  row.revision,
  row.status,
  row.reason,
  row.version,
  row.time,
  row.window,
  row.windowEnd,
  groupText(row.key, null),
  JSON.stringify(row.measures),
  JSON.stringify(row.states),
  ...layout.keys.map((_, index) => visibleKey(row.key[index] ?? null)),
  ...layout.measures.map(({ type }, index) => visibleMeasure(row.measures[index] ?? null, type)),
];

export const writeGroups = async (
  connection: Connection,
  layout: SummaryLayout,
  change: { readonly lane: number; readonly rows: readonly GroupRow[] },
): Promise<void> => {
  const { columns, batch } = writingOf(connection.schemas.data, layout);
  // The last row of a group counts, as if they had been written one after the other.
  const newest = new Map(change.rows.map((row) => [row.group, row]));
  const rows = [...newest.values()].map((row) => valuesOf(layout, change.lane, row));
  await throughStage(connection, { name: stageName, columns, rows }, batch);
};

const selectNames =
  '[_dsf_group], [_dsf_revision], [_dsf_status], [_dsf_reason], [_dsf_version], [_dsf_updated_ms], [_dsf_window_start_ms], [_dsf_window_end_ms], [_dsf_key], [_dsf_measures], [_dsf_states]';

const rowOf = (instance: string, row: Row): GroupRow => {
  const [group, revision, status, reason, version, time, window, windowEnd, key, measures, states] = row;
  return {
    instance,
    group: textOf(group),
    key: json<readonly KeyPart[]>(key),
    window: integerOrNull(window ?? null),
    windowEnd: integerOrNull(windowEnd ?? null),
    revision: integer(revision),
    reason: word(reasons, reason),
    time: integer(time),
    version: integer(version),
    status: word(statuses, status),
    measures: json<readonly Value[]>(measures),
    states: json<readonly Value[]>(states),
  };
};

/** Groups asked for in one statement. */
const groupsPerStatement = 2_000;

export const readGroups = async (
  connection: Connection,
  layout: SummaryLayout,
  groups: readonly string[],
): Promise<readonly GroupRow[]> => {
  const found: GroupRow[] = [];
  const table = `${connection.schemas.data}.${quoteName(layout.table)}`;
  for (let from = 0; from < groups.length; from += groupsPerStatement) {
    const hashes = hashList(groups.slice(from, from + groupsPerStatement));
    const rows = await connection.all({
      text: `SELECT ${selectNames} FROM ${hashTable} JOIN ${table} AS t ON t.[_dsf_hash] = n.[hash] ${bySeeking}`,
      binds: [hashes],
    });
    for (const row of rows) found.push(rowOf(layout.instance, row));
  }
  return found;
};

export interface RevisionPage {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  /** Group already read at revision `from`; null before the first. */
  readonly after: string | null;
  readonly max: number;
}

/** Within a revision ordered by the hash of the group: that is what the index holds, and any order that stays serves. */
export const readGroupsByRevision = async (
  connection: Connection,
  layout: SummaryLayout,
  page: RevisionPage,
): Promise<readonly GroupRow[]> => {
  const { lane, from, to, after, max } = page;
  const table = raw(`${connection.schemas.data}.${quoteName(layout.table)}`);
  const columns = raw(selectNames);
  const rows =
    after === null
      ? await connection.all(
          sql`SELECT TOP (${int(max)}) ${columns} FROM ${table} WHERE [_dsf_lane] = ${int(lane)} AND [_dsf_revision] >= ${int(from)} AND [_dsf_revision] < ${int(to)} ORDER BY [_dsf_revision], [_dsf_hash]`,
        )
      : await connection.all(
          sql`SELECT TOP (${int(max)}) ${columns} FROM ${table} WHERE [_dsf_lane] = ${int(lane)} AND [_dsf_revision] >= ${int(from)} AND [_dsf_revision] < ${int(to)} AND ([_dsf_revision] > ${int(from)} OR [_dsf_hash] > ${bytes(sha256(after))}) ORDER BY [_dsf_revision], [_dsf_hash]`,
        );
  return rows.map((row) => rowOf(layout.instance, row));
};

export const readPlaces = async (
  connection: Connection,
  layout: SummaryLayout,
  { after, max }: { readonly after: string | null; readonly max: number },
): Promise<readonly GroupPlace[]> => {
  const table = raw(`${connection.schemas.data}.${quoteName(layout.table)}`);
  const columns = raw('[_dsf_group], [_dsf_key], [_dsf_lane]');
  const rows =
    after === null
      ? await connection.all(sql`SELECT TOP (${int(max)}) ${columns} FROM ${table} ORDER BY [_dsf_group]`)
      : await connection.all(
          sql`SELECT TOP (${int(max)}) ${columns} FROM ${table} WHERE [_dsf_group] > ${text(after)} ORDER BY [_dsf_group]`,
        );
  return rows.map(([group, key, lane]) => ({ group: textOf(group), key: json<readonly KeyPart[]>(key), lane: integer(lane) }));
};

const placeColumns: readonly StageColumn[] = [
  { name: 'hash', type: TYPES.VarBinary, nullable: false, length: 32, sqlType: 'binary(32)' },
  { name: 'lane', type: TYPES.Int, nullable: false, sqlType: 'int' },
];

export const movePlaces = async (
  connection: Connection,
  layout: SummaryLayout,
  places: readonly Pick<GroupPlace, 'group' | 'lane'>[],
): Promise<void> => {
  const rows = places.map(({ group, lane }) => [sha256(group), lane]);
  const table = `${connection.schemas.data}.${quoteName(layout.table)}`;
  await throughStage(
    connection,
    { name: '#dsf_place', columns: placeColumns, rows },
    `UPDATE t SET [_dsf_lane] = n.[lane] FROM #dsf_place AS n JOIN ${table} AS t ON t.[_dsf_hash] = n.[hash] ${bySeeking};`,
  );
};
