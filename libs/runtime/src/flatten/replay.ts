import { groupLane, groupText, type Point, type SourcePartition } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import { Failure, type FlatRows, type FlatSchema, type Position, type RecordFailure, type Request } from '@dsf/ports';
import { readableAt } from '../catalogs.ts';
import { horizonOf } from '../horizon.ts';
import { addCounts, type Lane } from '../lane.ts';
import type { Attempt, LaneContext } from '../work.ts';
import type { FlattenPhases } from './flattener.ts';
import { refuseAll, type FlattenRoom } from './step.ts';

/** Requests carried out between two batches. */
const requestsMax = 100;

type RecordAt = SourcePartition & { readonly offset: number };

/** A record's rows, before and after. */
interface Replaying {
  readonly catalog: Catalog;
  readonly schema: FlatSchema;
  readonly at: RecordAt;
  readonly rows: readonly FlatRows[];
}

interface Replayed {
  readonly request: Request;
  readonly position: Position;
  readonly offset: number;
  readonly refuse?: Attempt['refuse'];
}

/**
 * Runs records again from raw under the catalog in force: new rows for old, the failures' status, and a recompute request for every group
 * of the old and the new rows, in one transaction per record (delivery rule 8). Nothing goes through the points topic.
 */
export const replay = async <Plan, PointsPlan>(context: LaneContext, room: FlattenRoom<Plan, PointsPlan>): Promise<void> => {
  const { lane } = room;
  const requests = await context.warehouse.committed.readRequests(lane.key, requestsMax);
  let done = 0;
  for (const request of requests) {
    if (request.body.kind !== 'replay') continue;
    const { source, partition, offset } = request.body;
    const position = lane.position({ source, partition });
    // The record's first turn comes first; the request waits for it.
    if (position === undefined || position.next <= offset) continue;
    await replayOrRefuse(context, room, { request, position, offset });
    done += 1;
  }
  if (done > 0) context.telemetry.emit({ name: 'request', phase: 'flatten', lane: lane.name, kind: 'replay', count: done });
};

/** What the database will not take stays the failure that it is: as it was stored before, and counted once more. */
const replayOrRefuse = async <Plan, PointsPlan>(
  context: LaneContext,
  room: FlattenRoom<Plan, PointsPlan>,
  replayed: Replayed,
): Promise<void> => {
  try {
    await replayRecord(context, room, replayed);
  } catch (error) {
    if (!(error instanceof Failure && error.kind === 'poison')) throw error;
    await room.lane.refresh();
    await replayRecord(context, room, { ...replayed, refuse: { code: error.code, detail: error.message } });
  }
};

const replayRecord = async <Plan, PointsPlan>(
  context: LaneContext,
  { lane, flattener, phases }: FlattenRoom<Plan, PointsPlan>,
  { request, position, offset, refuse = null }: Replayed,
): Promise<void> => {
  const { warehouse, catalogs, clock } = context;
  const { source, partition } = position;
  const at = { source, partition, offset };
  // Old rows may lie in tables that the lane's last owner added.
  flattener.forget();
  // A summarise lane may fold rows for a driver of the newest version at this very moment: it must get its recompute request too.
  const catalog = await catalogs.newest();
  const range = { source, partition, from: offset, to: offset + 1 };
  const records = await warehouse.committed.readRaw(range, 1);
  if (records.length === 0 || offset < rowsFrom(lane, at)) return keepFailures(context, lane, { request, at });
  const [effects] =
    refuse === null ? await flattener.decide(catalog, [records]) : [refuseAll(position, records, { ...refuse, version: catalog.version })];
  if (effects === undefined) return;
  const schema = await flattener.schema();
  const tables = schema.tables.filter((table) => table.source === source).map(({ id }) => id);
  const old = (await warehouse.committed.readFlat(range, tables, 1)).rows;
  const plan = phases.points.compile(catalog, schema);
  const points = { old: phases.points.apply(plan, old), fresh: phases.points.apply(plan, effects.rows) };
  const refusals = [...effects.refusals, ...points.fresh.flatMap((point) => pointRefusal(at, point, catalog.version))];
  const before = await outcomeBefore(context, at, old);
  const after = { written: effects.written, failed: effects.refusals.length, filtered: effects.filtered };
  const counters = addCounts(position.counters, {
    written: after.written - before.written,
    failed: after.failed - before.failed,
    filtered: after.filtered - before.filtered,
  });

  const requests = [
    ...recomputeRequests(catalog, at, [...points.old, ...points.fresh]),
    ...(await requestsOfGone(context, phases, { catalog, schema, at, rows: [old, effects.rows] })),
  ];
  await lane.transact({ positions: [{ ...position, counters }] }, async (transaction) => {
    await transaction.deleteFlat(at);
    if (effects.rows.tables.length > 0) await transaction.writeFlat(effects.rows, catalog.version, schema.version);
    await transaction.resolveFailures('flatten', at, '', clock.now());
    await transaction.resolveFailures('summarise', at, '', clock.now());
    if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
    await transaction.writeRequests(requests, clock.now());
    await transaction.closeRequests([request.id], clock.now());
    // Last, because an activation waits for it: a driver of another version could have folded the old rows, and nobody would ask for its groups.
    await transaction.holdVersion(catalog.version);
  });
};

