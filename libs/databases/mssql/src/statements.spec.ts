import { definitionsSchema, rowsOfDefinitions } from '@dsf/metadata';
import type { FlatTable, GroupRow, RecordFailure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { growColumns } from './column-growth.ts';
import { replaceConfigRows } from './config-rows.ts';
import type { Connection, Row } from './connection.ts';
import { createFlatTable } from './dialect.ts';
import * as failures from './failures.ts';
import * as flatRows from './flat-rows.ts';
import { freezeGroups, readFrozen } from './frozen-groups.ts';
import * as groupRows from './group-rows.ts';
import * as intents from './intents.ts';
import * as laneState from './lane-state.ts';
import * as messages from './messages.ts';
import { readMigrations } from './migrations.ts';
import * as rawRows from './raw-rows.ts';
import { recordingConnection } from './recording-connection.ts';
import * as requests from './requests.ts';
import { readSchemaVersion } from './schema-catalog.ts';
import { applyChanges } from './schema-changes.ts';
import type { Statement } from './sql.ts';
import { createSummaryTable, ensureSummaryTable, setInstanceLive } from './summary-tables.ts';
import { awaitHolds, holdVersion } from './version-hold.ts';

/*
 * What the services ask of the server, as text and types of parameters: golden/statements.sql shows each change of it.
 */

const lane = { phase: 'flatten', source: 0, lane: 3 } as const;
const range = { source: 1, partition: 0, from: 0, to: 9 };
const at = { source: 1, partition: 0, offset: 4 };
const layout = {
  ...{ instance: 'sales@00000001', driver: 'sales', table: 'dsf_sum__sales__00000001', keys: ['country'], windowed: true },
  measures: [{ name: 'orders', type: 'bigint' }],
} as const;
const root: FlatTable = { id: 1, source: 1, path: '', name: 'orders', parent: null, columns: [] };
const child: FlatTable = { ...root, id: 2, path: 'items', name: 'orders__items', parent: 1 };
const catalog = {
  schema: { version: 1, tables: [root, child] },
  physical: new Map([root, child].map(({ id, name }) => [id, { name, columns: [] }])),
};
const position = (partition: number) => ({
  ...{ source: 1, partition, next: 5, start: 0, time: null, idle: false, version: 1 },
  counters: { written: 5, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 },
});
const failure: RecordFailure = {
  ...{ ...at, phase: 'flatten', scope: '', code: 'flatten.not-json' },
  path: null,
  detail: 'no',
  version: 1,
};
const group: GroupRow = {
  ...{
    instance: layout.instance,
    group: '["DE"]',
    key: ['DE'],
    window: 0,
    windowEnd: 1,
    revision: 1,
    reason: 'update',
    time: 0,
    version: 1,
  },
  ...{ status: 'live', measures: [{ n: '1' }], states: [] },
};

const totals = [1, 1, '', 'total', 'bigint', 'value', 'total', 'bigint', null] as const;
const notes = [1, 2, '', 'note', 'text', 'value', 'note', 'nvarchar(400)', null] as const;
const answers: readonly (readonly [pattern: RegExp, rows: readonly Row[]])[] = [
  [/^DECLARE @lock int, @version/, [[7]]],
  [/^DECLARE @lock/, [[0]]],
  [/FROM \[dsf_state\]\.\[flat_column\]/, [totals, notes]],
  [/FROM \[dsf_state\]\.\[flat_table\]/, [[1, 1, '', 'orders', null, 'orders']]],
  [/FROM \[dsf_state\]\.\[summary_view\]/, [['sales', 'sales@00000000']]],
  [/FROM sys\.partitions/, [[5]]],
  [/\[flat_schema\]|^INSERT INTO \[dsf_state\]\.\[flat_\w+\]|COUNT_BIG/, [[7]]],
];
const found = (text: string): readonly Row[] => answers.find(([pattern]) => pattern.test(text))?.[1] ?? [];

const recorded = async (work: (connection: Connection) => Promise<unknown>): Promise<readonly Statement[]> => {
  const { connection, statements } = recordingConnection([], found);
  await work(connection);
  return statements;
};

const claimOf = (seq: number) => async (connection: Connection) =>
  connection.all({ text: laneState.claimBatch(connection.schemas, lane, seq), binds: [] });
/** One source instead of another. */
const oneForAnother = async (connection: Connection): Promise<void> => {
  const [before, after] = ['old', 'new'].map((name) =>
    definitionsSchema.parse({ sources: [{ name }, { name: 'kept', partitions: name.length }] }),
  );
  if (before === undefined || after === undefined) throw new Error('there are two');
  const rows: Readonly<Record<string, readonly object[]>> = rowsOfDefinitions(before);
  const stored: Connection = {
    ...connection,
    all: async ({ text }) => {
      const [, columns = '', table = ''] = /^SELECT (.+) FROM \[dsf_config\]\.\[(\w+)\]/.exec(text) ?? [];
      const names = columns.split(', ').map((name) => name.slice(1, -1));
      return (rows[table] ?? []).map((row) => names.map((name) => (row as Record<string, Row[number]>)[name] ?? null));
    },
  };
  await replaceConfigRows(stored, { ...after, settings: { lanes: 8 } });
};

const spoken: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  'a lane claims its first turn': claimOf(0),
  'a lane claims its next turn': claimOf(5),
  'a lane is held for an intent': (connection) => laneState.holdSeq(connection, lane),
  'a lane is loaded': (connection) => laneState.readLane(connection, lane),
  'progress of one position': (connection) => laneState.writeProgress(connection, lane, { positions: [position(0)], facts: null }),
  'progress of several, and facts': (connection) =>
    laneState.writeProgress(connection, lane, { positions: [position(0), position(1)], facts: { a: 1 } }),
  'the ends of ingest': (connection) => laneState.readEnds(connection, 1),
  'a lane is moved': (connection) =>
    laneState.writeStoredLane(
      { ...connection, run: async (statement) => ((await connection.run(statement)) === 0 ? 1 : 0) },
      { ...lane, phase: 'summarise', seq: 9, facts: {}, positions: [], live: [layout.instance] },
    ),
  'failures are merged': (connection) => failures.writeFailures(connection, [failure], 0),
  'failures are resolved': (connection) => failures.resolveFailures(connection, { phase: 'flatten', at, scopePrefix: 'x', now: 0 }),
  'failures of a record': (connection) => failures.readFailures(connection, at),
  'the lowest failure': (connection) => failures.readLowestFailure(connection, at),
  'failures are found': (connection) =>
    failures.findFailures(connection, { max: 9, ids: [1], phase: 'flatten', source: 1, code: 'flatten.not-json', status: 'open' }),
  'a replay is asked for': (connection) => requests.writeRequests(connection, [{ lane, body: { kind: 'replay', ...at } }], 0),
  'requests are read': (connection) => requests.readRequests(connection, lane, 9),
  'requests are closed': (connection) => requests.closeRequests(connection, [1, 2], 0),
  'the lowest replay': (connection) => requests.readLowestReplay(connection, at),
  'raw rows are read': (connection) => rawRows.readRaw(connection, range, 9),
  'raw rows are purged': (connection) => rawRows.purgeRaw(connection, range, 9),
  'rows of a record are deleted': (connection) => flatRows.deleteFlat(connection, catalog, at),
  'rows are read': (connection) => flatRows.readFlat(connection, catalog, { range, tables: [1, 2], max: 9 }),
  'rows are purged': (connection) => flatRows.purgeFlat(connection, catalog, range, 9),
  'the version of the tables is held': (connection) => readSchemaVersion(connection, 'held'),
  'groups are written': (connection) => groupRows.writeGroups(connection, layout, { lane: 3, rows: [group] }),
  'groups are read': (connection) => groupRows.readGroups(connection, layout, ['["DE"]']),
  'groups are paged': (connection) =>
    groupRows.readGroupsByRevision(connection, layout, { lane: 3, from: 1, to: 9, after: '["DE"]', max: 9 }),
  'groups move to another lane': (connection) => groupRows.movePlaces(connection, layout, [{ group: '["DE"]', lane: 4 }]),
  'groups freeze': (connection) => freezeGroups(connection, layout.instance, ['["DE"]']),
  'frozen groups are read': (connection) => readFrozen(connection, layout.instance, ['["DE"]']),
  'an instance gets its table': (connection) =>
    ensureSummaryTable(connection, {
      instance: layout.instance,
      name: 'sales',
      inputs: [],
      key: ['country'],
      windowMs: null,
      measures: [],
    }),
  'an instance goes live': (connection) => setInstanceLive(connection, 3, { layout, live: true }),
  'an instance ends': (connection) => setInstanceLive(connection, 3, { layout, live: false }),
  'an intent is taken': (connection) => intents.takeIntent(connection, lane),
  'messages are read': (connection) => messages.readMessages(connection, 1, ['a']),
  'messages are forgotten': (connection) => messages.forgetMessages(connection, at, { before: 0, max: 9 }),
  'a version is held': (connection) => holdVersion(connection, 7),
  'a version comes into force': (connection) => awaitHolds(connection),
  'a table and a column are added, another widens': (connection) =>
    applyChanges(
      connection,
      () => [
        { kind: 'table', source: 1, path: 'items', parentPath: '', name: 'orders__items' },
        { kind: 'column', source: 1, tablePath: '', path: 'b', name: 'b', type: 'text', role: 'value' },
        { kind: 'widen', source: 1, tablePath: '', column: 'total', type: 'decimal' },
      ],
      100_000,
    ),
  'a column grows': (connection) => growColumns(connection, [{ tableId: 1, columnId: 2, need: 'long-text' }]),
  'an exact column is added': (connection) => growColumns(connection, [{ tableId: 1, columnId: 1, need: 'exact' }]),
  'definitions change': oneForAnother,
};

