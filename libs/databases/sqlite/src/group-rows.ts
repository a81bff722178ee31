import type { ColumnType } from '@dsf/metadata';
import { groupText, isNum, plainJson } from '@dsf/messages';
import type { KeyPart, Value } from '@dsf/messages';
import type { GroupPlace, GroupRow } from '@dsf/ports';
import { integer, integerOrNull, json, text, word } from './columns.ts';
import type { Bind, Connection, Row } from './connection.ts';
import { quoteName } from './dialect.ts';
import { createInsert, insertRows, type Insert } from './insert-rows.ts';
import type { SummaryLayout } from './summary-tables.ts';

/*
 * Groups in the table of a driver instance. `_dsf_key`, `_dsf_measures` and `_dsf_states` are the exact values as JSON, and what DSF reads;
 * the columns named after key and measures are the same for people and SQL.
 */

const statuses = ['live', 'failed', 'gone'] as const;
const reasons = ['update', 'late', 'correction', 'rebuild', 'retract'] as const;

const integerText = /^-?(0|[1-9]\d{0,18})$/;

/** Bound as bigint, because a measure's column has no type that would turn a REAL back. */
const int64OrText = (number: string): bigint | string => {
  if (!integerText.test(number)) return number;
  const integer = BigInt(number);
  // Up to 18 digits always fit.
  return number.length <= 18 || BigInt.asIntN(64, integer) === integer ? integer : number;
};

const numberCell = (number: string, type: ColumnType): Bind => {
  if (type === 'bigint') return int64OrText(number);
  return type === 'double' ? Number(number) : number;
};

/** A key part or a measure as people see it. Text that is no Unicode shows U+FFFD here; the exact value is in the JSON beside it. */
const visibleCell = (value: Value, type: ColumnType): Bind => {
  if (value === null) return null;
  if (type === 'json') return plainJson(value);
  if (typeof value === 'boolean') return type === 'boolean' || type === 'bigint' ? Number(value) : String(value);
  if (typeof value === 'string') return value.toWellFormed();
  return isNum(value) ? numberCell(value.n, type) : plainJson(value);
};

const keyType = (part: KeyPart): ColumnType => (typeof part === 'string' ? 'text' : 'bigint');

const systemNames =
  '_dsf_group, _dsf_lane, _dsf_revision, _dsf_status, _dsf_reason, _dsf_version, _dsf_updated_at, _dsf_window_start, _dsf_window_end, _dsf_key, _dsf_measures, _dsf_states';
const systemCount = 12;

const visibleNames = (layout: SummaryLayout): readonly string[] =>
  [...layout.keys, ...layout.measures.map(({ name }) => name)].map(quoteName);

/** What changes when a group is written again; key and window are what the group is. */
const updates = (layout: SummaryLayout): string =>
  [
    '_dsf_lane',
    '_dsf_revision',
    '_dsf_status',
    '_dsf_reason',
    '_dsf_version',
    '_dsf_updated_at',
    '_dsf_window_end',
    '_dsf_measures',
    '_dsf_states',
    ...layout.measures.map(({ name }) => quoteName(name)),
  ]
    .map((name) => `${name} = excluded.${name}`)
    .join(', ');

const makeInsert = (layout: SummaryLayout): Insert => {
  const names = visibleNames(layout);
  return createInsert(
    `INSERT INTO ${quoteName(layout.table)} (${[systemNames, ...names].join(', ')})`,
    systemCount + names.length,
    `ON CONFLICT (_dsf_group) DO UPDATE SET ${updates(layout)}`,
  );
};

/** A layout never changes. */
const inserts = new WeakMap<SummaryLayout, Insert>();

const insertInto = (layout: SummaryLayout): Insert => {
  const insert = inserts.get(layout) ?? makeInsert(layout);
  inserts.set(layout, insert);
  return insert;
};

