import type { KeyPart } from '@dsf/messages';
import {
  Failure,
  type Aggregated,
  type Amount,
  type FlatFold,
  type FlatSchema,
  type FoldAggregate,
  type FoldedGroup,
  type RowFolds,
} from '@dsf/ports';
import { decimalText } from './cells.ts';
import type { BigQueryClient } from './client.ts';
import { absent, entryDigits, foldSql, timeShift } from './fold-sql.ts';
import { carriedValue } from './fold-values.ts';

/*
 * A driver's groups by one statement, and what its answer says.
 */

type Cell = string | null;

/** An ARRAY of STRING as it comes in an answer. */
const items = (cell: Cell): readonly string[] =>
  cell === null ? [] : (JSON.parse(cell) as readonly { readonly v: string }[]).map(({ v }) => v).filter((item) => item !== absent);

const entryOf = (text: string): { readonly at: Moment; readonly amount: Amount } => {
  let from = 0;
  const [time = 0n, source = 0n, partition = 0n, offset = 0n, row = 0n] = entryDigits.map((digits) =>
    BigInt(text.slice(from, (from += digits))),
  );
  const at = {
    time: Number(time - timeShift),
    source: Number(source),
    partition: Number(partition),
    offset: Number(offset),
    row: Number(row),
  };
  return { at, amount: carriedValue(text.slice(from)) };
};
type Moment = (Aggregated & { readonly kind: 'entries' })['entries'][number]['at'];

/** Takes the columns of one aggregate from the front. */
const aggregatedOf = ({ asks }: FoldAggregate, [first = null, second = null]: readonly Cell[]): Aggregated => {
  switch (asks) {
    case 'count':
    case 'count_true':
      return { kind: 'number', sum: null, count: first ?? '0' };
    case 'sum':
      return { kind: 'number', sum: first === null ? null : { n: decimalText(first) }, count: second ?? '0' };
    case 'least':
    case 'greatest':
      return { kind: 'value', value: first === null ? null : carriedValue(first) };
    case 'earliest':
      return { kind: 'entries', entries: items(first).map(entryOf), count: second ?? '0' };
    case 'latest':
      return { kind: 'entries', entries: first === null ? [] : [entryOf(first)], count: second ?? '0' };
    case 'set':
      return { kind: 'set', amounts: items(first).map(carriedValue) };
  }
};

const widthOf = ({ asks }: FoldAggregate): number => (asks === 'sum' || asks === 'earliest' || asks === 'latest' ? 2 : 1);

const keyOf = (cells: readonly Cell[]): readonly KeyPart[] => cells.map((cell) => (cell === null ? null : carriedValue(cell)));

const amountsOf = ({ aggregates }: FlatFold, cells: readonly Cell[]): readonly Aggregated[] => {
  let from = 0;
  return aggregates.map((aggregate) => aggregatedOf(aggregate, cells.slice(from, (from += widthOf(aggregate)))));
};

const refusing = new Set(['warehouse.statement', 'warehouse.too-large', 'warehouse.timeout']);

/** An overflow, or more than one statement may take: that can be computed page by page. */
const asRefused = (error: unknown): unknown =>
  error instanceof Failure && refusing.has(error.code)
    ? new Failure('poison', 'warehouse.fold', error.message, error.facts, { cause: error })
    : error;

/** @param follow - makes what the schema has and the dataset lacks */
export const rowFolds = (client: BigQueryClient, follow: (schema: FlatSchema) => Promise<unknown>): RowFolds => ({
  async estimate(schema, fold, ranges) {
    await follow(schema);
    return fold.inputs.length === 0 || ranges.length === 0
      ? 0
      : client.estimate(foldSql({ dataset: client.dataset, schema, ranges }, fold));
  },
  async run(schema, fold, ranges, { keeps, beat }) {
    if (fold.inputs.length === 0 || ranges.length === 0) return { groups: [], unfit: 0, scannedBytes: 0 };
    await follow(schema);
    const keys = fold.inputs[0]?.key.length ?? 0;
    const groups: FoldedGroup[] = [];
    let unfit = 0;
    const take = (row: readonly Cell[]): void => {
      const bad = Number(row[keys + 1] ?? 0);
      unfit += bad;
      if (bad > 0) return;
      const key = keyOf(row.slice(0, keys));
      if (!keeps(key)) return;
      const window = row[keys] ?? null;
      groups.push({ key, window: window === null ? null : Number(window), amounts: amountsOf(fold, row.slice(keys + 2)) });
    };
    try {
      const sql = foldSql({ dataset: client.dataset, schema, ranges }, fold);
      const scannedBytes = await client.each(sql, { beat, page: (rows) => rows.forEach(take) });
      return { groups, unfit, scannedBytes };
    } catch (error) {
      throw asRefused(error);
    }
  },
});
