import type { Point, SourcePartition } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { Counters, Position, SummariseEffects } from '@dsf/ports';
import type { Piece } from '../join.ts';
import { addCounts, type Lane } from '../lane.ts';
import { compileOnce } from '../plan-cache.ts';
import { reportRefusals } from '../report-refusals.ts';
import { startStages } from '../stages.ts';
import type { Attempt, LaneContext } from '../work.ts';
import type { SummarisePhases } from './fold.ts';
import { refuseLate } from './frozen.ts';
import type { GroupStore } from './group-store.ts';
import { createPointsIn, type PointsPiece } from './points-in.ts';
import type { SummaryOut } from './summary-out.ts';

/** One walk over a batch: the pieces to take now, and where the lane stands. */
export interface Walk {
  readonly catalog: Catalog;
  readonly pieces: readonly Piece<Point>[];
  readonly before: (at: SourcePartition) => Position;
  readonly attempt: Attempt;
}

export interface SummariseRoom<Plan, PointsPlan> {
  readonly lane: Lane;
  readonly phases: SummarisePhases<Plan, PointsPlan>;
  readonly groups: GroupStore;
  readonly out: SummaryOut;
}

/** The points of each piece, those that are to be refused with the reason. */
const pointsOf = async (context: LaneContext, lane: Lane, { catalog, attempt }: Walk, taken: readonly PointsPiece[]) => {
  const { refuse } = attempt;
  const { drivers } = catalog;
  const pieces: { readonly source: number; readonly partition: number; readonly points: readonly Point[] }[] = [];
  for (const { piece, points } of taken) {
    const { source, partition } = piece;
    const own =
      refuse === null ? await refuseLate(context, lane, { drivers, points }) : points.map((point) => ({ ...point, refusal: refuse }));
    pieces.push({ source, partition, points: own });
  }
  return pieces;
};

/** One transaction: groups, failures and positions; then the changed groups to dsf.summary. */
export const createSummariseStep = <Plan, PointsPlan>(
  context: LaneContext,
  { lane, phases, groups, out }: SummariseRoom<Plan, PointsPlan>,
) => {
  const { clock, telemetry } = context;
  const compile = compileOnce((catalog: Catalog) => phases.summarise.compile(catalog, context.measures));
  const pointsIn = createPointsIn(context, lane, phases);

  const take = async ({ catalog, pieces, attempt }: Walk): Promise<readonly PointsPiece[]> => {
    const taken: PointsPiece[] = [];
    for (const piece of pieces) {
      const one = await pointsIn(catalog, piece, attempt.recordsMax);
      taken.push(one);
      // What was read from rows may end before its range does; what follows would not join on.
      if (one.to < piece.to) break;
    }
    return taken;
  };

  const decide = async (walk: Walk, taken: readonly PointsPiece[]): Promise<SummariseEffects> => {
    const { catalog } = walk;
    const plan = compile(catalog);
    const points = await pointsOf(context, lane, walk, taken);
    const current = await groups.load(phases.summarise.groups(plan, points));
    return phases.summarise.apply(plan, {
      points,
      current,
      revision: lane.seq() + 1,
      now: clock.now(),
      version: catalog.version,
      reason: 'update',
    });
  };

  return async (walk: Walk): Promise<void> => {
    const stages = startStages(clock);
    const taken = await take(walk);
    const effects = await decide(walk, taken);
    stages.end('decide');
    const after = advance(walk, taken, effects);
    await lane.transact({ positions: after.positions }, async (transaction) => {
      for (const [instance, rows] of effects.changed) await transaction.writeGroups(instance, lane.key.lane, rows);
      if (effects.refusals.length > 0) await transaction.writeFailures(effects.refusals, clock.now());
    });
    stages.end('write');
    const changed = [...effects.changed.values()].flat();
    groups.keep(changed);
    const bytes = await out.tell(walk.catalog, changed, sourceTime(taken));
    stages.end('send');
    telemetry.emit({
      ...{ name: 'batch', phase: 'summarise', lane: lane.name },
      received: taken.reduce((sum, { points }) => sum + points.length, 0),
      ...{ written: effects.written, failed: effects.failed },
      filtered: after.filtered,
      duplicates: 0,
      sent: changed.length,
      bytes,
      ms: stages.ms(),
      stages: stages.times(),
    });
    reportRefusals(telemetry, { phase: 'summarise', lane: lane.name, refusals: effects.refusals });
  };
};

/**
 * Positions after the batch. Counters of summarise count points, not records: a record may bring several, or none. Points that were made for
 * a driver which is no longer there count as filtered.
 */
const advance = (
  { catalog, before }: Walk,
  taken: readonly PointsPiece[],
  effects: SummariseEffects,
): { readonly positions: readonly Position[]; readonly filtered: number } => {
  const positions = new Map<string, Position>();
  let filteredTotal = 0;
  const instances = new Set(catalog.drivers.map(({ instance }) => instance));
  for (const { piece, to, points } of taken) {
    const { source, partition } = piece;
    const from = positions.get(`${source}:${partition}`) ?? before(piece);
    const isHere = (refusal: { readonly source: number; readonly partition: number; readonly offset: number }): boolean =>
      refusal.source === source && refusal.partition === partition && refusal.offset >= piece.from && refusal.offset < to;
    const failed = effects.refusals.filter(isHere).length;
    const filtered = points.filter(({ instance }) => !instances.has(instance)).length;
    filteredTotal += filtered;
    const refills = piece.content.kind === 'refill' ? 1 : 0;
    const counts: Partial<Counters> = { written: points.length - failed - filtered, failed, filtered, refills };
    const idle = piece.idle && to === piece.to;
    const counters = addCounts(from.counters, counts);
    positions.set(`${source}:${partition}`, { ...from, next: to, time: piece.time ?? from.time, idle, version: catalog.version, counters });
  }
  return { positions: [...positions.values()], filtered: filteredTotal };
};

/** Source timestamp of the newest record behind a batch, UTC ms. */
const sourceTime = (taken: readonly PointsPiece[]): number | null =>
  taken.reduce<number | null>((newest, { piece: { time } }) => (time === null ? newest : Math.max(newest ?? time, time)), null);
