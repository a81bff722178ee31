import { groupText, type GroupChange } from '@dsf/messages';
import { driverOf, type Catalog, type DriverInstance } from '@dsf/metadata';
import type { GroupRow, LaneTransaction, Request, RequestBody } from '@dsf/ports';
import { fold } from './fold.ts';
import { freeze, frozenOf, isFreeze, listFrozen } from './frozen.ts';
import type { Lane } from '../lane.ts';
import { isOvertaken } from '../overtaken.ts';
import type { LaneContext } from '../work.ts';
import type { SummariseRoom } from './step.ts';

/** Requests carried out together. */
const requestsMax = 1000;
/** Groups read at once when a whole lane is compared. */
const pageMax = 5000;

/** A transaction outside the stream of points, then what it changed to dsf.summary. */
const commit = async <Plan, PointsPlan>(
  { lane, groups, out }: SummariseRoom<Plan, PointsPlan>,
  { catalog, changed }: { readonly catalog: Catalog; readonly changed: readonly GroupRow[] },
  work: (transaction: LaneTransaction) => Promise<void>,
): Promise<void> => {
  const seq = lane.seq();
  try {
    await lane.transact({}, work);
  } catch (error) {
    if (isOvertaken(error)) await tellTurn({ lane, out }, catalog, seq + 1);
    throw error;
  }
  groups.keep(changed);
  await out.tell(catalog, changed);
};

/** A turn that was taken and changed nothing that anybody is shown: untold, it would be a gap to publishers. */
const tellTurn = async <Plan, PointsPlan>(
  { lane, out }: Pick<SummariseRoom<Plan, PointsPlan>, 'lane' | 'out'>,
  catalog: Catalog,
  seq: number,
): Promise<void> => {
  await lane.refresh();
  if (lane.seq() === seq) await out.tell(catalog, []);
};

/**
 * A driver instance that the catalog has and the lane does not becomes live as a fold of all flat rows below the lane's positions; one that
 * the catalog no longer has stops. Ranges made before the instance was known are read from rows later (see summarise-work).
 */
export const adoptInstances = async <Plan, PointsPlan>(
  context: LaneContext,
  room: SummariseRoom<Plan, PointsPlan>,
  catalog: Catalog,
): Promise<boolean> => {
  const { lane } = room;
  const live = new Set(await context.warehouse.committed.readLiveInstances(lane.key.lane));
  const wanted = catalog.drivers.filter(({ instance }) => !live.has(instance));
  const gone = [...live].filter((instance) => catalog.drivers.every((driver) => driver.instance !== instance));
  if (wanted.length > 0) await context.warehouse.ensureSummaryTables(wanted);
  // What is gone ends with its successor: a lane in which both are live would show, when the old one is wanted again, groups with revisions below
  // those of its successor; and one that had ended before would have nobody to retract what it had published.
  for (const instance of wanted) {
    const before = gone.filter((other) => driverOf(other) === instance.name);
    await replaceAll(context, room, { catalog, instance, reason: 'update', requests: [], goesLive: { before } });
  }
  const ending = gone.filter((other) => !wanted.some(({ name }) => name === driverOf(other)));
  if (ending.length > 0) await commit(room, { catalog, changed: [] }, (transaction) => endInstances(transaction, lane, ending));
  return wanted.length + gone.length > 0;
};

const endInstances = async (transaction: LaneTransaction, lane: Lane, instances: readonly string[]): Promise<void> => {
  for (const instance of instances) await transaction.setInstanceLive(lane.key.lane, instance, false);
};