/** Columns that are varchar in every table of state and rows. */
const varcharColumns = (): ReadonlySet<string> => {
  const made = [
    ...readMigrations().flatMap(({ sql }) => sql.match(/^CREATE TABLE \[\$\(schema\)(?:_state)?\][^;]+/gm) ?? []),
    createFlatTable({ schema: '[dsf]', name: 'orders', parent: null, columns: [] }).sql,
    ...createSummaryTable('[dsf]', layout),
  ].join('\n');
  const named = (kind: string): readonly string[] =>
    [...made.matchAll(new RegExp(`\\[(\\w+)\\] +${kind}\\(`, 'g'))].map(([, name]) => name ?? '');
  return new Set(named('varchar')).difference(new Set(named('nvarchar')));
};

/** Comparisons of a varchar column with text that is nvarchar, for which the server converts the column of every row. */
const conversions = ({ text, binds }: Statement): readonly string[] => {
  const columns = [...varcharColumns()].join('|');
  const literals = text.match(new RegExp(`\\[(?:${columns})\\](?: COLLATE \\w+)? *(?:=|<>|<|>|LIKE|(?:NOT )?IN \\() *N'[^']*'`, 'g')) ?? [];
  const parameters = [...text.matchAll(new RegExp(`\\[(?:${columns})\\] *(?:=|<>|<|>|LIKE) *@p(\\d+)`, 'g'))]
    .filter(([, number]) => binds[Number(number) - 1]?.type.name !== 'VarChar')
    .map(([whole]) => whole);
  return [...literals, ...parameters];
};