/** Below it rows are gone, or will be: groups were frozen with what the record brought them, which cannot be taken back any more. */
const rowsFrom = (lane: Lane, at: SourcePartition): number =>
  Math.max(horizonOf(lane.facts(), 'flat', at), horizonOf(lane.facts(), 'wanted', at));

/** Nothing to run again: ingest never had it, it was purged, or its rows were. Rows that are there stay; what failed stays open, counted once more. */
const keepFailures = async (
  { warehouse, clock }: LaneContext,
  lane: Lane,
  { request, at }: { readonly request: Request; readonly at: RecordAt },
): Promise<void> => {
  const failures = await warehouse.committed.readFailures(at);
  // Failures of publish have a publication and a revision where others have a record's coordinates.
  const own = failures.filter(({ phase }) => phase !== 'publish');
  await lane.transact({}, async (transaction) => {
    if (own.length > 0) await transaction.writeFailures(own, clock.now());
    await transaction.closeRequests([request.id], clock.now());
  });
};

/** How the record was counted until now. */
const outcomeBefore = async ({ warehouse }: LaneContext, at: RecordAt, old: FlatRows) => {
  if (old.tables.some(({ rows }) => rows.length > 0)) return { written: 1, failed: 0, filtered: 0 };
  const failures = await warehouse.committed.readFailures(at);
  return failures.some(({ phase }) => phase === 'flatten')
    ? { written: 0, failed: 1, filtered: 0 }
    : { written: 0, failed: 0, filtered: 1 };
};

const pointRefusal = (at: RecordAt, point: Point, version: number): readonly RecordFailure[] =>
  point.refusal === undefined
    ? []
    : [
        {
          phase: 'summarise',
          ...at,
          scope: `${point.instance}/${point.row}`,
          code: point.refusal.code,
          path: null,
          detail: point.refusal.detail,
          version,
        },
      ];

/**
 * Lanes may still keep instances that the version in force no longer has, and a later version may have them again before the lane has seen this one:
 * the groups that the record touches by the newest version that had them. All groups of an instance that no version has which this binary accepts.
 */
const requestsOfGone = async <Plan, PointsPlan>(
  { warehouse, catalogs }: LaneContext,
  { points }: FlattenPhases<Plan, PointsPlan>,
  { catalog, schema, at, rows }: Replaying,
): Promise<readonly Omit<Request, 'id'>[]> => {
  const { drivers, settings } = catalog;
  const lanes = Array.from({ length: settings.lanes }, (_, lane) => ({ phase: 'summarise', source: 0, lane }) as const);
  let gone: ReadonlySet<string> = new Set();
  for (const { lane } of lanes) gone = gone.union(new Set(await warehouse.committed.readLiveInstances(lane)));
  gone = gone.difference(new Set(drivers.map(({ instance }) => instance)));
  const requests: Omit<Request, 'id'>[] = [];
  for (let version = catalog.version - 1; version > 0 && gone.size > 0; version -= 1) {
    const older = await readableAt(catalogs, version);
    const had = gone.intersection(new Set(older?.drivers.map(({ instance }) => instance)));
    if (older === null || had.size === 0) continue;
    gone = gone.difference(had);
    const plan = points.compile(older, schema);
    const touched = rows.flatMap((some) => points.apply(plan, some, had));
    requests.push(...recomputeRequests({ ...older, settings }, at, touched));
  }
  const rest = [...gone].flatMap((instance) => lanes.map((lane) => ({ lane, body: { kind: 'rebuild', instance, after: at } }) as const));
  return [...requests, ...rest];
};

const recomputeRequests = (catalog: Catalog, after: RecordAt, points: readonly Point[]): readonly Omit<Request, 'id'>[] => {
  const names = new Map(catalog.drivers.map(({ instance, name }) => [instance, name]));
  const requests = new Map<string, Omit<Request, 'id'>>();
  for (const { instance, key, window, refusal } of points) {
    if (refusal !== undefined) continue;
    const lane = groupLane(names.get(instance) ?? instance, key, catalog.settings.lanes);
    requests.set(`${instance} ${groupText(key, window)}`, {
      lane: { phase: 'summarise', source: 0, lane },
      body: { kind: 'recompute', instance, key, window, after },
    });
  }
  return [...requests.values()];
};
