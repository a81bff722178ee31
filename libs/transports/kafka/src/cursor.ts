import { makeBell, type BatchLimits, type Bell, type Clock, type Delivery, type Failure } from '@dsf/ports';
import type { FetchedRecords } from './decode-batches.ts';
import { makeShelf } from './shelf.ts';

/**
 * How far one partition has been fetched, and what of it has not been read yet. The fetcher fills it, the feed empties it; a seek throws
 * away what is there and what is still under way.
 */
export interface Cursor {
  readonly partition: number;
  readonly bell: Bell;
  /** Where the next fetch begins; null until it is known, and behind what cannot be read. */
  wants(): number | null;
  /** Of the last batch that was fetched, as `FetchedRecords` has it; null before the first. */
  leaderEpoch(): number | null;
  /** Offset after the last message that was handed out; null before the first. */
  readTo(): number | null;
  /** Everything below it was handed out or holds nothing that counts; null before that is known. */
  passed(): number | null;
  bytes(): number;
  seek(offset: number): void;
  /** A fetch begins. @returns what `arrived` and `failed` must be called with */
  began(): Look;
  arrived(look: Look, fetched: FetchedRecords): void;
  failed(look: Look, failure: Failure): void;
  /** Messages within the limits, at least one if there is one. @throws Failure `fatal` `transport.unreadable` */
  take(limits: BatchLimits): readonly Delivery[];
  /** The failure of the last fetch, once. */
  takeFailure(): Failure | null;
  /** Number of the newest fetch that has begun, and of the newest that has ended. */
  looks(): { readonly begun: number; readonly ended: number };
}

/** One fetch, as the cursor stood. */
export interface Look {
  readonly number: number;
  readonly epoch: number;
}

/** A leader that moves is none of the reader's business; what lasts longer is. */
const graceMs = 1000;

export const makeCursor = (partition: number, clock: Clock): Cursor => {
  const bell = makeBell(clock);
  const shelf = makeShelf();
  let [next, leaderEpoch, readTo]: readonly [number | null, number | null, number | null] = [null, null, null];
  let [epoch, begun, ended] = [0, 0, 0];
  let failure: Failure | null = null;
  /** What stands behind everything on the shelf cannot be read. */
  let unreadable: Failure | null = null;
  let troubledSince: number | null = null;

  /** False for a fetch that was under way when the cursor was moved. */
  const isCurrent = (look: Look): boolean => look.epoch === epoch;
  return {
    partition,
    bell,
    wants: () => (unreadable === null ? next : null),
    leaderEpoch: () => leaderEpoch,
    readTo: () => readTo,
    passed: () => (shelf.isEmpty() ? next : readTo),
    bytes: () => shelf.bytes(),
    seek: (offset) => {
      epoch += 1;
      [next, leaderEpoch, readTo, failure, unreadable] = [offset, null, null, null, null];
      shelf.clear();
      bell.ring();
    },
    began: () => {
      begun += 1;
      return { number: begun, epoch };
    },
    arrived: (look, fetched) => {
      if (!isCurrent(look)) return;
      ended = Math.max(ended, look.number);
      [failure, troubledSince] = [null, null];
      next = fetched.next ?? next;
      leaderEpoch = fetched.leaderEpoch ?? leaderEpoch;
      ({ unreadable } = fetched);
      shelf.put(fetched);
      bell.ring();
    },
    failed: (look, reason) => {
      if (!isCurrent(look)) return;
      troubledSince ??= clock.now();
      if (reason.kind === 'retry' && clock.now() - troubledSince < graceMs) return;
      ended = Math.max(ended, look.number);
      failure = reason;
      bell.ring();
    },
    take: (limits) => {
      const taken = shelf.take(limits);
      const last = taken.at(-1);
      if (last !== undefined) readTo = last.offset + 1;
      else if (unreadable !== null) throw unreadable;
      return taken;
    },
    takeFailure: () => {
      const taken = failure;
      failure = null;
      return taken;
    },
    looks: () => ({ begun, ended }),
  };
};
