import { frameText, rangeOf, readFrame, type Frame } from './frame.ts';
import type { Header, RawRange, RawRecord } from './range.ts';

/*
 * A raw range is a line of JSON, and then a line per record: its key, header values and payload, bytes as they were received, whose sizes
 * stand in the first line. So an operator can read it with any client, and nothing is escaped, copied into text or parsed on the way.
 */

const encoder = new TextEncoder();
const lineEnd = 0x0a;

/** Sizes in bytes; null where there is no key or payload. */
type RawItem = readonly [
  offset: number,
  time: number,
  append: 0 | 1,
  ingestedAt: number,
  key: number | null,
  headers: readonly (readonly [name: string, size: number])[],
  payload: number | null,
];

const packRaw = ({ offset, time, timeType, ingestedAt, key, headers, payload }: RawRecord): RawItem => [
  offset,
  time,
  timeType === 'append' ? 1 : 0,
  ingestedAt,
  key === null ? null : key.byteLength,
  headers.map(([name, value]) => [name, value.byteLength]),
  payload === null ? null : payload.byteLength,
];

/** The bytes of a record in the order in which they travel. */
const partsOf = function* ({ key, headers, payload }: RawRecord): Generator<Uint8Array> {
  if (key !== null) yield key;
  for (const [, value] of headers) yield value;
  if (payload !== null) yield payload;
};

const bytesOf = (record: RawRecord): number => {
  let bytes = 1;
  for (const part of partsOf(record)) bytes += part.byteLength;
  return bytes;
};

export const encodeRawRange = (range: RawRange): Uint8Array => {
  const { items } = range;
  const head = encoder.encode(frameText('raw', range, items?.map(packRaw)));
  if (items === undefined || items.length === 0) return head;
  const message = new Uint8Array(items.reduce((sum, record) => sum + bytesOf(record), head.byteLength + 1));
  message.set(head);
  let at = head.byteLength;
  message[at] = lineEnd;
  for (const record of items) {
    at += 1;
    for (const part of partsOf(record)) {
      message.set(part, at);
      at += part.byteLength;
    }
    message[at] = lineEnd;
  }
  return message;
};

/** Takes the next bytes of the body, as views of it. */
const createTaker = (bytes: Uint8Array, from: number) => {
  let at = from;
  return {
    take: (size: number): Uint8Array => {
      const part = bytes.subarray(at, at + size);
      if (!(size >= 0) || part.byteLength !== size) throw new RangeError('the body is shorter than its sizes say');
      at += size;
      return part;
    },
    endLine: (): void => {
      if (bytes[at] !== lineEnd) throw new RangeError('a record does not end where its sizes say');
      at += 1;
    },
    isAtEnd: (): boolean => at === bytes.byteLength,
  };
};

const unpackRaw = (frame: Frame, items: readonly RawItem[], body: ReturnType<typeof createTaker>): readonly RawRecord[] => {
  const records = items.map((item): RawRecord => {
    const record = {
      source: frame.s,
      partition: frame.p,
      offset: item[0],
      time: item[1],
      timeType: item[2] === 1 ? ('append' as const) : ('create' as const),
      ingestedAt: item[3],
      key: item[4] === null ? null : body.take(item[4]),
      headers: item[5].map(([name, size]): Header => [name, body.take(size)]),
      payload: item[6] === null ? null : body.take(item[6]),
    };
    body.endLine();
    return record;
  });
  if (records.length > 0 && !body.isAtEnd()) throw new RangeError('the body is longer than its sizes say');
  return records;
};

/** Keys, header values and payloads are views of `bytes`. @throws UnreadableRangeError */
export const decodeRawRange = (bytes: Uint8Array | null): RawRange => {
  // JSON has its line ends escaped, so the first one ends it.
  const end = bytes === null ? -1 : bytes.indexOf(lineEnd);
  const frame = readFrame('raw', bytes === null || end === -1 ? bytes : bytes.subarray(0, end));
  const body = createTaker(bytes ?? new Uint8Array(), end + 1);
  return rangeOf(frame, (items) => unpackRaw(frame, items as readonly RawItem[], body));
};