export const writeGroups = (
  connection: Connection,
  layout: SummaryLayout,
  change: { readonly lane: number; readonly rows: readonly GroupRow[] },
): void =>
  insertRows(connection, insertInto(layout), change.rows, (row, values) => {
    values.push(row.group, change.lane, row.revision, row.status, row.reason, row.version, row.time, row.window, row.windowEnd);
    values.push(groupText(row.key, null), JSON.stringify(row.measures), JSON.stringify(row.states));
    for (let index = 0; index < layout.keys.length; index += 1) {
      const part = row.key[index] ?? null;
      values.push(visibleCell(part, keyType(part)));
    }
    for (let index = 0; index < layout.measures.length; index += 1)
      values.push(visibleCell(row.measures[index] ?? null, layout.measures[index]?.type ?? 'text'));
  });

const rowOf = (instance: string, row: Row): GroupRow => {
  const [group, , revision, status, reason, version, time, window, windowEnd, key, measures, states] = row;
  return {
    instance,
    group: text(group),
    key: json<readonly KeyPart[]>(key),
    window: integerOrNull(window),
    windowEnd: integerOrNull(windowEnd),
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
const groupsPerStatement = 256;

export const readGroups = (connection: Connection, layout: SummaryLayout, groups: readonly string[]): readonly GroupRow[] => {
  const found: GroupRow[] = [];
  for (let from = 0; from < groups.length; from += groupsPerStatement) {
    const some = groups.slice(from, from + groupsPerStatement);
    // Always the same statement text: what is missing in the last one is asked for as NULL, which equals nothing.
    const values: Bind[] = [...some, ...Array.from({ length: groupsPerStatement - some.length }, () => null)];
    const marks = `${'?,'.repeat(groupsPerStatement - 1)}?`;
    for (const row of connection.all(`SELECT ${systemNames} FROM ${quoteName(layout.table)} WHERE _dsf_group IN (${marks})`, ...values))
      found.push(rowOf(layout.instance, row));
  }
  return found;
};

export const readFrozen = (connection: Connection, instance: string, groups: readonly string[]): readonly string[] =>
  connection
    .all(
      'SELECT group_text FROM dsf_frozen WHERE instance = ? AND group_text IN (SELECT value FROM json_each(?))',
      instance,
      JSON.stringify(groups),
    )
    .map(([group]) => text(group));

export const freezeGroups = (connection: Connection, instance: string, groups: readonly string[]): void => {
  for (const group of groups)
    connection.run('INSERT INTO dsf_frozen (instance, group_text) VALUES (?, ?) ON CONFLICT DO NOTHING', instance, group);
};

export const readPlaces = (
  connection: Connection,
  layout: SummaryLayout,
  page: { readonly after: string | null; readonly max: number },
): readonly GroupPlace[] =>
  connection
    .all(
      `SELECT _dsf_group, _dsf_key, _dsf_lane FROM ${quoteName(layout.table)} WHERE ? IS NULL OR _dsf_group > ? ORDER BY _dsf_group LIMIT ?`,
      page.after,
      page.after,
      page.max,
    )
    .map(([group, key, lane]) => ({ group: text(group), key: json<readonly KeyPart[]>(key), lane: integer(lane) }));

export const movePlaces = (connection: Connection, layout: SummaryLayout, places: readonly Pick<GroupPlace, 'group' | 'lane'>[]): void => {
  for (const { group, lane } of places)
    connection.run(`UPDATE ${quoteName(layout.table)} SET _dsf_lane = ? WHERE _dsf_group = ?`, lane, group);
};

export interface RevisionPage {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  /** Group already read at revision `from`; null before the first. */
  readonly after: string | null;
  readonly max: number;
}

export const readGroupsByRevision = (connection: Connection, layout: SummaryLayout, page: RevisionPage): readonly GroupRow[] => {
  const { lane, from, to, after, max } = page;
  return connection
    .all(
      `SELECT ${systemNames} FROM ${quoteName(layout.table)}
        WHERE _dsf_lane = ? AND _dsf_revision >= ? AND _dsf_revision < ? AND (? IS NULL OR _dsf_revision > ? OR _dsf_group > ?)
        ORDER BY _dsf_revision, _dsf_group LIMIT ?`,
      lane,
      from,
      to,
      after,
      from,
      after,
      max,
    )
    .map((row) => rowOf(layout.instance, row));
};
