import type { FlatFold, FlatSchema, FoldAggregate, FoldInput, FoldTable, FoldValue, RowRange } from '@dsf/ports';
import { flatColumn, quoteName, quoteText } from './dialect.ts';
import { alias, calendar, carrierSql, cellsOf, timeSql, valueSql } from './fold-values.ts';
import { flatRows, rootOf } from './views.ts';

/*
 * A driver's fold as one statement: rows as the views show them, each with its time, key and amounts; then GROUP BY key and window. Columns of the
 * answer: k0, k1, … (key, as carriers), w0 (start of the window), u0 (rows that are not plain), and of each aggregate a0_0, a0_1, …
 */

/** Moves every time that JavaScript knows above 0, to 17 digits. */
export const timeShift = 9_000_000_000_000_000n;
/** Digits of (time, source, partition, offset, row) in an entry, which sorts as text. */
export const entryDigits = [17, 10, 10, 16, 10] as const;
/** Sorts after every entry, and is no carrier: what is not there. ARRAY_AGG takes no NULL. */
export const absent = '~';

const own = ['_dsf_src', '_dsf_part', '_dsf_off', '_dsf_row'];

/** Positions of partitions, one after the other. */
const whereRanges = (ranges: readonly RowRange[]): string =>
  `WHERE ${ranges
    .map(
      ({ source, partition, from, to }) =>
        `(_dsf_src = ${source} AND _dsf_part = ${partition} AND _dsf_off >= ${from} AND _dsf_off < ${to})`,
    )
    .join(' OR ')}`;

interface Place {
  readonly dataset: string;
  readonly schema: FlatSchema;
  readonly ranges: readonly RowRange[];
}

const columnsRead = (input: FoldInput, table: number): readonly string[] => {
  const named = [...cellsOf(input), ...input.empty].filter((cell) => cell.table === table).map(({ column }) => flatColumn(column).name);
  const parent = input.tables[table]?.table.parent === null ? ['_dsf_time'] : ['_dsf_parent_row', '_dsf_list_idx'];
  return [...new Set([...own, ...parent, '_dsf_exact', ...named])];
};

const sameRecord = (one: string, other: string): string =>
  ['_dsf_src', '_dsf_part', '_dsf_off'].map((name) => `${one}.${name} = ${other}.${name}`).join(' AND ');

/** The one row below a parent that is no list item: the first, as the services take it. */
const singles = (rows: string): string =>
  `SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY _dsf_src, _dsf_part, _dsf_off, _dsf_parent_row ORDER BY _dsf_row) AS _dsf_place FROM (${rows}) WHERE _dsf_list_idx IS NULL) WHERE _dsf_place = 1`;

const fromTables = ({ dataset, schema, ranges }: Place, input: FoldInput): string => {
  const root = rootOf(schema, input.source);
  if (root === undefined) throw new TypeError(`source ${input.source} has no root table`);
  const where = whereRanges(ranges.filter(({ source }) => source === input.source));
  return input.tables
    .map(({ table, joined }: FoldTable, index) => {
      const rows = flatRows(dataset, table, { root, where, columns: columnsRead(input, index) });
      const me = alias(index);
      if (joined === null) return `FROM (${rows}) AS ${me}`;
      const other = alias(joined.to);
      return joined.as === 'parent'
        ? `LEFT JOIN (${rows}) AS ${me} ON ${sameRecord(me, other)} AND ${me}._dsf_row = ${other}._dsf_parent_row`
        : `LEFT JOIN (${singles(rows)}) AS ${me} ON ${sameRecord(me, other)} AND ${me}._dsf_parent_row = ${other}._dsf_row`;
    })
    .join('\n');
};

/** Nothing stands beside the columns that are read, and all of what they hold is in them. */
const fitSql = (input: FoldInput): string => {
  const beside = input.empty.map(({ table, column }) => `${alias(table)}.${quoteName(flatColumn(column).name)} IS NULL`);
  const exact = cellsOf(input).map(
    ({ table, column }) => `STRPOS(COALESCE(${alias(table)}._dsf_exact, ''), ${quoteText(`${JSON.stringify(column.name)}:`)}) = 0`,
  );
  const time = input.time === null ? [] : [`(${valueSql(input.time)} IS NULL OR ${timeSql(input.time)} IS NOT NULL)`];
  return [...beside, ...exact, ...time].join(' AND ') || 'TRUE';
};

