import { makeBell, type BatchLimits, type Bell, type Clock, type Delivery, type Failure } from '@dsf/ports';
import type { FetchedBatch, FetchedRecords } from './record-batch.ts';

/**
 * How far one partition has been fetched, and what of it has not been read yet. The fetcher fills it, the feed empties it; a seek throws
 * away what is there and what is still under way.
 */
export interface Cursor {
  readonly partition: number;
  readonly bell: Bell;
  /** Where the next fetch begins; null until it is known. */
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

const deliveryBytes = ({ key, headers, body }: Delivery): number => {
  let bytes = (body?.byteLength ?? 0) + (key?.byteLength ?? 0);
  for (const [name, value] of headers) bytes += name.length + value.byteLength;
  return bytes;
};

/** Batches that were fetched and not read yet, in order. */
const makeShelf = () => {
  let waiting: FetchedBatch[] = [];
  /** Decoded, and too large for the read that came upon it. */
  let kept: Delivery | null = null;
  const next = (): Delivery | null => {
    const before = kept;
    kept = null;
    if (before !== null) return before;
    for (let [batch] = waiting; batch !== undefined; [batch] = waiting) {
      const delivery = batch.read();
      if (batch.isOver()) waiting.shift();
      if (delivery !== null) return delivery;
    }
    return null;
  };
  /** A damaged record is told when those before it have been handed out. */
  const nextAfter = (taken: number): Delivery | null => {
    try {
      return next();
    } catch (error) {
      if (taken === 0) throw error;
      return null;
    }
  };
  return {
    isEmpty: () => kept === null && waiting.length === 0,
    bytes: () => waiting.reduce((sum, batch) => sum + batch.bytes(), kept === null ? 0 : deliveryBytes(kept)),
    clear: (): void => {
      [waiting, kept] = [[], null];
    },
    put: (batches: readonly FetchedBatch[]): void => void waiting.push(...batches),
    take: ({ recordsMax, bytesMax }: BatchLimits): readonly Delivery[] => {
      const taken: Delivery[] = [];
      let bytes = 0;
      while (taken.length < recordsMax) {
        const delivery = nextAfter(taken.length);
        if (delivery === null) break;
        bytes += deliveryBytes(delivery);
        if (bytes > bytesMax && taken.length > 0) {
          kept = delivery;
          break;
        }
        taken.push(delivery);
      }
      return taken;
    },
  };
};

export const makeCursor = (partition: number, clock: Clock): Cursor => {
  const bell = makeBell(clock);
  const shelf = makeShelf();
  let next: number | null = null;
  let leaderEpoch: number | null = null;
  let readTo: number | null = null;
  let epoch = 0;
  let [begun, ended] = [0, 0];
  let failure: Failure | null = null;
  let troubledSince: number | null = null;

  /** False for a fetch that was under way when the cursor was moved. */
  const isCurrent = (look: Look): boolean => look.epoch === epoch;
  return {
    partition,
    bell,
    wants: () => next,
    leaderEpoch: () => leaderEpoch,
    readTo: () => readTo,
    passed: () => (shelf.isEmpty() ? next : readTo),
    bytes: () => shelf.bytes(),
    seek: (offset) => {
      epoch += 1;
      [next, leaderEpoch, readTo, failure] = [offset, null, null, null];
      shelf.clear();
      bell.ring();
    },
    began: () => {
      begun += 1;
      return { number: begun, epoch };
    },
    arrived: (look, { batches, ...fetched }) => {
      if (!isCurrent(look)) return;
      ended = Math.max(ended, look.number);
      [failure, troubledSince] = [null, null];
      next = fetched.next ?? next;
      leaderEpoch = fetched.leaderEpoch ?? leaderEpoch;
      shelf.put(batches);
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
