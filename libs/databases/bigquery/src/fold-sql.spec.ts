import type { ColumnType } from '@dsf/metadata';
import type { FlatColumn, FlatFold, FlatTable, FoldInput, FoldValue } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { foldSql } from './fold-sql.ts';
import { carriedValue, carrierSql, timeSql, valueSql } from './fold-values.ts';

const column = (id: number, path: string, type: ColumnType): FlatColumn => ({
  id,
  path,
  name: path.replaceAll('.', '__'),
  type,
  role: 'value',
});
const [city, total, at] = [column(1, 'city', 'text'), column(2, 'total', 'decimal'), column(3, 'at', 'text')];
const totalText: FlatColumn = { ...column(4, 'total', 'text'), name: 'total__v_text', role: 'variant' };
const count = column(5, 'items.n', 'bigint');
const root: FlatTable = { id: 1, source: 1, path: '', name: 'orders', parent: null, columns: [city, total, at, totalText] };
const items: FlatTable = { id: 2, source: 1, path: 'items', name: 'orders__items', parent: 1, columns: [count] };

const cell = (of: 'number' | 'text' | 'boolean' | 'moment', one: FlatColumn, table = 0): FoldValue => ({
  kind: 'cell',
  table,
  column: one,
  of,
});
const number = (n: string): FoldValue => ({ kind: 'literal', value: { n }, of: 'number' });
const operation = (
  operator: '==' | '!=' | '>' | '&&' | '!' | '-' | '*' | 'present' | 'choose',
  ...operands: readonly FoldValue[]
): FoldValue => ({
  ...{ kind: 'operation', operator, operands },
  of: operator === '-' || operator === '*' ? 'number' : 'boolean',
});

const orders: FoldInput = {
  ...{ source: 1, tables: [{ table: root, joined: null }], root: 0 },
  filter: operation('>', cell('number', total), number('0.5')),
  time: cell('text', at),
  key: [cell('text', city)],
  amounts: [{ kind: 'literal', value: true, of: 'boolean' }, cell('number', total), cell('text', city)],
  empty: [{ table: 0, column: totalText }],
};
const parts: FoldInput = {
  source: 1,
  tables: [
    { table: items, joined: null },
    { table: root, joined: { to: 0, as: 'parent' } },
  ],
  root: 1,
  filter: null,
  time: null,
  key: [cell('text', city, 1)],
  amounts: [{ kind: 'literal', value: null, of: null }, cell('number', count), { kind: 'literal', value: null, of: null }],
  empty: [],
};
const place = {
  dataset: 'dsf',
  schema: { version: 1, tables: [root, items] },
  ranges: [
    { source: 1, partition: 0, from: 5, to: 10 },
    { source: 1, partition: 3, from: 0, to: 7 },
    { source: 2, partition: 0, from: 0, to: 1 },
  ],
};

