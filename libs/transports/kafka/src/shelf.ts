import type { BatchLimits, Delivery } from '@dsf/ports';
import type { FetchedRecords } from './decode-batches.ts';

/** Batches of one partition that were fetched and not read yet, in order. */
export interface Shelf {
  isEmpty(): boolean;
  /** Memory that what is there takes; an answer that it holds in memory is at most eight times as large, but for small ones. */
  bytes(): number;
  clear(): void;
  put(fetched: Pick<FetchedRecords, 'batches' | 'memory'>): void;
  /** As of `Cursor`. */
  take(limits: BatchLimits): readonly Delivery[];
}

const deliveryBytes = ({ key, headers, body }: Delivery): number => {
  let bytes = (body?.byteLength ?? 0) + (key?.byteLength ?? 0);
  for (const [name, value] of headers) bytes += name.length + value.byteLength;
  return bytes;
};

/** What is less than this part of the answer that it came in is copied, so that the answer can go. */
const answerPart = 8;
/** Less than that is not worth it. */
const spareBytesMin = 65_536;

/** What one answer brought. */
const makePart = ({ batches, memory }: Pick<FetchedRecords, 'batches' | 'memory'>) => {
  const waiting = [...batches];
  /** Of those behind the first: it alone changes, while it is read. */
  let rest = waiting.reduce((sum, batch) => sum + batch.bytes(), 0) - (waiting[0]?.bytes() ?? 0);
  let held = memory;
  const bytes = (): number => rest + (waiting[0]?.bytes() ?? 0);
  return {
    bytes,
    isOver: () => waiting.length === 0,
    read: (): Delivery | null => {
      for (let [batch] = waiting; batch !== undefined; [batch] = waiting) {
        const delivery = batch.read();
        if (batch.isOver()) {
          waiting.shift();
          rest -= waiting[0]?.bytes() ?? 0;
        }
        if (delivery !== null) return delivery;
      }
      return null;
    },
    letAnswerGo: (): void => {
      const left = bytes();
      if (left === 0 || held - left < spareBytesMin || left * answerPart > held) return;
      for (const batch of waiting) batch.keep();
      held = left;
    },
  };
};

export const makeShelf = (): Shelf => {
  let parts: ReturnType<typeof makePart>[] = [];
  /** Decoded, and too large for the read that came upon it. */
  let kept: Delivery | null = null;
  const next = (): Delivery | null => {
    const before = kept;
    kept = null;
    if (before !== null) return before;
    for (let [part] = parts; part !== undefined; [part] = parts) {
      const delivery = part.read();
      if (part.isOver()) parts.shift();
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
    isEmpty: () => kept === null && parts.length === 0,
    bytes: () => parts.reduce((sum, part) => sum + part.bytes(), kept === null ? 0 : deliveryBytes(kept)),
    clear: () => {
      [parts, kept] = [[], null];
    },
    put: (fetched) => {
      const part = makePart(fetched);
      if (part.isOver()) return;
      part.letAnswerGo();
      parts.push(part);
    },
    take: ({ recordsMax, bytesMax }) => {
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
      parts[0]?.letAnswerGo();
      return taken;
    },
  };
};
