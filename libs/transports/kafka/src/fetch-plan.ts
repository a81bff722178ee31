import type { Cursor } from './cursor.ts';

export interface FetchLimits {
  /** Most bytes in one answer of a broker. */
  readonly fetchBytesMax: number;
  /** No more is fetched for a partition above this, and for none above `prefetchBytesMax` altogether. */
  readonly partitionBytesMax: number;
  readonly prefetchBytesMax: number;
}

/** Who is asked for, and how much may come. */
export interface FetchPlan {
  /** In the order in which a broker is to fill its answer. */
  readonly open: readonly Cursor[];
  readonly partitionBytesMax: number;
  /** For the answers of all brokers together. */
  readonly bytesMax: number;
}

/** As large as a batch of Kafka's own producer by default: of less nothing would come, unless it stood first in the request. */
const shareBytesMin = 16_384;

/**
 * What is asked for next, so that all partitions hold no more than `prefetchBytesMax` and one answer, and yet each goes on however full the
 * others are. Half of the bytes is shared equally; the other half is for whoever comes first, so that few partitions with much to read are
 * read in large pieces. When that half is used up, only partitions of which nothing is left are asked for, and no more than their shares.
 * @param cursors - whoever was served longest ago first
 */
export const planFetch = ({ fetchBytesMax, partitionBytesMax, prefetchBytesMax }: FetchLimits, cursors: readonly Cursor[]): FetchPlan => {
  const half = prefetchBytesMax / 2;
  const share = Math.max(shareBytesMin, Math.floor(half / Math.max(1, cursors.length)));
  const placed = cursors.filter((cursor) => cursor.wants() !== null);
  const empty = placed.filter((cursor) => cursor.bytes() === 0);
  const room = half - cursors.reduce((used, cursor) => used + Math.max(0, cursor.bytes() - share), 0);
  const most = Math.min(partitionBytesMax, fetchBytesMax);
  if (room <= 0) return { open: empty, partitionBytesMax: Math.min(most, share), bytesMax: share * empty.length };
  const more = placed.filter((cursor) => cursor.bytes() > 0 && cursor.bytes() < partitionBytesMax);
  return { open: [...empty, ...more], partitionBytesMax: most, bytesMax: share + room };
};