describe('a fold as one statement', () => {
  it('groups the rows that the views show, of the ranges, by key and window', () => {
    const fold: FlatFold = {
      inputs: [orders],
      windowMs: 60_000,
      aggregates: [
        { asks: 'count', max: 1, takes: ['boolean'] },
        { asks: 'sum', max: 1, takes: ['number'] },
        { asks: 'earliest', max: 3, takes: ['text'] },
      ],
    };
    expect(foldSql(place, fold)).toMatchInlineSnapshot(`
      "SELECT k0, w0, COUNTIF(NOT fit) AS u0, COUNT(a0) AS a0_0, CAST(SUM(a1) AS STRING) AS a1_0, COUNT(a1) AS a1_1, ARRAY_AGG(COALESCE(a2, '~') ORDER BY COALESCE(a2, '~') LIMIT 3) AS a2_0, COUNT(a2) AS a2_1 FROM (
      SELECT k0, tt - MOD(MOD(tt, 60000) + 60000, 60000) AS w0, (fit AND tt IS NOT NULL AND tt BETWEEN -62167219200000 AND 253402300799999) AS fit, a0, a1, CONCAT(LPAD(CAST(tt + 9000000000000000 AS STRING), 17, '0'), LPAD(CAST(_dsf_src AS STRING), 10, '0'), LPAD(CAST(_dsf_part AS STRING), 10, '0'), LPAD(CAST(_dsf_off AS STRING), 16, '0'), LPAD(CAST(_dsf_row AS STRING), 10, '0'), a2) AS a2 FROM (
      SELECT CONCAT('s', t0.\`city\`) AS k0, CONCAT('b', CAST(TRUE AS STRING)) AS a0, t0.\`total\` AS a1, CONCAT('s', t0.\`city\`) AS a2, t0._dsf_src AS _dsf_src, t0._dsf_part AS _dsf_part, t0._dsf_off AS _dsf_off, t0._dsf_row AS _dsf_row, COALESCE(IF(REGEXP_CONTAINS(t0.\`at\`, r'^\\d{4}-\\d{2}-\\d{2}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$'), UNIX_MILLIS(SAFE_CAST(t0.\`at\` AS TIMESTAMP)), NULL), t0._dsf_time) AS tt, (t0.\`total__v_text\` IS NULL AND STRPOS(COALESCE(t0._dsf_exact, ''), '"total":') = 0 AND STRPOS(COALESCE(t0._dsf_exact, ''), '"at":') = 0 AND STRPOS(COALESCE(t0._dsf_exact, ''), '"city":') = 0 AND (t0.\`at\` IS NULL OR IF(REGEXP_CONTAINS(t0.\`at\`, r'^\\d{4}-\\d{2}-\\d{2}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$'), UNIX_MILLIS(SAFE_CAST(t0.\`at\` AS TIMESTAMP)), NULL) IS NOT NULL)) AS fit, COALESCE((t0.\`total\` > BIGNUMERIC '0.5'), FALSE) AS chosen
      FROM (SELECT \`_dsf_src\`, \`_dsf_part\`, \`_dsf_off\`, \`_dsf_row\`, \`_dsf_time\`, \`_dsf_exact\`, \`total\`, \`at\`, \`city\`, \`total__v_text\` FROM (
        SELECT own.*, roots._dsf_newest, ROW_NUMBER() OVER (PARTITION BY own._dsf_src, own._dsf_part, own._dsf_off, own._dsf_row, own._dsf_generation ORDER BY own._dsf_version) AS _dsf_copy
        FROM (SELECT * FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7)) AS own
        JOIN (SELECT _dsf_src, _dsf_part, _dsf_off, MAX(_dsf_generation) AS _dsf_newest FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7) GROUP BY _dsf_src, _dsf_part, _dsf_off) AS roots ON own._dsf_src = roots._dsf_src AND own._dsf_part = roots._dsf_part AND own._dsf_off = roots._dsf_off
      ) WHERE _dsf_generation = _dsf_newest AND _dsf_copy = 1 AND NOT _dsf_tombstone) AS t0
      ) WHERE chosen OR NOT fit
      ) GROUP BY k0, w0"
    `);
  });

  it('joins parents, and gives all inputs columns of the same types', () => {
    const fold: FlatFold = {
      inputs: [orders, parts],
      windowMs: null,
      aggregates: [
        { asks: 'count_true', max: 1, takes: ['boolean'] },
        { asks: 'least', max: 1, takes: ['number'] },
        { asks: 'set', max: 100, takes: ['text'] },
      ],
    };
    expect(foldSql(place, fold)).toMatchInlineSnapshot(`
      "SELECT k0, w0, COUNTIF(NOT fit) AS u0, COUNTIF(a0) AS a0_0, CONCAT('n', CAST(MIN(a1) AS STRING)) AS a1_0, ARRAY_AGG(DISTINCT COALESCE(a2, '~') LIMIT 101) AS a2_0 FROM (
      SELECT k0, CAST(NULL AS INT64) AS w0, (fit AND tt IS NOT NULL) AS fit, a0, a1, a2 FROM (
      SELECT CONCAT('s', t0.\`city\`) AS k0, TRUE AS a0, t0.\`total\` AS a1, CONCAT('s', t0.\`city\`) AS a2, t0._dsf_src AS _dsf_src, t0._dsf_part AS _dsf_part, t0._dsf_off AS _dsf_off, t0._dsf_row AS _dsf_row, COALESCE(IF(REGEXP_CONTAINS(t0.\`at\`, r'^\\d{4}-\\d{2}-\\d{2}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$'), UNIX_MILLIS(SAFE_CAST(t0.\`at\` AS TIMESTAMP)), NULL), t0._dsf_time) AS tt, (t0.\`total__v_text\` IS NULL AND STRPOS(COALESCE(t0._dsf_exact, ''), '"total":') = 0 AND STRPOS(COALESCE(t0._dsf_exact, ''), '"at":') = 0 AND STRPOS(COALESCE(t0._dsf_exact, ''), '"city":') = 0 AND (t0.\`at\` IS NULL OR IF(REGEXP_CONTAINS(t0.\`at\`, r'^\\d{4}-\\d{2}-\\d{2}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$'), UNIX_MILLIS(SAFE_CAST(t0.\`at\` AS TIMESTAMP)), NULL) IS NOT NULL)) AS fit, COALESCE((t0.\`total\` > BIGNUMERIC '0.5'), FALSE) AS chosen
      FROM (SELECT \`_dsf_src\`, \`_dsf_part\`, \`_dsf_off\`, \`_dsf_row\`, \`_dsf_time\`, \`_dsf_exact\`, \`total\`, \`at\`, \`city\`, \`total__v_text\` FROM (
        SELECT own.*, roots._dsf_newest, ROW_NUMBER() OVER (PARTITION BY own._dsf_src, own._dsf_part, own._dsf_off, own._dsf_row, own._dsf_generation ORDER BY own._dsf_version) AS _dsf_copy
        FROM (SELECT * FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7)) AS own
        JOIN (SELECT _dsf_src, _dsf_part, _dsf_off, MAX(_dsf_generation) AS _dsf_newest FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7) GROUP BY _dsf_src, _dsf_part, _dsf_off) AS roots ON own._dsf_src = roots._dsf_src AND own._dsf_part = roots._dsf_part AND own._dsf_off = roots._dsf_off
      ) WHERE _dsf_generation = _dsf_newest AND _dsf_copy = 1 AND NOT _dsf_tombstone) AS t0
      ) WHERE chosen OR NOT fit
      UNION ALL
      SELECT k0, CAST(NULL AS INT64) AS w0, (fit AND tt IS NOT NULL) AS fit, a0, a1, a2 FROM (
      SELECT CONCAT('s', t1.\`city\`) AS k0, CAST(NULL AS BOOL) AS a0, CAST(t0.\`items__n\` AS BIGNUMERIC) AS a1, CAST(NULL AS STRING) AS a2, t0._dsf_src AS _dsf_src, t0._dsf_part AS _dsf_part, t0._dsf_off AS _dsf_off, t0._dsf_row AS _dsf_row, t1._dsf_time AS tt, (STRPOS(COALESCE(t1._dsf_exact, ''), '"city":') = 0 AND STRPOS(COALESCE(t0._dsf_exact, ''), '"items__n":') = 0) AS fit, TRUE AS chosen
      FROM (SELECT \`_dsf_src\`, \`_dsf_part\`, \`_dsf_off\`, \`_dsf_row\`, \`_dsf_parent_row\`, \`_dsf_list_idx\`, \`_dsf_exact\`, \`items__n\` FROM (
        SELECT own.*, roots._dsf_newest, ROW_NUMBER() OVER (PARTITION BY own._dsf_src, own._dsf_part, own._dsf_off, own._dsf_row, own._dsf_generation ORDER BY own._dsf_version) AS _dsf_copy
        FROM (SELECT * FROM \`dsf\`.\`dsf_base_orders__items\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7)) AS own
        JOIN (SELECT _dsf_src, _dsf_part, _dsf_off, MAX(_dsf_generation) AS _dsf_newest FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7) GROUP BY _dsf_src, _dsf_part, _dsf_off) AS roots ON own._dsf_src = roots._dsf_src AND own._dsf_part = roots._dsf_part AND own._dsf_off = roots._dsf_off
      ) WHERE _dsf_generation = _dsf_newest AND _dsf_copy = 1) AS t0
      LEFT JOIN (SELECT \`_dsf_src\`, \`_dsf_part\`, \`_dsf_off\`, \`_dsf_row\`, \`_dsf_time\`, \`_dsf_exact\`, \`city\` FROM (
        SELECT own.*, roots._dsf_newest, ROW_NUMBER() OVER (PARTITION BY own._dsf_src, own._dsf_part, own._dsf_off, own._dsf_row, own._dsf_generation ORDER BY own._dsf_version) AS _dsf_copy
        FROM (SELECT * FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7)) AS own
        JOIN (SELECT _dsf_src, _dsf_part, _dsf_off, MAX(_dsf_generation) AS _dsf_newest FROM \`dsf\`.\`dsf_base_orders\` WHERE (_dsf_src = 1 AND _dsf_part = 0 AND _dsf_off >= 5 AND _dsf_off < 10) OR (_dsf_src = 1 AND _dsf_part = 3 AND _dsf_off >= 0 AND _dsf_off < 7) GROUP BY _dsf_src, _dsf_part, _dsf_off) AS roots ON own._dsf_src = roots._dsf_src AND own._dsf_part = roots._dsf_part AND own._dsf_off = roots._dsf_off
      ) WHERE _dsf_generation = _dsf_newest AND _dsf_copy = 1 AND NOT _dsf_tombstone) AS t1 ON t1._dsf_src = t0._dsf_src AND t1._dsf_part = t0._dsf_part AND t1._dsf_off = t0._dsf_off AND t1._dsf_row = t0._dsf_parent_row
      ) WHERE chosen OR NOT fit
      ) GROUP BY k0, w0"
    `);
  });
});