/** What one aggregate works on, in one type for all inputs: numbers, booleans, or text that tells the kind. */
const amountType = ({ inputs }: FlatFold, { asks }: FoldAggregate, index: number): 'BIGNUMERIC' | 'BOOL' | 'STRING' => {
  if (asks === 'sum') return 'BIGNUMERIC';
  if (asks === 'count_true') return 'BOOL';
  const isExtreme = asks === 'least' || asks === 'greatest';
  return isExtreme && inputs.some(({ amounts }) => amounts[index]?.of === 'number') ? 'BIGNUMERIC' : 'STRING';
};

const amountSql = (value: FoldValue | undefined, type: ReturnType<typeof amountType>): string => {
  if (value === undefined || value.of === null) return `CAST(NULL AS ${type})`;
  return type === 'STRING' ? carrierSql(value) : valueSql(value);
};

const inputSql = (place: Place, fold: FlatFold, input: FoldInput): string => {
  const { windowMs, aggregates } = fold;
  const root = alias(input.root);
  const broker = `${root}._dsf_time`;
  const fields = [
    ...input.key.map((value, index) => `${carrierSql(value)} AS k${index}`),
    ...aggregates.map((aggregate, index) => `${amountSql(input.amounts[index], amountType(fold, aggregate, index))} AS a${index}`),
    ...own.map((name) => `t0.${name} AS ${name}`),
    `${input.time === null ? broker : `COALESCE(${timeSql(input.time)}, ${broker})`} AS tt`,
    `(${fitSql(input)}) AS fit`,
    `${input.filter === null ? 'TRUE' : input.filter.of === 'boolean' ? `COALESCE(${valueSql(input.filter)}, FALSE)` : 'FALSE'} AS chosen`,
  ];
  const entry = ['tt + ' + String(timeShift), ...own]
    .map((sql, index) => `LPAD(CAST(${sql} AS STRING), ${entryDigits[index]}, '0')`)
    .join(', ');
  const amounts = aggregates.map(({ asks }, index) =>
    asks === 'earliest' || asks === 'latest' ? `CONCAT(${entry}, a${index}) AS a${index}` : `a${index}`,
  );
  const window = windowMs === null ? 'CAST(NULL AS INT64)' : `tt - MOD(MOD(tt, ${windowMs}) + ${windowMs}, ${windowMs})`;
  const inCalendar = windowMs === null ? '' : ` AND tt BETWEEN ${calendar.from} AND ${calendar.to}`;
  const outer = [
    ...input.key.map((_, index) => `k${index}`),
    `${window} AS w0`,
    `(fit AND tt IS NOT NULL${inCalendar}) AS fit`,
    ...amounts,
  ];
  // Of a row that is not plain nobody knows here whether the filter would take it.
  return `SELECT ${outer.join(', ')} FROM (
SELECT ${fields.join(', ')}
${fromTables(place, input)}
) WHERE chosen OR NOT fit`;
};

/** Columns of the answer that one aggregate takes: one, or two. */
const aggregateSql = ({ asks, max }: FoldAggregate, amount: string, isNumber: boolean): readonly string[] => {
  const present = `COALESCE(${amount}, '${absent}')`;
  const shown = (sql: string): string => (isNumber ? `CONCAT('n', CAST(${sql} AS STRING))` : sql);
  switch (asks) {
    case 'count':
      return [`COUNT(${amount})`];
    case 'count_true':
      return [`COUNTIF(${amount})`];
    case 'sum':
      return [`CAST(SUM(${amount}) AS STRING)`, `COUNT(${amount})`];
    case 'least':
      return [shown(`MIN(${amount})`)];
    case 'greatest':
      return [shown(`MAX(${amount})`)];
    case 'earliest':
      return [`ARRAY_AGG(${present} ORDER BY ${present} LIMIT ${max})`, `COUNT(${amount})`];
    case 'latest':
      return [`MAX(${amount})`, `COUNT(${amount})`];
    case 'set':
      // One more for what is not there.
      return [`ARRAY_AGG(DISTINCT ${present} LIMIT ${max + 1})`];
  }
};

/** @param fold - with at least one input; `ranges` of the sources of all inputs */
export const foldSql = (place: Place, fold: FlatFold): string => {
  const keys = fold.inputs[0]?.key.map((_, index) => `k${index}`) ?? [];
  const columns = fold.aggregates.flatMap((aggregate, index) =>
    aggregateSql(aggregate, `a${index}`, amountType(fold, aggregate, index) === 'BIGNUMERIC').map(
      (sql, part) => `${sql} AS a${index}_${part}`,
    ),
  );
  const rows = fold.inputs.map((input) => inputSql(place, fold, input)).join('\nUNION ALL\n');
  const groupBy = [...keys, 'w0'].join(', ');
  return `SELECT ${[groupBy, 'COUNTIF(NOT fit) AS u0', ...columns].join(', ')} FROM (\n${rows}\n) GROUP BY ${groupBy}`;
};