describe('the statements of the services', () => {
  it('are those of golden/statements.sql', async () => {
    const parts: string[] = [];
    for (const [title, work] of Object.entries(spoken)) {
      const statements = await recorded(work);
      expect(statements.length, title).toBeGreaterThan(0);
      const texts = statements.map(({ text, binds }) => {
        const types = binds.map(({ type }, index) => `@p${index + 1} ${type.name}`).join(', ');
        return `${types === '' ? '' : `-- ${types}\n`}${text.replace(/;$/, '')};\n`;
      });
      parts.push(`-- ${title}\n\n${texts.join('\n')}`);
    }
    await expect(parts.join('\n\n')).toMatchFileSnapshot('../golden/statements.sql');
  });

  it('know which columns are varchar', () => {
    expect([...varcharColumns()]).toEqual(
      expect.arrayContaining(['phase', 'kind', 'code', 'status', 'role', 'column_type', '_dsf_status', '_dsf_shape']),
    );
    const beside = (text: string): readonly string[] => conversions({ text, binds: [] });
    expect(beside("WHERE [phase] = N'flatten' AND [scope] = N''")).toEqual(["[phase] = N'flatten'"]);
    expect(beside("WHERE [phase] = 'flatten'")).toEqual([]);
  });

  it.each(Object.keys(spoken))('compare no column of varchar with nvarchar, which would be converted in every row: %s', async (title) => {
    const work = spoken[title];
    if (work === undefined) throw new Error('it is there');
    expect((await recorded(work)).flatMap(conversions)).toEqual([]);
  });
});