describe('values in SQL', () => {
  it('compare nulls as the expression language does', () => {
    const [a, b] = [cell('text', city), cell('number', count, 1)];
    expect(valueSql(operation('==', a, { kind: 'literal', value: "O'Hare\n", of: 'text' }))).toBe(
      "(t0.`city` IS NOT DISTINCT FROM 'O\\'Hare\\n')",
    );
    expect(valueSql(operation('!=', b, number('1')))).toBe("(CAST(t1.`items__n` AS BIGNUMERIC) IS DISTINCT FROM BIGNUMERIC '1')");
    expect(valueSql(operation('&&', operation('present', a), operation('!', operation('>', b, b))))).toBe(
      '(COALESCE((t0.`city` IS NOT NULL), FALSE) AND COALESCE((NOT (CAST(t1.`items__n` AS BIGNUMERIC) > CAST(t1.`items__n` AS BIGNUMERIC))), FALSE))',
    );
    expect(valueSql(operation('choose', operation('present', a), operation('-', b), operation('*', b, b)))).toMatch(
      /^IF\(COALESCE\(.*, FALSE\), \(-CAST/,
    );
  });

  it('travel as text that tells the kind, and come back as expressions have them', () => {
    expect(carrierSql(cell('moment', column(9, 'seen', 'timestamp')))).toBe("CONCAT('t', CAST(UNIX_MICROS(t0.`seen`) AS STRING))");
    expect(carrierSql(cell('text', column(9, 'day', 'date')))).toBe("CONCAT('s', FORMAT_DATE('%F', t0.`day`))");
    expect(['n-12.500', 'btrue', 'bfalse', 's', 's~x', 't1709251199123456'].map(carriedValue)).toEqual([
      { n: '-12.5' },
      ...[true, false, '', '~x', '2024-02-29T23:59:59.123456Z'],
    ]);
    expect(() => carriedValue('x')).toThrow(TypeError);
  });

  it('read a time from RFC 3339 alone, a moment, or whole milliseconds within the calendar', () => {
    expect(timeSql(cell('moment', at))).toBe('UNIX_MILLIS(t0.`at`)');
    expect(timeSql(cell('number', count))).toContain('BETWEEN -62167219200000 AND 253402300799999');
    expect(timeSql(cell('text', at))).toMatch(
      /^IF\(REGEXP_CONTAINS\(t0\.`at`, r'\^.*\$'\), UNIX_MILLIS\(SAFE_CAST\(t0\.`at` AS TIMESTAMP\)\), NULL\)$/,
    );
  });
});
