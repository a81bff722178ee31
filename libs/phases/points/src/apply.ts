import type { KeyPart, Point, Value } from '@dsf/messages';
import type { FlatRow, FlatRows } from '@dsf/ports';
import { eventTime, isOnCalendar, windowStart } from './event-time.ts';
import type { InputPlan, PointsPlan, Reading } from './plan.ts';
import { recordRows } from './record-rows.ts';
import type { RecordRows } from './record-rows.ts';
import { readValue, viewRow } from './row-view.ts';
import type { RowView } from './row-view.ts';

type Refusal = NonNullable<Point['refusal']>;

/** Ends the work on one row; caught in `makePoint`. */
class RowRefused extends Error {
  readonly refusal: Refusal;
  constructor(code: `summarise.${string}`, detail: string) {
    super(detail);
    this.name = 'RowRefused';
    this.refusal = { code, detail };
  }
}

const compute = (view: RowView, reading: Reading): Value => {
  try {
    return readValue(view, reading);
  } catch (error) {
    throw new RowRefused('summarise.expression', `${reading.use}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const keyPart = (view: RowView, reading: Reading): KeyPart => {
  const value = compute(view, reading);
  if (typeof value !== 'object' || value === null || 'n' in value) return value;
  throw new RowRefused('summarise.key', `${reading.use}: a ${'l' in value ? 'list' : 'map'} cannot be part of a key`);
};

const timeOf = (view: RowView, reading: Reading | null): number => {
  const value = reading === null ? null : compute(view, reading);
  if (value !== null && reading !== null) {
    const time = eventTime(value);
    if (time !== null) return time;
    throw new RowRefused(
      'summarise.event-time',
      `${reading.use}: neither RFC 3339 text nor milliseconds since 1970: ${JSON.stringify(value).slice(0, 60)}`,
    );
  }
  const time = view.root?.time ?? null;
  if (time === null) throw new RowRefused('summarise.event-time', 'the root row, which has the time of the message, is missing');
  return time;
};

/** The broker's time may be anything that a producer stamped; a window has to be one that a document can show. */
const windowOf = (time: number, windowMs: number): number => {
  if (!isOnCalendar(time))
    throw new RowRefused('summarise.event-time', `the broker's time, ${time} ms since 1970, is in no year from 0 to 9999`);
  return windowStart(time, windowMs);
};

const amountOf = (view: RowView, amount: InputPlan['amounts'][number]): Value => {
  if (amount === 'row') return true;
  return amount === 'none' ? null : compute(view, amount);
};

/** Null when the filter leaves the row out. */
const makePoint = (input: InputPlan, row: FlatRow, record: RecordRows): Point | null => {
  const view = viewRow(row, input.chain, record);
  const { instance, windowMs } = input;
  const { offset } = row;
  try {
    if (input.filter !== null && compute(view, input.filter) !== true) return null;
    const time = timeOf(view, input.eventTime);
    return {
      instance,
      offset,
      row: row.row,
      key: input.key.map((reading) => keyPart(view, reading)),
      window: windowMs === null ? null : windowOf(time, windowMs),
      time,
      amounts: input.amounts.map((amount) => amountOf(view, amount)),
    };
  } catch (error) {
    if (!(error instanceof RowRefused)) throw error;
    return { instance, offset, row: row.row, key: [], window: null, time: view.root?.time ?? 0, amounts: [], refusal: error.refusal };
  }
};

/** Every chain begins with the input's own table. */
const tableOf = ({ chain }: InputPlan): number => chain[0] ?? -1;

const byInstanceAndRow = (a: Point, b: Point): number => (a.instance === b.instance ? a.row - b.row : a.instance < b.instance ? -1 : 1);

/** Puts the points from `start` on in order; most are already, because each input's rows are. */
const sortFrom = (points: Point[], start: number): void => {
  for (let index = start + 1; index < points.length; index += 1) {
    const [before, point] = [points[index - 1], points[index]];
    if (before === undefined || point === undefined || byInstanceAndRow(before, point) <= 0) continue;
    const own = points.splice(start).sort(byInstanceAndRow);
    for (const sorted of own) points.push(sorted);
    return;
  }
};

/** Adds points of the record at hand, by instance, then row; two inputs of one instance that meet in a row stand in the instance's order. */
const addRecordPoints = (inputs: readonly InputPlan[], record: RecordRows, points: Point[]): void => {
  const start = points.length;
  for (const input of inputs) {
    record.visit(tableOf(input), (row) => {
      const point = makePoint(input, row, record);
      if (point !== null) points.push(point);
    });
  }
  if (inputs.length > 1) sortFrom(points, start);
};

/**
 * What flat rows mean to the drivers. Each row of an input's table makes at most one point; the same rows always make the same points.
 * @param rows - all rows, in the tables of `tables(plan, source)`, of some records of one source partition
 * @returns in (offset, instance, row) order. A row that cannot be computed makes a point with a `refusal`
 *   (`summarise.expression`, `summarise.key`, `summarise.event-time`), an empty key and no amounts. Never throws for data.
 */
export const apply = (plan: PointsPlan, rows: FlatRows, instances?: ReadonlySet<string>): readonly Point[] => {
  const source = plan.sources.get(rows.source);
  if (source === undefined) return [];
  const inputs = instances === undefined ? source.inputs : source.inputs.filter(({ instance }) => instances.has(instance));
  const record = recordRows(rows, source.tables, inputs.map(tableOf));
  const points: Point[] = [];
  while (record.next()) addRecordPoints(inputs, record, points);
  return points;
};
