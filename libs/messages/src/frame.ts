import type { Range } from './range.ts';

/*
 * What every range on the wire begins with: UTF-8 JSON with one-letter members. `v` is the format's version by kind; a reader refuses what
 * it does not know.
 */

const formats = { raw: 2, points: 2, summary: 1 } as const;
export type Kind = keyof typeof formats;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Frame {
  readonly v: number;
  readonly k: string;
  /** source, partition, from, to, catalog version, watermark, idle */
  readonly s: number;
  readonly p: number;
  readonly f: number;
  readonly t: number;
  readonly c: number;
  readonly w: number | null;
  readonly i: 0 | 1;
  /** The items are to be read from the rows. */
  readonly r?: 1;
  /** The items; absent when the range has no body. */
  readonly d?: readonly unknown[];
}

/** A message that this reader cannot read: broken, cut off, or of another format. The receiver treats it as lost and refills. */
export class UnreadableRangeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableRangeError';
  }
}

/** @param items - as they stand in the frame; undefined when the range has no body */
export const frameText = (kind: Kind, range: Range<unknown>, items: readonly unknown[] | undefined): string => {
  const { source, partition, from, to, version, time, idle, inRows } = range;
  const place = { v: formats[kind], k: kind, s: source, p: partition, f: from, t: to, c: version, w: time, i: idle ? 1 : 0 } as const;
  const frame: Frame = inRows === undefined ? place : { ...place, r: 1 };
  return JSON.stringify(items === undefined ? frame : { ...frame, d: items });
};

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** @throws UnreadableRangeError */
export const readFrame = (kind: Kind, bytes: Uint8Array | null): Frame => {
  let frame: Partial<Frame> | null;
  try {
    frame = JSON.parse(decoder.decode(bytes ?? new Uint8Array())) as Partial<Frame> | null;
  } catch (error) {
    throw new UnreadableRangeError(`not a range: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof frame !== 'object' || frame === null) throw new UnreadableRangeError('not a range: not an object');
  if (frame.v !== formats[kind] || frame.k !== kind) {
    throw new UnreadableRangeError(`a range of kind ${String(frame.k)} in format ${String(frame.v)}, expected ${kind} in ${formats[kind]}`);
  }
  if (![frame.s, frame.p, frame.f, frame.t, frame.c].every(isCount)) throw new UnreadableRangeError('a range without numbers');
  return frame as Frame;
};

/** The range of a frame with its items. A body that cannot be read is left out: then the receiver refills from rows (delivery rule 3). */
export const rangeOf = <Item>(frame: Frame, unpack: (items: readonly unknown[]) => readonly Item[]): Range<Item> => {
  const range = { source: frame.s, partition: frame.p, from: frame.f, to: frame.t, version: frame.c, time: frame.w, idle: frame.i === 1 };
  if (frame.d === undefined) return frame.r === 1 ? { ...range, inRows: true } : range;
  try {
    return { ...range, items: unpack(frame.d) };
  } catch {
    return range;
  }
};
