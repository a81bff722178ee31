import type { GroupChange, Header, Point, PointsRange, Range, RawRange, RawRecord, SummaryRange } from './range.ts';

/*
 * Ranges on the wire: UTF-8 JSON with one-letter members, so that an operator can read an internal topic with any client. Bytes that are
 * valid UTF-8 travel as text, others as base64. `v` is the format's version; a reader refuses what it does not know.
 */

const formatVersion = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

type Bytes = string | { readonly b: string } | null;
type RawItem = readonly [
  offset: number,
  time: number,
  append: 0 | 1,
  ingestedAt: number,
  key: Bytes,
  headers: readonly (readonly [string, Bytes])[],
  payload: Bytes,
];
type Frame = {
  v: number;
  k: string;
  s: number;
  p: number;
  f: number;
  t: number;
  c: number;
  w: number | null;
  i: 0 | 1;
  d?: readonly unknown[];
};

/** A message that this reader cannot read: broken, cut off, or of another format. The receiver treats it as lost and refills. */
export class UnreadableRangeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableRangeError';
  }
}

const packBytes = (bytes: Uint8Array | null): Bytes => {
  if (bytes === null) return null;
  try {
    return decoder.decode(bytes);
  } catch {
    return { b: bytes.toBase64() };
  }
};

const unpackBytes = (packed: Bytes): Uint8Array | null =>
  packed === null ? null : typeof packed === 'string' ? encoder.encode(packed) : Uint8Array.fromBase64(packed.b);

const packRaw = (record: RawRecord): RawItem => [
  record.offset,
  record.time,
  record.timeType === 'append' ? 1 : 0,
  record.ingestedAt,
  packBytes(record.key),
  record.headers.map(([name, value]) => [name, packBytes(value)]),
  packBytes(record.payload),
];

const unpackRaw = (item: RawItem, source: number, partition: number): RawRecord => ({
  source,
  partition,
  offset: item[0],
  time: item[1],
  timeType: item[2] === 1 ? 'append' : 'create',
  ingestedAt: item[3],
  key: unpackBytes(item[4]),
  headers: item[5].map(([name, value]): Header => [name, unpackBytes(value) ?? new Uint8Array()]),
  payload: unpackBytes(item[6]),
});

const packPoint = (point: Point): readonly unknown[] => {
  const item = [point.instance, point.offset, point.row, point.key, point.window, point.time, point.amounts];
  return point.refusal === undefined ? item : [...item, point.refusal];
};

type PointItem = readonly [string, number, number, Point['key'], number | null, number, Point['amounts'], Point['refusal']?];
const unpackPoint = (item: PointItem): Point => {
  const point = { instance: item[0], offset: item[1], row: item[2], key: item[3], window: item[4], time: item[5], amounts: item[6] };
  return item[7] === undefined ? point : { ...point, refusal: item[7] };
};

const encode = <Item>(kind: string, range: Range<Item>, pack: (item: Item) => unknown): Uint8Array => {
  const { source, partition, from, to, version, time, idle, items } = range;
  const frame: Frame = { v: formatVersion, k: kind, s: source, p: partition, f: from, t: to, c: version, w: time, i: idle ? 1 : 0 };
  return encoder.encode(JSON.stringify(items === undefined ? frame : { ...frame, d: items.map(pack) }));
};

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const readFrame = (kind: string, bytes: Uint8Array | null): Frame => {
  let frame: Partial<Frame> | null;
  try {
    frame = JSON.parse(decoder.decode(bytes ?? new Uint8Array())) as Partial<Frame> | null;
  } catch (error) {
    throw new UnreadableRangeError(`not a range: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof frame !== 'object' || frame === null) throw new UnreadableRangeError('not a range: not an object');
  if (frame.v !== formatVersion || frame.k !== kind) {
    throw new UnreadableRangeError(`a range of kind ${String(frame.k)} in format ${String(frame.v)}, expected ${kind} in ${formatVersion}`);
  }
  if (![frame.s, frame.p, frame.f, frame.t, frame.c].every(isCount)) throw new UnreadableRangeError('a range without numbers');
  return frame as Frame;
};

const decode = <Item>(kind: string, bytes: Uint8Array | null, unpack: (item: never, frame: Frame) => Item): Range<Item> => {
  const frame = readFrame(kind, bytes);
  const range = { source: frame.s, partition: frame.p, from: frame.f, to: frame.t, version: frame.c, time: frame.w, idle: frame.i === 1 };
  if (frame.d === undefined) return range;
  try {
    return { ...range, items: frame.d.map((item) => unpack(item as never, frame)) };
  } catch {
    // The frame is sound, the body is not: without it the receiver refills from rows (delivery rule 3).
    return range;
  }
};

export const encodeRawRange = (range: RawRange): Uint8Array => encode('raw', range, packRaw);
export const encodePointsRange = (range: PointsRange): Uint8Array => encode('points', range, packPoint);
export const encodeSummaryRange = (range: SummaryRange): Uint8Array => encode('summary', range, (change) => change);

/** @throws UnreadableRangeError */
export const decodeRawRange = (bytes: Uint8Array | null): RawRange =>
  decode('raw', bytes, (item: RawItem, frame) => unpackRaw(item, frame.s, frame.p));
/** @throws UnreadableRangeError */
export const decodePointsRange = (bytes: Uint8Array | null): PointsRange => decode('points', bytes, unpackPoint);
/** @throws UnreadableRangeError */
export const decodeSummaryRange = (bytes: Uint8Array | null): SummaryRange => decode('summary', bytes, (item: GroupChange) => item);
