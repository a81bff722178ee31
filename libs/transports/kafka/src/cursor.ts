import { makeBell, type BatchLimits, type Bell, type Clock, type Delivery, type Failure } from '@dsf/ports';

/**
 * How far one partition has been fetched, and what of it has not been read yet. The fetcher fills it, the feed empties it; a seek throws
 * away what is there and what is still under way.
 */
export interface Cursor {
  readonly partition: number;
  readonly bell: Bell;
  /** Where the next fetch begins; null until it is known. */
  wants(): number | null;
  /** Offset after the last message that was handed out; null before the first. */
  readTo(): number | null;
  /** Everything below it was handed out or holds nothing that counts; null before that is known. */
  passed(): number | null;
  bytes(): number;
  seek(offset: number): void;
  /** A fetch begins. @returns what `arrived` and `failed` must be called with */
  began(): Look;
  arrived(look: Look, deliveries: readonly Delivery[], next: number | null): void;
  failed(look: Look, failure: Failure): void;
  /** Messages within the limits, at least one if there is one. */
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

/** What a message takes in memory, about: the port's own objects come on top of its bytes. */
const messageOverheadBytes = 200;

const deliveryBytes = ({ key, headers, body }: Delivery): number =>
  (body?.byteLength ?? 0) + (key?.byteLength ?? 0) + headers.reduce((sum, [name, value]) => sum + name.length + value.byteLength, 0);

/** Messages that were fetched and not read yet, in order. */
const makeShelf = () => {
  let waiting: readonly Delivery[] = [];
  let head = 0;
  let bytes = 0;
  return {
    bytes: () => bytes,
    clear: (): void => {
      [waiting, head, bytes] = [[], 0, 0];
    },
    put: (deliveries: readonly Delivery[]): void => {
      waiting = head < waiting.length ? [...waiting.slice(head), ...deliveries] : deliveries;
      head = 0;
      bytes += deliveries.reduce((sum, delivery) => sum + deliveryBytes(delivery) + messageOverheadBytes, 0);
    },
    take: ({ recordsMax, bytesMax }: BatchLimits): readonly Delivery[] => {
      const from = head;
      let taken = 0;
      for (; head < waiting.length && head - from < recordsMax; head += 1) {
        const delivery = waiting[head];
        if (delivery === undefined) break;
        const size = deliveryBytes(delivery);
        if (head > from && taken + size > bytesMax) break;
        taken += size;
        bytes -= size + messageOverheadBytes;
      }
      const out = waiting.slice(from, head);
      if (head === waiting.length) [waiting, head] = [[], 0];
      return out;
    },
  };
};

export const makeCursor = (partition: number, clock: Clock): Cursor => {
  const bell = makeBell(clock);
  const shelf = makeShelf();
  let next: number | null = null;
  let readTo: number | null = null;
  let epoch = 0;
  let begun = 0;
  let ended = 0;
  let failure: Failure | null = null;
  let troubledSince: number | null = null;

  /** False for a fetch that was under way when the cursor was moved. */
  const isCurrent = (look: Look): boolean => look.epoch === epoch;
  return {
    partition,
    bell,
    wants: () => next,
    readTo: () => readTo,
    passed: () => (shelf.bytes() === 0 ? next : readTo),
    bytes: () => shelf.bytes(),
    seek: (offset) => {
      epoch += 1;
      [next, readTo, failure] = [offset, null, null];
      shelf.clear();
      bell.ring();
    },
    began: () => {
      begun += 1;
      return { number: begun, epoch };
    },
    arrived: (look, deliveries, fetchedTo) => {
      if (!isCurrent(look)) return;
      ended = Math.max(ended, look.number);
      [failure, troubledSince] = [null, null];
      next = fetchedTo ?? next;
      if (deliveries.length > 0) shelf.put(deliveries);
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
