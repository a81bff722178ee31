import { groupText, type Point } from '@dsf/messages';
import type { Catalog, DriverInstance } from '@dsf/metadata';
import { Failure, type LaneReads, type RecordFailure, type Request, type RequestBody } from '@dsf/ports';
import { pointLane } from '../flatten/points-out.ts';
import { hasHorizon, horizonOf, withHorizon } from '../horizon.ts';
import type { Lane } from '../lane.ts';
import type { LaneContext } from '../work.ts';
import { createFlatPages } from './flat-pages.ts';
import type { SummarisePhases } from './fold.ts';

/*
 * Retention, as a summarise lane sees it (delivery rule 11): before flat rows go, the groups that were made of them are frozen. They keep their
 * number, and are never folded again; a frozen window takes no late point either.
 */

type FreezeBody = Extract<RequestBody, { kind: 'freeze' }>;

const code = 'summarise.frozen';

export const isFreeze = (request: Request): request is Request & { readonly body: FreezeBody } => request.body.kind === 'freeze';

/** Groups of this lane that the rows [from, below) belong to, by instance. */
const groupsBelow = async <Plan, PointsPlan>(
  context: LaneContext,
  lane: Lane,
  { points }: SummarisePhases<Plan, PointsPlan>,
  { catalog, body, from }: { readonly catalog: Catalog; readonly body: FreezeBody; readonly from: number },
): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const plan = points.compile(catalog, await context.warehouse.schema());
  const laneOf = pointLane(catalog);
  const pages = createFlatPages(context);
  const { source, partition, below } = body;
  const groups = new Map<string, Set<string>>();
  for (let next = from; next < below;) {
    const page = await pages.read({ source, partition, from: next, to: below }, points.tables(plan, source), context.settings.recordsMax);
    for (const point of points.apply(plan, page.rows)) {
      if (point.refusal !== undefined || laneOf(point) !== lane.key.lane) continue;
      const texts = groups.get(point.instance) ?? new Set();
      groups.set(point.instance, texts.add(groupText(point.key, point.window)));
    }
    ({ next } = page);
  }
  return groups;
};

/**
 * Freezes what reaches below the horizon that the request names, and remembers that nothing below it is read any more, in one transaction.
 * @returns false while a correction is asked for that may need the rows
 */
export const freeze = async <Plan, PointsPlan>(
  context: LaneContext,
  lane: Lane,
  phases: SummarisePhases<Plan, PointsPlan>,
  { catalog, request }: { readonly catalog: Catalog; readonly request: Request & { readonly body: FreezeBody } },
): Promise<boolean> => {
  const { source, partition, below } = request.body;
  const position = lane.position(request.body);
  const from = Math.max(position?.start ?? 0, horizonOf(lane.facts(), 'folds', request.body));
  const groups =
    below > from ? await groupsBelow(context, lane, phases, { catalog, body: request.body, from }) : new Map<string, Set<string>>();
  const facts = withHorizon(lane.facts(), 'folds', { source, partition, below: Math.max(from, below) });
  if (await hasCorrections(context.warehouse.committed, lane)) return false;
  await lane.transact({ facts }, async (transaction) => {
    if (await hasCorrections(transaction, lane))
      throw new Failure('retry', 'retention.needed', `a correction was asked for below the horizon ${below}`, { source, partition, below });
    for (const [instance, texts] of groups) await transaction.freezeGroups(instance, [...texts]);
    await transaction.closeRequests([request.id], context.clock.now());
  });
  return true;
};

const correctionsMax = 1000;

const hasCorrections = async (reads: LaneReads, lane: Lane): Promise<boolean> =>
  (await reads.readRequests(lane.key, correctionsMax)).some(({ body }) => body.kind === 'recompute' || body.kind === 'rebuild');

/** Those of the groups that are frozen; asks only where something was ever purged. */
export const frozenOf = async (
  { warehouse }: LaneContext,
  lane: Lane,
  { instance, groups }: { readonly instance: string; readonly groups: readonly string[] },
): Promise<ReadonlySet<string>> => new Set(hasHorizon(lane.facts()) ? await warehouse.committed.readFrozen(instance, groups) : []);

/** The same points, those for frozen windows as points that are refused: late ones are listed, not applied. */
export const refuseLate = async (
  context: LaneContext,
  lane: Lane,
  { drivers, points }: { readonly drivers: readonly DriverInstance[]; readonly points: readonly Point[] },
): Promise<readonly Point[]> => {
  if (!hasHorizon(lane.facts())) return points;
  const frozen = new Map<string, ReadonlySet<string>>();
  for (const { instance, windowMs } of drivers) {
    if (windowMs === null) continue;
    const texts = new Set(points.filter((point) => point.instance === instance).map(({ key, window }) => groupText(key, window)));
    if (texts.size > 0) frozen.set(instance, await frozenOf(context, lane, { instance, groups: [...texts] }));
  }
  return points.map((point) => {
    const group = groupText(point.key, point.window);
    if (point.refusal !== undefined || frozen.get(point.instance)?.has(group) !== true) return point;
    return { ...point, refusal: { code, detail: `group ${group} is frozen, because rows that it was made of are gone: too late for it` } };
  });
};

/** What a replay asked of groups that are frozen: it cannot be done, and is listed. */
export const listFrozen = (requests: readonly Request[], frozen: ReadonlySet<string>, version: number): readonly RecordFailure[] =>
  requests.flatMap(({ body }) => {
    if (body.kind !== 'recompute' || body.after.offset < 0) return [];
    const group = groupText(body.key, body.window);
    if (!frozen.has(group)) return [];
    const detail = `group ${group} is frozen, because rows that it was made of are gone: it keeps its number, whatever has become of this record`;
    return [{ phase: 'summarise', ...body.after, scope: `${body.instance}/${group}`, code, path: null, detail, version }];
  });
