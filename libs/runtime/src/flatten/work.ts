import { rawLane } from '@dsf/messages';
import { pointsHop, rawHop } from '../hops.ts';
import { join } from '../join.ts';
import { openLane } from '../lane.ts';
import { sendByTopic, sendRanges } from '../outbox.ts';
import { decodeRanges, newestVersion, positionsFor } from '../receive.ts';
import type { LaneContext, LaneWork } from '../work.ts';
import { createFlattener, type FlattenPhases } from './flattener.ts';
import { createPointsOut } from './points-out.ts';
import { ingestLaneOf } from './records-in.ts';
import { carryOutPurges } from './purge.ts';
import { replay } from './replay.ts';
import { createRetention } from './retention.ts';
import { retiredEnds } from './retired-ends.ts';
import { createFlattenStep } from './step.ts';

/** Flatten of one lane of dsf.raw: raw records into root and child rows, and the points of those rows to the points lanes. */
export const createFlattenWork = <Plan, PointsPlan>(
  context: LaneContext,
  phases: FlattenPhases<Plan, PointsPlan>,
  laneNumber: number,
): LaneWork => {
  const { warehouse, catalogs } = context;
  const lane = openLane(warehouse, { phase: 'flatten', source: 0, lane: laneNumber });
  const flattener = createFlattener(context, phases.flatten);
  const out = createPointsOut();
  const room = { lane, phases, flattener, out };
  const step = createFlattenStep(context, room);
  const retain = createRetention(context, lane);

  const sendHeld = async (): Promise<void> => {
    await sendRanges({ ...context, lane: lane.name }, pointsHop, out.takeAll());
  };

  const announce = async (): Promise<void> => {
    const catalog = await catalogs.current();
    // To ourselves: nobody would read it while we wait for room.
    await sendByTopic({ ...context, lane: lane.name }, rawHop, await retiredEnds(context, lane, catalog));
    await sendHeld();
    for (const { source, partition, next, time, idle } of lane.positions()) {
      out.add({ source, partition, from: next, to: next, version: catalog.version, time, idle }, [], catalog);
    }
    await sendHeld();
  };

  return {
    lane,
    announce,
    pause: sendHeld,
    goOn: async (feed, start) => feed.seek(start),
    claimed: announce,
    async chores() {
      await replay(context, room);
      const catalog = await catalogs.current();
      await retain(catalog);
      await carryOutPurges(context, lane, catalog);
    },
    async handle(deliveries, attemptBy) {
      const all = decodeRanges(context, lane, deliveries, rawHop);
      const catalog = await catalogs.atLeast(newestVersion(all));
      // After a resize, what was sent before it lies in other lanes' partitions; its own lane misses it, and refills.
      const ranges = all.filter((range) => rawLane(range, catalog.settings.lanes) === laneNumber);
      const before = await positionsFor(context, lane, ranges, ingestLaneOf);
      const attempt = attemptBy(catalog.version);
      let { refuse } = attempt;
      for (let first = true; ; first = false) {
        const { pieces, duplicates } = join(ranges, (at) => before(at).next, attempt.recordsMax);
        if (pieces.length === 0) return;
        await step({
          catalog,
          pieces: refuse === null ? pieces : pieces.slice(0, 1),
          duplicates: first ? duplicates : new Map(),
          before,
          attempt: { ...attempt, refuse },
        });
        refuse = null;
      }
    },
  };
};
