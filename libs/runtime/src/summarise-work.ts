import { decodePointsRange, encodeSummaryRange, rawLane, type Point, type SourcePartition, type SummaryRange } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { Counters, GroupRow, Groups, LaneKey, LaneTransaction, Position, SummariseEffects } from '@dsf/ports';
import type { SummarisePhases } from './fold.ts';
import { createGroupCache } from './group-cache.ts';
import { join, type Piece } from './join.ts';
import { addCounts, openLane } from './lane.ts';
import { sendRanges } from './outbox.ts';
import { pointLane } from './points-out.ts';
import { checkSender, decodeRanges, newestVersion, positionsFor } from './receive.ts';
import { adoptInstances, carryOutRequests } from './summarise-chores.ts';
import { topics, type Attempt, type LaneContext, type LaneWork } from './work.ts';

/** Groups of one driver that a lane keeps in memory. */
const groupsCachedMax = 50_000;

interface Decided {
  readonly piece: Piece<Point>;
  readonly to: number;
  readonly points: readonly Point[];
}

/** Summarise of one lane of dsf.points: points into states of groups, and each changed group, complete, to dsf.summary. */
export const createSummariseWork = <Plan, PointsPlan>(context: LaneContext, phases: SummarisePhases<Plan, PointsPlan>, laneNumber: number): LaneWork => {
  const { warehouse, catalogs, clock, telemetry } = context;
  const lane = openLane(warehouse, { phase: 'summarise', source: 0, lane: laneNumber });
  const cache = createGroupCache(groupsCachedMax);
  const sending = { ...context, lane: lane.name };
  /** First revision that dsf.summary has not been told of by us. */
  let untold = 0;
  let adopted = -1;
  let live: ReadonlySet<string> = new Set();
  let epoch = -1;

  /** After each reload: what we remembered of the lane is gone with its memory. */
  const enter = (): void => {
    cache.enter(lane.epoch());
    if (epoch === lane.epoch()) return;
    epoch = lane.epoch();
    untold = lane.loadedSeq() + 1;
    adopted = -1;
  };

  const tell = async (catalog: Catalog, changed: readonly GroupRow[]): Promise<number> => {
    const frame = { source: 0, partition: laneNumber, from: untold, to: lane.seq() + 1, version: catalog.version, time: null, idle: false };
    untold = frame.to;
    const items = changed.map(({ instance, key, window, revision, reason, time, version, status, measures }) => ({ instance, key, window, revision, reason, time, version, status, measures }));
    const encode = (withBody: boolean): Uint8Array => encodeSummaryRange(withBody ? ({ ...frame, items } satisfies SummaryRange) : frame);
    return sendRanges(sending, topics.summary, [{ lane: laneNumber, encode }]);
  };

  const commit = async (catalog: Catalog, changed: readonly GroupRow[], work: (transaction: LaneTransaction) => Promise<void>): Promise<void> => {
    await lane.transact({}, work);
    for (const { instance, group } of changed) cache.put(instance, group, null);
    for (const row of changed) cache.put(row.instance, row.group, row);
    await tell(catalog, changed);
  };

  const flattenLaneOf = (lanes: number) => (at: SourcePartition): LaneKey => ({ phase: 'flatten', source: 0, lane: rawLane(at, lanes) });

  /** Points of the rows [from, to), of all instances or some, that belong to this lane. */
  const readPoints = async (catalog: Catalog, range: SourcePartition & { readonly from: number; readonly to: number }, only?: ReadonlySet<string>): Promise<{ readonly points: readonly Point[]; readonly next: number }> => {
    const plan = phases.points.compile(catalog, await warehouse.schema());
    const { rows, next } = await warehouse.committed.readFlat(range, phases.points.tables(plan, range.source), context.settings.recordsMax);
    const laneOf = pointLane(catalog);
    return { points: phases.points.apply(plan, rows, only).filter((point) => laneOf(point) === laneNumber), next };
  };

  /**
   * The points of a piece. A range that was made before the sender knew an instance has none of its points, though the instance is live here
   * and covers the range: they are read from the rows (delivery rule 7).
   */
  const pointsOf = async (catalog: Catalog, piece: Piece<Point>): Promise<Decided> => {
    const { source, partition, from, to } = piece;
    if (piece.content.kind === 'refill') {
      await checkSender(context, flattenLaneOf(catalog.settings.lanes)(piece), piece);
      telemetry.emit({ name: 'refill', phase: 'summarise', lane: lane.name, source, partition, from, to });
      const { points, next } = await readPoints(catalog, { source, partition, from, to });
      return { piece, to: next, points };
    }
    const made = piece.version === catalog.version ? catalog : await catalogs.at(piece.version);
    const unknown = new Set([...live].filter((instance) => made.drivers.every((driver) => driver.instance !== instance)));
    if (unknown.size === 0 || from === to) return { piece, to, points: piece.content.items };
    const { points, next } = await readPoints(catalog, { source, partition, from, to }, unknown);
    const known = piece.content.items.filter(({ offset, instance }) => offset < next && !unknown.has(instance));
    return { piece, to: next, points: [...known, ...points] };
  };

  const load = async (wanted: ReadonlyMap<string, readonly string[]>): Promise<Groups> => {
    const groups = new Map<string, Map<string, GroupRow>>();
    for (const [instance, texts] of wanted) {
      const rows = new Map<string, GroupRow>();
      const absent = texts.filter((text) => cache.get(instance, text) === undefined);
      if (absent.length > 0) {
        for (const text of absent) cache.put(instance, text, null);
        for (const row of await warehouse.committed.readGroups(instance, absent)) cache.put(instance, row.group, row);
      }
      for (const text of texts) {
        const row = cache.get(instance, text);
        if (row !== undefined && row !== null) rows.set(text, row);
      }
      groups.set(instance, rows);
    }
    return groups;
  };

  const step = async (catalog: Catalog, decided: readonly Decided[], before: (at: SourcePartition) => Position, refuse: Attempt['refuse']): Promise<SummariseEffects & { readonly positions: readonly Position[] }> => {
    const plan = phases.summarise.compile(catalog);
    const points = decided.map(({ piece, points: all }) => {
      const { source, partition } = piece;
      const ours = all.filter(({ instance }) => live.has(instance));
      return { source, partition, points: refuse === null ? ours : ours.map((point) => ({ ...point, refusal: refuse })) };
    });
    const effects = phases.summarise.apply(plan, { points, current: await load(phases.summarise.groups(plan, points)), revision: lane.seq() + 1, now: clock.now(), version: catalog.version, reason: 'update' });
    const positions = advance(decided, before, catalog.version, effects);
    await lane.transact({ positions }, async (transaction) => {
      for (const [instance, rows] of effects.changed) await transaction.writeGroups(instance, laneNumber, rows);
      if (effects.refusals.length > 0) await transaction.writeFailures(effects.refusals, clock.now());
    });
    for (const rows of effects.changed.values()) for (const row of rows) cache.put(row.instance, row.group, row);
    return { ...effects, positions };
  };

  /** A catalog version that the lane has not looked at: adopt its drivers before the next batch. */
  const adopt = async (catalog: Catalog): Promise<void> => {
    enter();
    if (adopted === catalog.version) return;
    await adoptInstances(context, { lane, phases, commit }, catalog);
    live = new Set(catalog.drivers.map(({ instance }) => instance));
    adopted = catalog.version;
  };

  const announce = async (): Promise<void> => {
    enter();
    await tell(await catalogs.current(), []);
  };

  return {
    lane,
    announce,
    pause: async () => undefined,
    claimed: announce,
    async chores() {
      const catalog = await catalogs.current();
      await adopt(catalog);
      await carryOutRequests(context, { lane, phases, commit }, catalog);
    },
    async handle(deliveries, attempt) {
      enter();
      const ranges = decodeRanges(context, lane, deliveries, decodePointsRange);
      const catalog = await catalogs.atLeast(newestVersion(ranges));
      await adopt(catalog);
      const before = await positionsFor(context, lane, ranges, flattenLaneOf(catalog.settings.lanes));
      let { refuse } = attempt;
      for (;;) {
        const startedAt = clock.now();
        const { pieces } = join(ranges, (at) => before(at).next, attempt.recordsMax);
        if (pieces.length === 0) return;
        const decided: Decided[] = [];
        for (const piece of refuse === null ? pieces : pieces.slice(0, 1)) {
          const one = await pointsOf(catalog, piece);
          decided.push(one);
          // What was read from rows may end before its range does; what follows would not join on.
          if (one.to < piece.to) break;
        }
        const effects = await step(catalog, decided, before, refuse);
        refuse = null;
        const changed = [...effects.changed.values()].flat();
        const bytes = await tell(catalog, changed);
        const received = decided.reduce((sum, { points }) => sum + points.length, 0);
        telemetry.emit({ name: 'batch', phase: 'summarise', lane: lane.name, received, written: effects.written, failed: effects.failed, filtered: 0, duplicates: 0, sent: changed.length, bytes, ms: clock.now() - startedAt });
      }
    },
  };
};

/** Positions after the batch. Counters of summarise count points, not records: a record may bring several, or none. */
const advance = (decided: readonly Decided[], before: (at: SourcePartition) => Position, version: number, effects: SummariseEffects): readonly Position[] => {
  const positions = new Map<string, Position>();
  for (const { piece, to, points } of decided) {
    const { source, partition } = piece;
    const from = positions.get(`${source}:${partition}`) ?? before(piece);
    const failed = effects.refusals.filter((refusal) => refusal.source === source && refusal.partition === partition && refusal.offset >= piece.from && refusal.offset < to).length;
    const counts: Partial<Counters> = { written: points.length - failed, failed, refills: piece.content.kind === 'refill' ? 1 : 0 };
    positions.set(`${source}:${partition}`, { ...from, next: to, time: piece.time ?? from.time, idle: piece.idle && to === piece.to, version, counters: addCounts(from.counters, counts) });
  }
  return [...positions.values()];
};