/** Carries out the requests whose turn has come: recompute of single groups, rebuild of a whole driver (delivery rule 8). */
export const carryOutRequests = async <Plan, PointsPlan>(
  context: LaneContext,
  room: SummariseRoom<Plan, PointsPlan>,
  catalog: Catalog,
): Promise<void> => {
  const { lane } = room;
  const requests = await context.warehouse.committed.readRequests(lane.key, requestsMax);
  for (const request of requests.filter(isFreeze)) {
    if (!(await freeze(context, lane, room.phases, { catalog, request }))) continue;
    // It raised the lane's seq: a publisher that was not told would find a gap after a restart.
    await room.out.tell(catalog, []);
    context.telemetry.emit({ name: 'request', phase: 'summarise', lane: lane.name, kind: 'freeze', count: 1 });
  }
  const ready = requests.filter(isCorrection).filter(({ body }) => isPast(lane, body));
  if (ready.length === 0) return;
  const instances = new Set(ready.map(({ body }) => body.instance));
  for (const name of instances) {
    const mine = ready.filter(({ body }) => body.instance === name);
    const instance = catalog.drivers.find((driver) => driver.instance === name);
    if (instance === undefined) await closeOnly(context, room, catalog, mine);
    else if (mine.some(({ body }) => body.kind === 'rebuild'))
      await replaceAll(context, room, { catalog, instance, reason: 'rebuild', requests: mine, goesLive: null });
    else await recompute(context, room, { catalog, instance, requests: mine });
  }
  for (const [kind, done] of Map.groupBy(ready, ({ body }) => body.kind)) {
    context.telemetry.emit({ name: 'request', phase: 'summarise', lane: lane.name, kind, count: done.length });
  }
};

type Correction = Extract<RequestBody, { kind: 'recompute' | 'rebuild' }>;

const isCorrection = (request: Request): request is Request & { readonly body: Correction } =>
  request.body.kind === 'recompute' || request.body.kind === 'rebuild';

/** A request waits until the lane has had the record: before that the record's first points may still be on their way. */
const isPast = (lane: Lane, { after }: Correction): boolean => after === undefined || (lane.position(after)?.next ?? 0) > after.offset;

/** The driver is gone, and so is what the request was about. */
const closeOnly = async <Plan, PointsPlan>(
  context: LaneContext,
  room: SummariseRoom<Plan, PointsPlan>,
  catalog: Catalog,
  requests: readonly Request[],
): Promise<void> => {
  await commit(room, { catalog, changed: [] }, (transaction) =>
    transaction.closeRequests(
      requests.map(({ id }) => id),
      context.clock.now(),
    ),
  );
};

const recompute = async <Plan, PointsPlan>(
  context: LaneContext,
  room: SummariseRoom<Plan, PointsPlan>,
  { catalog, instance, requests }: { readonly catalog: Catalog; readonly instance: DriverInstance; readonly requests: readonly Request[] },
): Promise<void> => {
  const { lane, phases } = room;
  const { warehouse, clock } = context;
  const asked = new Set(requests.flatMap(({ body }) => (body.kind === 'recompute' ? [groupText(body.key, body.window)] : [])));
  const frozen = await frozenOf(context, lane, { instance: instance.instance, groups: [...asked] });
  const texts = asked.difference(frozen);
  const folded = await fold(context, lane, phases, { catalog, instance, groups: texts, reason: 'correction' });
  const stored = await warehouse.committed.readGroups(instance.instance, [...texts]);
  const at = { revision: lane.seq() + 1, now: clock.now(), version: catalog.version };
  const vanished = stored
    .filter(({ group, status }) => status !== 'gone' && !folded.groups.has(group))
    .map((row) => phases.summarise.retract(row, at));
  const changed = [...folded.groups.values(), ...vanished];
  await commit(room, { catalog, changed }, async (transaction) => {
    await transaction.writeGroups(instance.instance, lane.key.lane, changed);
    const refusals = [...folded.refusals, ...listFrozen(requests, frozen, catalog.version)];
    if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
    await transaction.closeRequests(
      requests.map(({ id }) => id),
      clock.now(),
    );
  });
};

/**
 * Every group of an instance in this lane, folded again; groups whose numbers do not differ keep their revision. An instance that goes live
 * gets new revisions throughout: while it was away, another may have been published under higher ones (scenario 11). Frozen groups keep their
 * numbers, but that an instance which goes live counts what rows there are: what came while it was away is in none of its groups.
 */
