import { frameText, rangeOf, readFrame } from './frame.ts';
import type { GroupChange, Point, PointsRange, SummaryRange } from './range.ts';
import { isSameKey } from './value.ts';

/*
 * Ranges of points and of group changes on the wire: UTF-8 JSON, so that an operator can read an internal topic with any client.
 */

export { UnreadableRangeError } from './frame.ts';
export { decodeRawRange, encodeRawRange } from './raw-codec.ts';

const encoder = new TextEncoder();

/** What points of one record and group have in common, and then two places per point: its row and its amounts, or its refusal. */
type PointsItem = [instance: number, offset: number, key: Point['key'], window: number | null, time: number, ...rest: PointCell[]];
type PointCell = number | Point['amounts'] | NonNullable<Point['refusal']>;
/** Names of the instances that the items count from 0 on. */
type PackedPoints = readonly [instances: readonly string[], ...items: PointsItem[]];

const isOneItem = (a: Point, b: Point): boolean =>
  a.offset === b.offset && a.instance === b.instance && a.window === b.window && a.time === b.time && isSameKey(a.key, b.key);

const packPoints = (points: readonly Point[]): PackedPoints => {
  const instances = new Map<string, number>();
  const items: PointsItem[] = [];
  let last: Point | null = null;
  let item: PointsItem | null = null;
  for (const point of points) {
    const { instance, offset, key, window, time } = point;
    if (item === null || last === null || !isOneItem(last, point)) {
      const number = instances.get(instance) ?? instances.size;
      instances.set(instance, number);
      item = [number, offset, key, window, time];
      items.push(item);
    }
    item.push(point.row, point.refusal ?? point.amounts);
    last = point;
  }
  return [[...instances.keys()], ...items];
};

/** Places of an item before its points. */
const headLength = 5;

const unpackPoints = (packed: readonly unknown[]): readonly Point[] => {
  if (!Array.isArray(packed[0])) throw new RangeError('points without the names of their instances');
  const [instances, ...items] = packed as PackedPoints;
  const points: Point[] = [];
  for (const item of items) {
    const [number, offset, key, window, time] = item;
    const instance = instances[number];
    if (instance === undefined || item.length % 2 !== headLength % 2) throw new RangeError('an item of no instance, or cut off');
    for (let index = headLength; index < item.length; index += 2) {
      const row = item[index] as number;
      const cell = item[index + 1] as Point['amounts'] | NonNullable<Point['refusal']>;
      if ('code' in cell) points.push({ instance, offset, row, key, window, time, amounts: [], refusal: cell });
      else points.push({ instance, offset, row, key, window, time, amounts: cell });
    }
  }
  return points;
};

/** What the publisher needs of a change; whoever hands over more, such as the states of a group, keeps it. */
const packChange = (change: GroupChange): GroupChange => {
  const { instance, key, window, revision, reason, time, version, status, measures } = change;
  return { instance, key, window, revision, reason, time, version, status, measures };
};

export const encodePointsRange = (range: PointsRange): Uint8Array =>
  encoder.encode(frameText('points', range, range.items === undefined ? undefined : packPoints(range.items)));
export const encodeSummaryRange = (range: SummaryRange): Uint8Array =>
  encoder.encode(frameText('summary', range, range.items?.map(packChange)));

/** @throws UnreadableRangeError */
export const decodePointsRange = (bytes: Uint8Array | null): PointsRange => rangeOf(readFrame('points', bytes), unpackPoints);
/** @throws UnreadableRangeError */
export const decodeSummaryRange = (bytes: Uint8Array | null): SummaryRange =>
  rangeOf(readFrame('summary', bytes), (items) => items as readonly GroupChange[]);
