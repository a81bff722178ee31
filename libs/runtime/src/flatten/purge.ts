import type { SourcePartition } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import { Failure, type LaneKey, type LaneReads, type Position, type Request, type RequestBody } from '@dsf/ports';
import { horizonOf, withHorizon } from '../horizon.ts';
import type { Lane } from '../lane.ts';
import type { LaneContext } from '../work.ts';

/** Records whose rows go in one transaction: few enough that nobody who writes waits long for it. */
const recordsMax = 500;
/** Transactions between two batches. */
const turnsMax = 10;
const requestsMax = 100;

type PurgeBody = Extract<RequestBody, { kind: 'purge' }>;

interface Purge {
  readonly request: Request;
  readonly body: PurgeBody;
  readonly position: Position;
  readonly lanes: number;
}

const isPurge = (request: Request): request is Request & { readonly body: PurgeBody } => request.body.kind === 'purge';

/** Carries out the purges that were asked for, a bounded part of each at a time; what is not done is gone on with after the next batch. */
export const carryOutPurges = async (context: LaneContext, lane: Lane, { settings }: Catalog): Promise<void> => {
  const requests = await context.warehouse.committed.readRequests(lane.key, requestsMax);
  let done = 0;
  for (const request of requests.filter(isPurge)) {
    const { body } = request;
    const position = lane.position(body);
    // Nothing was flattened, so nothing may go.
    if (position === undefined) await lane.transact({}, (transaction) => transaction.closeRequests([request.id], context.clock.now()));
    else if (!(await purge(context, lane, { request, body, position, lanes: settings.lanes }))) continue;
    done += 1;
  }
  if (done > 0) context.telemetry.emit({ name: 'request', phase: 'flatten', lane: lane.name, kind: 'purge', count: done });
};

/** @returns false when the request stays open: lanes still have to let go, or there is more to delete */
const purge = async (context: LaneContext, lane: Lane, task: Purge): Promise<boolean> => {
  if (task.body.rows === 'raw') await raiseRaw(context, lane, task);
  else if (!(await raiseFlat(context, lane, task))) return false;
  return deleteBelow(context, lane, task);
};

/** The first record that must stay: young enough, needed by a request or a failure, or not had yet. */
const firstKept = async ({ warehouse }: LaneContext, { body, position }: Purge, from: number): Promise<number> => {
  const since = await warehouse.committed.findSince(body.rows, { ...body, from, to: position.next }, body.before);
  const needed = await warehouse.committed.readNeeded(body);
  return Math.min(position.next, since ?? position.next, needed ?? position.next);
};

/** What was asked for since the horizon was decided counts, too. @throws Failure `retry` `retention.needed` */
const assertUnneeded = async (reads: LaneReads, at: SourcePartition, below: number): Promise<void> => {
  const needed = await reads.readNeeded(at);
  if (needed === null || needed >= below) return;
  throw new Failure('retry', 'retention.needed', `record ${needed} below the horizon ${below} is needed again`, { ...at, needed, below });
};

/** Raw rows are read by this lane alone, for refills and replays. */
const raiseRaw = async (context: LaneContext, lane: Lane, task: Purge): Promise<void> => {
  const { source, partition } = task.body;
  const from = Math.max(task.position.start, horizonOf(lane.facts(), 'raw', task.body));
  const below = await firstKept(context, task, from);
  if (below <= from) return;
  const facts = withHorizon(lane.facts(), 'raw', { source, partition, below });
  await lane.transact({ facts }, (transaction) => assertUnneeded(transaction, { source, partition }, below));
};

const summariseLane = (lane: number): LaneKey => ({ phase: 'summarise', source: 0, lane });

/** Where the summarise lane that has come least far stands: it may have to refill from there. */
const lowestOf = async ({ warehouse }: LaneContext, { position, lanes }: Purge): Promise<number> => {
  let lowest = Number.MAX_SAFE_INTEGER;
  for (let lane = 0; lane < lanes; lane += 1) {
    const { positions } = await warehouse.loadLane(summariseLane(lane));
    const own = positions.find(({ source, partition }) => source === position.source && partition === position.partition);
    lowest = Math.min(lowest, own?.next ?? position.start);
  }
  return lowest;
};

const haveLetGo = async ({ warehouse }: LaneContext, { body, lanes }: Purge, below: number): Promise<boolean> => {
  for (let lane = 0; lane < lanes; lane += 1) {
    const { facts } = await warehouse.loadLane(summariseLane(lane));
    if (horizonOf(facts, 'folds', body) < below) return false;
  }
  return true;
};

/**
 * Flat rows are what groups are made of, so each summarise lane first freezes the groups that reach below the horizon, and from then on reads
 * no row there. Only when all of them have is it the horizon.
 * @returns false while they have not
 */
const raiseFlat = async (context: LaneContext, lane: Lane, task: Purge): Promise<boolean> => {
  const { source, partition } = task.body;
  const current = Math.max(task.position.start, horizonOf(lane.facts(), 'flat', task.body));
  const wanted = horizonOf(lane.facts(), 'wanted', task.body);
  if (wanted > current) {
    if (!(await haveLetGo(context, task, wanted))) return false;
    await lane.transact({ facts: withHorizon(lane.facts(), 'flat', { source, partition, below: wanted }) }, async () => undefined);
    return true;
  }
  const below = Math.min(await lowestOf(context, task), await firstKept(context, task, current));
  if (below <= current) return true;
  await lane.transact({ facts: withHorizon(lane.facts(), 'wanted', { source, partition, below }) }, async (transaction) => {
    await assertUnneeded(transaction, { source, partition }, below);
    await transaction.writeRequests(freezeRequests({ source, partition }, below, task.lanes), context.clock.now());
  });
  return false;
};

const freezeRequests = (at: SourcePartition, below: number, lanes: number): readonly Omit<Request, 'id'>[] =>
  Array.from({ length: lanes }, (_, lane) => ({ lane: summariseLane(lane), body: { kind: 'freeze', ...at, below } }));

/** Deletes what lies below the horizon, in transactions of their own. @returns whether all of it has gone */
const deleteBelow = async (context: LaneContext, lane: Lane, { request, body, position }: Purge): Promise<boolean> => {
  const { source, partition, rows } = body;
  const range = { source, partition, from: 0, to: Math.max(position.start, horizonOf(lane.facts(), rows, body)) };
  for (let turns = 0; turns < turnsMax; turns += 1) {
    if (context.giveUp.aborted) return false;
    const isLast = await lane.transact({}, async (transaction) => {
      const gone = await transaction.purge(rows, range, recordsMax);
      if (gone < recordsMax) await transaction.closeRequests([request.id], context.clock.now());
      return gone < recordsMax;
    });
    if (isLast) return true;
  }
  return false;
};
