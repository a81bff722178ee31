import type { Catalog } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import { pointsHop } from '../hops.ts';
import { join } from '../join.ts';
import { openLane } from '../lane.ts';
import { decodeRanges, newestVersion, positionsFor } from '../receive.ts';
import type { LaneContext, LaneWork } from '../work.ts';
import { adoptInstances, carryOutRequests } from './chores.ts';
import type { SummarisePhases } from './fold.ts';
import { createGroupStore } from './group-store.ts';
import { flattenLaneOf } from './points-in.ts';
import { isOvertaken } from '../overtaken.ts';
import { createSummariseStep } from './step.ts';
import { createSummaryOut } from './summary-out.ts';

/**
 * Summarise of one lane of dsf.points: points into the states of groups, and each changed group, complete, to dsf.summary.
 * @param at - which lane, and of how many: they share what may be kept in memory
 */
export const createSummariseWork = <Plan, PointsPlan>(
  context: LaneContext,
  phases: SummarisePhases<Plan, PointsPlan>,
  at: { readonly lane: number; readonly lanes: number },
): LaneWork => {
  const { warehouse, catalogs, settings } = context;
  const lane = openLane(warehouse, { phase: 'summarise', source: 0, lane: at.lane });
  const groups = createGroupStore(warehouse, lane, Math.ceil(settings.groupsCachedMax / at.lanes));
  const out = createSummaryOut(context, lane);
  const room = { lane, phases, groups, out };
  const step = createSummariseStep(context, room);
  let adopted = '';

  const enter = (): void => {
    groups.enter();
    out.enter();
  };

  /** A catalog version that the lane has not looked at, or memory that is new: adopt the version's drivers before the next batch. */
  const adopt = async (catalog: Catalog): Promise<void> => {
    enter();
    const marker = `${lane.epoch()}:${catalog.version}`;
    if (adopted === marker) return;
    try {
      await adoptInstances(context, room, catalog);
    } catch (error) {
      // The next attempt is not to go by the same version again.
      if (isOvertaken(error) || (error instanceof Failure && error.code === 'catalog.behind')) await catalogs.newest();
      throw error;
    }
    adopted = marker;
  };

  const announce = async (): Promise<void> => {
    enter();
    await out.tell(await catalogs.current(), []);
  };

  return {
    lane,
    announce,
    claimed: announce,
    pause: async () => undefined,
    goOn: async (feed, start) => feed.seek(start),
    async chores() {
      const catalog = await catalogs.current();
      await adopt(catalog);
      await carryOutRequests(context, room, catalog);
    },
    async handle(deliveries, attemptBy) {
      const ranges = decodeRanges(context, lane, deliveries, pointsHop);
      const catalog = await catalogs.atLeast(newestVersion(ranges));
      await adopt(catalog);
      const before = await positionsFor(context, lane, ranges, flattenLaneOf(catalog.settings.lanes));
      const attempt = attemptBy(catalog.version);
      let { refuse } = attempt;
      for (;;) {
        const { pieces } = join(ranges, (at) => before(at).next, attempt.recordsMax);
        if (pieces.length === 0) return;
        await step({ catalog, pieces: refuse === null ? pieces : pieces.slice(0, 1), before, attempt: { ...attempt, refuse } });
        refuse = null;
      }
    },
  };
};