const replaceAll = async <Plan, PointsPlan>(
  context: LaneContext,
  room: SummariseRoom<Plan, PointsPlan>,
  task: {
    readonly catalog: Catalog;
    readonly instance: DriverInstance;
    readonly reason: GroupChange['reason'];
    readonly requests: readonly Request[];
    /** Set when the instance was not live: those that were its driver until now, which end with it. */
    readonly goesLive: { readonly before: readonly string[] } | null;
  },
): Promise<void> => {
  const { lane, phases } = room;
  const { clock } = context;
  const { catalog, instance, reason, requests, goesLive } = task;
  const folded = await fold(context, lane, phases, { catalog, instance, groups: null, reason });
  const stored = await readLane(context, lane, instance.instance);
  const at = { revision: lane.seq() + 1, now: clock.now(), version: catalog.version };
  const frozen = await frozenOf(context, lane, {
    instance: instance.instance,
    groups: [...new Set([...stored.keys(), ...folded.groups.keys()])],
  });
  const renews = requests.some(({ body }) => body.kind === 'rebuild' && body.renew === true);
  const { rows, vanished, kept } = compare(folded.groups, stored, { frozen, goesLive: goesLive !== null, renews });
  const inherited = await readInherited(context, lane, instance, goesLive?.before ?? []);
  const changed = [
    ...rows,
    ...vanished.map((row) => phases.summarise.retract(row, at)),
    ...inherited
      .filter(({ group }) => !folded.groups.has(group) && !stored.has(group))
      .map((row) => ({ ...phases.summarise.retract(row, at), instance: instance.instance })),
    ...kept.map((row): GroupRow => ({ ...row, revision: at.revision, time: at.now, reason })),
  ];
  await commit(room, { catalog, changed }, async (transaction) => {
    await transaction.writeGroups(instance.instance, lane.key.lane, changed);
    const refusals = [...folded.refusals, ...listFrozen(requests, frozen, catalog.version)];
    if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
    if (goesLive !== null) {
      await endInstances(transaction, lane, goesLive.before);
      await transaction.setInstanceLive(lane.key.lane, instance.instance, true);
    }
    await transaction.closeRequests(
      requests.map(({ id }) => id),
      clock.now(),
    );
    // A replay asks for the instances of the version in force, and for those of others that are live by then. One of an older version that went live
    // later could have folded the record's old rows, and be wanted again before it has ended.
    if (goesLive !== null) await transaction.holdVersion(catalog.version);
  });
};

type Rows = ReadonlyMap<string, GroupRow>;

/**
 * Groups that the driver had until now, and which were published: those that its new instance has no rows for are retracted by it, or their documents
 * would stand for ever. Also those that had been retracted: a publisher that is behind may go from one instance to the next but one. Where the key
 * has another number of parts, or a window came or went, none of the old groups can be one of the new.
 */
const readInherited = async (
  context: LaneContext,
  lane: Lane,
  { key, windowMs }: DriverInstance,
  before: readonly string[],
): Promise<readonly GroupRow[]> => {
  const all: GroupRow[] = [];
  for (const instance of before) all.push(...(await readLane(context, lane, instance)).values());
  return all.filter((row) => row.key.length === key.length && (row.window === null) === (windowMs === null));
};

/** Of a fold and what is stored: rows that are written as they were folded, groups that are no more, and groups that only get a new revision. */
const compare = (
  folded: Rows,
  stored: Rows,
  { frozen, goesLive, renews }: { readonly frozen: ReadonlySet<string>; readonly goesLive: boolean; readonly renews: boolean },
) => {
  const isNew = goesLive || renews;
  const left = [...stored.values()].filter(({ group }) => !folded.has(group) || (frozen.has(group) && !goesLive));
  return {
    rows: [...folded.values()].filter((row) => (goesLive || !frozen.has(row.group)) && (isNew || differs(stored.get(row.group), row))),
    vanished: left.filter(({ group, status }) => status !== 'gone' && !frozen.has(group)),
    kept: left.filter(({ group, status }) => isNew && (frozen.has(group) || status === 'gone')),
  };
};

const differs = (before: GroupRow | undefined, after: GroupRow): boolean =>
  before === undefined || before.status !== after.status || JSON.stringify(before.states) !== JSON.stringify(after.states);

const readLane = async ({ warehouse }: LaneContext, lane: Lane, instance: string): Promise<ReadonlyMap<string, GroupRow>> => {
  const rows = new Map<string, GroupRow>();
  let from = 0;
  let after: string | null = null;
  for (;;) {
    const page: readonly GroupRow[] = await warehouse.committed.readGroupsByRevision(
      instance,
      lane.key.lane,
      from,
      Number.MAX_SAFE_INTEGER,
      after,
      pageMax,
    );
    for (const row of page) rows.set(row.group, row);
    const last = page.at(-1);
    if (last === undefined || page.length < pageMax) return rows;
    from = last.revision;
    after = last.group;
  }
};
