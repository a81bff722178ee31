import type { KeyPart } from '@dsf/messages';
import type {
  Aggregated,
  FlatFold,
  FlatRow,
  FlatRows,
  FoldAggregate,
  FoldedGroup,
  FoldInput,
  Moment,
  RowFolds,
  RowStore,
} from '@dsf/ports';
import { addDecimal, asValue, cellOf, compare, computeValue, parseDecimal, type Computed, type Rows } from './memory-fold-values.ts';

/*
 * Folds by a store of rows in memory: what a database computes by one statement, row by row.
 */

/** An amount of one row; null when it has none. */
interface Amount {
  readonly value: Exclude<Computed, null>;
  readonly at: Moment;
}

interface Group {
  readonly key: readonly KeyPart[];
  readonly window: number | null;
  /** By aggregate. */
  readonly amounts: Amount[][];
}

const calendar = { from: Date.UTC(-1, 12), to: Date.UTC(9999, 12) - 1 };
const momentPattern = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Null: none that is understood here. */
const timeOf = (value: Exclude<Computed, null>): number | null => {
  if (typeof value === 'boolean') return null;
  if (typeof value !== 'string') {
    const time = Number(value.units / 10n ** BigInt(value.scale));
    return time >= calendar.from && time <= calendar.to ? time : null;
  }
  const time = momentPattern.test(value) && !/-(29|3\d)T/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
};

/** The rows of one record that stand with a row of the input's own table. */
const rowsWith = ({ tables }: FoldInput, row: FlatRow, of: (table: number) => readonly FlatRow[]): Rows => {
  const rows: (FlatRow | undefined)[] = [];
  for (const { table, joined } of tables) {
    const other = joined === null ? undefined : rows[joined.to];
    const own = of(table.id);
    if (joined === null) rows.push(row);
    else if (other === undefined) rows.push(undefined);
    else if (joined.as === 'parent') rows.push(own.find((one) => one.row === other.parentRow));
    else rows.push(own.find((one) => one.parentRow === other.row && one.listIdx === null));
  }
  return rows;
};

const keyText = (key: readonly KeyPart[], window: number | null): string => JSON.stringify([key, window]);

const aggregated = ({ asks, max }: FoldAggregate, amounts: readonly Amount[]): Aggregated => {
  const count = String(amounts.length);
  const ordered = (): readonly Amount[] => amounts.toSorted(({ at: a }, { at: b }) => compareMoments(a, b));
  const entries = (some: readonly Amount[]) => some.map(({ value, at }) => ({ amount: asValue(value), at }));
  const byValue = (): readonly Amount[] => amounts.toSorted((a, b) => compare(a.value, b.value));
  const value = (one: Amount | undefined): Aggregated => ({ kind: 'value', value: one === undefined ? null : asValue(one.value) });
  switch (asks) {
    case 'count':
      return { kind: 'number', sum: null, count };
    case 'count_true':
      return { kind: 'number', sum: null, count: String(amounts.filter((amount) => amount.value === true).length) };
    case 'sum': {
      const sum = amounts.reduce((total, { value: one }) => (typeof one === 'object' ? addDecimal(total, one) : total), parseDecimal('0'));
      return { kind: 'number', sum: amounts.length === 0 ? null : { n: asNumber(sum) }, count };
    }
    case 'least':
      return value(byValue()[0]);
    case 'greatest':
      return value(byValue().at(-1));
    case 'earliest':
      return { kind: 'entries', entries: entries(ordered().slice(0, max)), count };
    case 'latest':
      return { kind: 'entries', entries: entries(ordered().slice(-1)), count };
    case 'set':
      return {
        kind: 'set',
        amounts: [...new Map(amounts.map(({ value: one }) => [JSON.stringify(asValue(one)), asValue(one)])).values()].slice(0, max),
      };
  }
};

const asNumber = (value: Exclude<Computed, null>): string => {
  const plain = asValue(value);
  return typeof plain === 'object' ? plain.n : '0';
};

const compareMoments = (a: Moment, b: Moment): number =>
  a.time - b.time || a.source - b.source || a.partition - b.partition || a.offset - b.offset || a.row - b.row;

interface Tally {
  readonly groups: Map<string, Group>;
  unfit: number;
}

const takeRow = (
  fold: FlatFold,
  input: FoldInput,
  tally: Tally,
  { rows, at }: { readonly rows: Rows; readonly at: Omit<Moment, 'time'> },
): void => {
  const compute = (value: FoldInput['amounts'][number]): Computed => computeValue(input, rows, value);
  const given = input.time === null ? null : compute(input.time);
  const time = given === null ? (rows[input.root]?.time ?? null) : timeOf(given);
  const isPlain = input.empty.every((cell) => cellOf(input, rows, cell) === null);
  const hasWindow = time !== null && (fold.windowMs === null || (time >= calendar.from && time <= calendar.to));
  if (!isPlain || time === null || !hasWindow) {
    tally.unfit += 1;
    return;
  }
  if (input.filter !== null && compute(input.filter) !== true) return;
  const key = input.key.map((value): KeyPart => {
    const part = compute(value);
    return part === null ? null : asValue(part);
  });
  const window = fold.windowMs === null ? null : Math.floor(time / fold.windowMs) * fold.windowMs;
  const text = keyText(key, window);
  const group = tally.groups.get(text) ?? { key, window, amounts: fold.aggregates.map(() => []) };
  tally.groups.set(text, group);
  for (const [index, amount] of input.amounts.entries()) {
    const value = compute(amount);
    if (value !== null) group.amounts[index]?.push({ value, at: { ...at, time } });
  }
};

const takeRows = (fold: FlatFold, input: FoldInput, tally: Tally, { source, partition, tables }: FlatRows): void => {
  const own = input.tables[0]?.table.id ?? -1;
  const byRecord = new Map(tables.map(({ table, rows }) => [table.id, Map.groupBy(rows, ({ offset }) => offset)]));
  for (const [offset, rows] of byRecord.get(own) ?? [])
    for (const row of rows) {
      const stood = rowsWith(input, row, (table) => byRecord.get(table)?.get(offset) ?? []);
      takeRow(fold, input, tally, { rows: stood, at: { source, partition, offset, row: row.row } });
    }
};

export const memoryFolds = (readFlat: RowStore['reads']['readFlat']): RowFolds => ({
  estimate: async () => 0,
  async run(schema, fold, ranges, { keeps, beat }) {
    const tally: Tally = { groups: new Map(), unfit: 0 };
    for (const range of ranges) {
      beat();
      for (const input of fold.inputs.filter(({ source }) => source === range.source)) {
        const tables = input.tables.map(({ table }) => table.id);
        const { rows } = await readFlat(schema, { range, tables, max: Number.MAX_SAFE_INTEGER });
        takeRows(fold, input, tally, rows);
      }
    }
    const groups = [...tally.groups.values()]
      .filter(({ key }) => keeps(key))
      .map(({ key, window, amounts }): FoldedGroup => ({
        key,
        window,
        amounts: fold.aggregates.map((aggregate, index) => aggregated(aggregate, amounts[index] ?? [])),
      }));
    return { groups, unfit: tally.unfit, scannedBytes: 0 };
  },
});
