import { groupLane, groupText, type GroupChange, type KeyPart } from '@dsf/messages';
import type { Catalog, DriverInstance } from '@dsf/metadata';
import {
  Failure,
  type FlatFolds,
  type FoldRefusal,
  type GroupRow,
  type PointsPhase,
  type RecordFailure,
  type RowRange,
  type SummarisePhase,
} from '@dsf/ports';
import { horizonOf } from '../horizon.ts';
import type { Lane } from '../lane.ts';
import { pointLane } from '../flatten/points-out.ts';
import type { LaneContext } from '../work.ts';
import { createFlatPages } from './flat-pages.ts';
import { planStatement } from './plan-statement.ts';

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

/** Ranges of the flat rows that a fold of the lane reads: below its positions, and above what it has let go. */
const rangesOf = (lane: Lane, { inputs }: DriverInstance): readonly RowRange[] => {
  const sources = new Set(inputs.map(({ source }) => source));
  return lane
    .positions()
    .filter(({ source }) => sources.has(source))
    .map(({ source, partition, start, next }) => ({
      ...{ source, partition, to: next },
      from: Math.max(start, horizonOf(lane.facts(), 'folds', { source, partition })),
    }))
    .filter(({ from, to }) => from < to);
};

/**
 * The state of a lane's groups as one fold of all flat rows below the lane's positions (law S2): all of an instance by one statement of the
 * database, where it has such and the driver can be said in it, else page by page. Rows below a position change only by a replay, and each replay
 * leaves a request that folds its groups again, so the pages need not be read in one transaction, and the statement sees what they would.
 */
export const fold = async <Plan, PointsPlan>(
  context: LaneContext,
  lane: Lane,
  phases: SummarisePhases<Plan, PointsPlan>,
  request: FoldRequest,
): Promise<Folded> => {
  const ranges = rangesOf(lane, request.instance);
  if (request.groups !== null || context.warehouse.folds === undefined) return foldPages(context, lane, phases, { ...request, ranges });
  const startedAt = context.clock.now();
  const told = { name: 'fold', phase: 'summarise', lane: lane.name, instance: request.instance.instance } as const;
  const answer = await foldByStatement(context, lane, phases, { ...request, ranges, folds: context.warehouse.folds });
  if ('why' in answer) {
    const folded = await foldPages(context, lane, phases, { ...request, ranges });
    context.telemetry.emit({ ...told, by: 'pages', why: answer.why, bytes: 0, ms: context.clock.now() - startedAt });
    return folded;
  }
  const { groups, bytes } = answer;
  context.telemetry.emit({ ...told, by: 'statement', why: null, bytes, ms: context.clock.now() - startedAt });
  return { groups, refusals: [] };
};

type RangedRequest = FoldRequest & { readonly ranges: readonly RowRange[] };

const beatOf =
  ({ giveUp, telemetry, phase }: LaneContext, lane: Lane) =>
  (): void => {
    if (giveUp.aborted) throw new Failure('retry', 'service.stopping', 'the service stops before a fold is complete');
    telemetry.emit({ name: 'beat', phase, lane: lane.name });
  };

const foldByStatement = async <Plan, PointsPlan>(
  context: LaneContext,
  lane: Lane,
  phases: SummarisePhases<Plan, PointsPlan>,
  { catalog, instance, ranges, folds, reason }: RangedRequest & { readonly folds: FlatFolds },
): Promise<{ readonly groups: ReadonlyMap<string, GroupRow>; readonly bytes: number } | FoldRefusal> => {
  const { warehouse, clock, measures } = context;
  const plan = phases.summarise.compile(catalog, measures);
  const asked = planStatement(phases, { plan, instance, schema: await warehouse.schema() });
  if ('why' in asked) return asked;
  const keeps = (key: readonly KeyPart[]): boolean => groupLane(instance.name, key, catalog.settings.lanes) === lane.key.lane;
  try {
    const { groups, unfit, scannedBytes } = await folds.run(asked, ranges, { keeps, beat: beatOf(context, lane) });
    if (unfit > 0) return { why: `rows with values of other types than their columns have: ${unfit}` };
    const at = { revision: lane.seq() + 1, now: clock.now(), version: catalog.version, reason };
    const rows = phases.summarise.settle(plan, instance.instance, { groups, at });
    return 'why' in rows ? rows : { groups: new Map(rows.map((row) => [row.group, row])), bytes: scannedBytes };
  } catch (error) {
    if (error instanceof Failure && error.code === 'warehouse.fold') return { why: error.message };
    throw error;
  }
};

const foldPages = async <Plan, PointsPlan>(
  context: LaneContext,
  lane: Lane,
  phases: SummarisePhases<Plan, PointsPlan>,
  { catalog, instance, groups: wanted, reason, ranges }: RangedRequest,
): Promise<Folded> => {
  const { warehouse, clock, settings } = context;
  const plan = phases.summarise.compile(catalog, context.measures);
  const points = phases.points.compile(catalog, await warehouse.schema());
  const only = new Set([instance.instance]);
  const laneOf = pointLane(catalog);
  const groups = new Map<string, GroupRow>();
  const refusals: RecordFailure[] = [];
  const pages = createFlatPages(context);
  const beat = beatOf(context, lane);

  for (const { source, partition, from: start, to: next } of ranges) {
    const tables = phases.points.tables(points, source);
    for (let from = start; from < next;) {
      beat();
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
