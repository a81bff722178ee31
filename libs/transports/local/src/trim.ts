import type { Statements } from './statements.ts';
import type { Place } from './news.ts';

/** Deleting is done in steps of this size, each a transaction, so that nobody waits long for the file. */
const stepChunksMax = 1024;
const stepBytesMax = 64 * 1024 * 1024;

export interface TrimLimit {
  /** Messages below this offset go. */
  readonly before: number;
  /** Only messages appended before this time (UTC ms). */
  readonly olderThan: number;
}

/**
 * Deletes the oldest messages of a partition, one step of it; inside a transaction. The partition's next offset stays.
 * @returns true when there is more to delete
 */
export const trimStep = (statements: Statements, { topic, part }: Place, { before, olderThan }: TrimLimit): boolean => {
  const { start, next } = statements.head(topic, part);
  const limit = Math.min(before, next);
  if (limit <= start) return false;
  const chunks = statements.chunksBelow(topic, part, { before: limit, max: stepChunksMax });
  let bytes = 0;
  let last = -1;
  let taken = 0;
  for (const chunk of chunks) {
    if (chunk.time >= olderThan || bytes > stepBytesMax) break;
    bytes += chunk.bytes;
    last = chunk.last;
    taken += 1;
  }
  if (taken > 0) statements.deleteChunks(topic, part, last);
  if (taken < chunks.length || chunks.length === stepChunksMax) {
    statements.moveStart(topic, part, last + 1);
    return taken > 0;
  }
  // The limit may lie inside a chunk: its messages below are hidden until the rest of it goes.
  const inside = statements.spanAt(topic, part, limit);
  const hides = inside !== undefined && inside.base < limit && inside.time < olderThan;
  statements.moveStart(topic, part, inside === undefined || inside.base >= limit || hides ? limit : inside.base);
  return false;
};
