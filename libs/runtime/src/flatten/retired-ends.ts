import { rawLane, type RawRecord } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { Lane } from '../lane.ts';
import type { OutgoingRange } from '../hops.ts';
import type { LaneContext } from '../work.ts';

/**
 * Where the ingestors of removed sources stood in the end, in every partition that they had begun: its topic may have had more than the
 * definition says. Nobody else says it any more, so a last range that was lost would never be missed: the flattener says it to itself.
 */
export const retiredEnds = async (
  { warehouse }: LaneContext,
  { key }: Lane,
  { sources, settings }: Catalog,
): Promise<readonly OutgoingRange<RawRecord>[]> => {
  const ends: OutgoingRange<RawRecord>[] = [];
  for (const { id, retired } of sources) {
    if (!retired) continue;
    for (const { source, partition, next, version, time } of await warehouse.committed.readEnds(id))
      if (rawLane({ source, partition }, settings.lanes) === key.lane)
        ends.push({ lane: key.lane, range: { source, partition, from: next, to: next, version, time, idle: true, items: [] } });
  }
  return ends;
};
