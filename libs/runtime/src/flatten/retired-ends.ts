import { rawLane, type RawRecord } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { Lane } from '../lane.ts';
import type { OutgoingRange } from '../hops.ts';
import type { LaneContext } from '../work.ts';
import { ingestLaneOf } from './records-in.ts';

/**
 * Where the ingestors of removed sources stood in the end. Nobody else says it any more, so a last range that was lost would never be missed:
 * the flattener says it to itself.
 */
export const retiredEnds = async (
  { warehouse }: LaneContext,
  { key }: Lane,
  { sources, settings }: Catalog,
): Promise<readonly OutgoingRange<RawRecord>[]> => {
  const ends: OutgoingRange<RawRecord>[] = [];
  for (const { id, retired, definition } of sources) {
    for (let partition = 0; retired && partition < definition.partitions; partition += 1) {
      const at = { source: id, partition };
      if (rawLane(at, settings.lanes) !== key.lane) continue;
      const { positions } = await warehouse.loadLane(ingestLaneOf(at));
      for (const { next, version, time } of positions)
        ends.push({ lane: key.lane, range: { ...at, from: next, to: next, version, time, idle: true, items: [] } });
    }
  }
  return ends;
};
