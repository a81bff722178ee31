import { frameText, rangeOf, readFrame } from './frame.ts';
import type { GroupChange, Point, PointsRange, SummaryRange } from './range.ts';

/*
 * Ranges of points and of group changes on the wire: UTF-8 JSON, so that an operator can read an internal topic with any client.
 */

export { UnreadableRangeError } from './frame.ts';
export { decodeRawRange, encodeRawRange } from './raw-codec.ts';

const encoder = new TextEncoder();

const packPoint = (point: Point): readonly unknown[] => {
  const item = [point.instance, point.offset, point.row, point.key, point.window, point.time, point.amounts];
  return point.refusal === undefined ? item : [...item, point.refusal];
};

/** What the publisher needs of a change; whoever hands over more, such as the states of a group, keeps it. */
const packChange = (change: GroupChange): GroupChange => {
  const { instance, key, window, revision, reason, time, version, status, measures } = change;
  return { instance, key, window, revision, reason, time, version, status, measures };
};

type PointItem = readonly [string, number, number, Point['key'], number | null, number, Point['amounts'], Point['refusal']?];
const unpackPoint = (item: PointItem): Point => {
  const point = { instance: item[0], offset: item[1], row: item[2], key: item[3], window: item[4], time: item[5], amounts: item[6] };
  return item[7] === undefined ? point : { ...point, refusal: item[7] };
};

export const encodePointsRange = (range: PointsRange): Uint8Array =>
  encoder.encode(frameText('points', range, range.items?.map(packPoint)));
export const encodeSummaryRange = (range: SummaryRange): Uint8Array =>
  encoder.encode(frameText('summary', range, range.items?.map(packChange)));

/** @throws UnreadableRangeError */
export const decodePointsRange = (bytes: Uint8Array | null): PointsRange =>
  rangeOf(readFrame('points', bytes), (items) => (items as readonly PointItem[]).map(unpackPoint));
/** @throws UnreadableRangeError */
export const decodeSummaryRange = (bytes: Uint8Array | null): SummaryRange =>
  rangeOf(readFrame('summary', bytes), (items) => items as readonly GroupChange[]);
