import { groupText, type GroupChange } from '@dsf/messages';
import type { Catalog, DriverInstance } from '@dsf/metadata';
import { Failure, type GroupRow, type PointsPhase, type RecordFailure, type SummarisePhase } from '@dsf/ports';
import { horizonOf } from '../horizon.ts';
import type { Lane } from '../lane.ts';
import { pointLane } from '../flatten/points-out.ts';
import type { LaneContext } from '../work.ts';
import { createFlatPages } from './flat-pages.ts';

/** The two pure phases that summarise runs: points from rows, when it has to read them itself, and states from points. */
export interface SummarisePhases<Plan, PointsPlan> {
  readonly points: PointsPhase<PointsPlan>;
  readonly summarise: SummarisePhase<Plan>;
}

export interface FoldRequest {
  readonly catalog: Catalog;
  readonly instance: DriverInstance;
  /** Only these groups; null = all of the lane. */
  readonly groups: ReadonlySet<string> | null;
  readonly reason: GroupChange['reason'];
}

export interface Folded {
  readonly groups: ReadonlyMap<string, GroupRow>;
  readonly refusals: readonly RecordFailure[];
}

/**
 * The state of a lane's groups as one fold of all flat rows below the lane's positions (law S2). Rows below a position change only by a replay,
 * and each replay leaves a request that folds its groups again, so the pages need not be read in one transaction.
 */
export const fold = async <Plan, PointsPlan>(
  context: LaneContext,
  lane: Lane,
  phases: SummarisePhases<Plan, PointsPlan>,
  request: FoldRequest,
): Promise<Folded> => {
  const { warehouse, clock, settings } = context;
  const { catalog, instance, groups: wanted, reason } = request;
  const plan = phases.summarise.compile(catalog, context.measures);
  const points = phases.points.compile(catalog, await warehouse.schema());
  const only = new Set([instance.instance]);
  const laneOf = pointLane(catalog);
  const sources = new Set(instance.inputs.map(({ source }) => source));
  const groups = new Map<string, GroupRow>();
  const refusals: RecordFailure[] = [];
  const pages = createFlatPages(context);

  for (const { source, partition, start, next } of lane.positions()) {
    if (!sources.has(source)) continue;
    const tables = phases.points.tables(points, source);
    for (let from = Math.max(start, horizonOf(lane.facts(), 'folds', { source, partition })); from < next;) {
      if (context.giveUp.aborted) throw new Failure('retry', 'service.stopping', 'the service stops before a fold is complete');
      context.telemetry.emit({ name: 'beat', phase: context.phase, lane: lane.name });
      const page = await pages.read({ source, partition, from, to: next }, tables, settings.recordsMax);
      const ours = phases.points
        .apply(points, page.rows, only)
        .filter((point) => laneOf(point) === lane.key.lane && (wanted === null || wanted.has(groupText(point.key, point.window))));
      const effects = phases.summarise.apply(plan, {
        points: [{ source, partition, points: ours }],
        current: new Map([[instance.instance, groups]]),
        revision: lane.seq() + 1,
        now: clock.now(),
        version: catalog.version,
        reason,
      });
      for (const row of effects.changed.get(instance.instance) ?? []) groups.set(row.group, row);
      refusals.push(...effects.refusals);
      from = page.next;
    }
  }
  return { groups, refusals };
};
