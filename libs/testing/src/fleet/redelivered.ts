import { decodePointsRange, decodeRawRange, decodeSummaryRange, type Range } from '@dsf/messages';
import type { LaneKey, Transport, Warehouse } from '@dsf/ports';

/** A range that its reader has committed already, and would be given once more. */
export interface Redelivered {
  readonly phase: LaneKey['phase'];
  readonly lane: number;
  readonly source: number;
  readonly partition: number;
  readonly to: number;
  /** Where the reader stands. */
  readonly committed: number;
}

export interface InternalHop {
  readonly topic: string;
  readonly group: string;
}

const decoders: Readonly<Record<'flatten' | 'summarise' | 'publish', (body: Uint8Array | null) => Range<unknown>>> = {
  flatten: decodeRawRange,
  summarise: decodePointsRange,
  publish: decodeSummaryRange,
};

/** What waits for the group in each partition. Nothing of it is acknowledged. */
const waiting = async (
  internal: Transport,
  { topic, group }: InternalHop,
): Promise<readonly (readonly [lane: number, body: Uint8Array | null])[]> => {
  const partitions = await internal.partitionCount(topic);
  const subscription = await internal.subscribe(topic, group, partitions);
  const stop = new AbortController();
  const found: (readonly [number, Uint8Array | null])[] = [];
  let seen = 0;
  for await (const feed of subscription.feeds(stop.signal)) {
    for (;;) {
      const some = await feed.read({ recordsMax: 1000, bytesMax: 1e8, waitMs: 100 }, stop.signal);
      if (some.length === 0) break;
      found.push(...some.map(({ body }) => [feed.partition, body] as const));
    }
    seen += 1;
    if (seen === partitions) stop.abort();
  }
  await subscription.close();
  return found;
};

/**
 * What services that start now would be given though it is committed. Positions drop it without a trace in the tables, so it is looked for here:
 * services that finish what they began, and acknowledge it, leave none. To be called while none of them runs.
 */
export const readRedelivered = async (
  { internal, warehouse }: { readonly internal: Transport; readonly warehouse: Warehouse },
  hops: Readonly<Record<keyof typeof decoders, InternalHop>>,
): Promise<readonly Redelivered[]> => {
  const all: Redelivered[] = [];
  for (const phase of ['flatten', 'summarise', 'publish'] as const)
    for (const [lane, body] of await waiting(internal, hops[phase])) {
      const range = decoders[phase](body);
      const { positions } = await warehouse.loadLane({ phase, source: 0, lane });
      // A publication's position counts revisions, as the range does; the slowest decides whether the range is still needed.
      const its = positions.filter(({ source, partition }) =>
        phase === 'publish' ? partition === lane : source === range.source && partition === range.partition,
      );
      const committed = Math.min(...its.map(({ next }) => next));
      const { source, partition, from, to } = range;
      if (from < to && its.length > 0 && to <= committed) all.push({ phase, lane, source, partition, to, committed });
    }
  return all;
};
