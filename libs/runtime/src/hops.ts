import {
  decodePointsRange,
  decodeRawRange,
  decodeSummaryRange,
  encodePointsRange,
  encodeRawRange,
  encodeSummaryRange,
  type GroupChange,
  type Point,
  type Range,
  type RawRecord,
} from '@dsf/messages';

/** The internal topics; each has as many partitions as there are lanes. */
export const topics = { raw: 'dsf.raw', points: 'dsf.points', summary: 'dsf.summary' } as const;

/** Who reads each of them: its one group. */
export const readers = { raw: 'dsf.flatten', points: 'dsf.summarise', summary: 'dsf.publish' } as const;

/** The way from one phase to the next: an internal topic, and how ranges are written there. */
export interface Hop<Item> {
  readonly topic: string;
  /** Its items are rows as they stand, so that a receiver who has the rows at hand needs no items. */
  readonly hasRows: boolean;
  readonly encode: (range: Range<Item>) => Uint8Array;
  /** @throws UnreadableRangeError */
  readonly decode: (body: Uint8Array | null) => Range<Item>;
}

/** A range on its way to one lane. */
export interface OutgoingRange<Item> {
  readonly lane: number;
  readonly range: Range<Item>;
}

export const rawHop: Hop<RawRecord> = { topic: topics.raw, hasRows: true, encode: encodeRawRange, decode: decodeRawRange };
export const pointsHop: Hop<Point> = { topic: topics.points, hasRows: false, encode: encodePointsRange, decode: decodePointsRange };
export const summaryHop: Hop<GroupChange> = {
  topic: topics.summary,
  hasRows: false,
  encode: encodeSummaryRange,
  decode: decodeSummaryRange,
};
