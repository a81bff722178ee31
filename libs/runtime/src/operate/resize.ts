import { groupLane, rawLane } from '@dsf/messages';
import { buildCatalog, driverOf } from '@dsf/metadata';
import {
  Failure,
  type AdminTransaction,
  type Clock,
  type GroupPlace,
  type MetadataStore,
  type PhaseName,
  type Request,
  type StoredLane,
  type Transport,
  type Warehouse,
} from '@dsf/ports';
import { held, holdOf, lanesOf, released, targetOf, withPublished, type Hold } from '../topology.ts';
import { topics } from '../hops.ts';
import { catalogInForce, checks } from './catalog-in-force.ts';
import { movedLanes } from './moved-lanes.ts';
import { whatIsLeft } from './what-is-left.ts';

/** What a resize works with. */
export interface ResizeContext {
  readonly warehouse: Warehouse;
  readonly internal: Transport;
  readonly clock: Clock;
  readonly metadata: MetadataStore;
  /** Says what is being waited for. */
  readonly waiting: (reason: string) => void;
  readonly pollMs: number;
}

const resized: readonly PhaseName[] = ['flatten', 'summarise', 'publish'];
/** Groups moved in one transaction. */
const groupsMax = 2000;

const isResized = ({ phase }: StoredLane): boolean => resized.includes(phase);

/**
 * Changes the number of lanes while sources go on (Scale): flatten takes nothing new until all lanes of summarise and publish have what it
 * committed; then all three are held, groups and positions move, every seq rises to one that is higher than all, and they go on under a version
 * with the new number. Each step is a fact of the lanes, committed before the next begins: killed anywhere, the same call goes on.
 * @throws Failure `fatal` `resize.other-target` when another resize is under way
 * @returns false when `signal` aborted while it waited; the lanes are then still held
 */
export const resizeLanes = async (context: ResizeContext, lanes: number, signal: AbortSignal): Promise<boolean> => {
  const { warehouse, internal } = context;
  const { settings } = await catalogInForce(context.metadata);
  const underWay = await warehouse.administer(async (transaction) => targetOf((await resizedLanes(transaction))[0]?.facts ?? {}));
  if (underWay !== null && underWay !== lanes)
    throw new Failure(
      'fatal',
      'resize.other-target',
      `a resize to ${underWay} lanes is under way: let it end with \`dsf topics resize --lanes ${underWay}\` first`,
      {
        underWay,
        lanes,
      },
    );
  if (underWay === null && settings.lanes === lanes) return true;
  if (!(await hasMoved(context, lanes))) {
    for (const topic of Object.values(topics)) {
      await internal.ensureTopic(topic, settings.lanes);
      await internal.growTopic(topic, lanes);
    }
    await hold(context, { phases: ['flatten'], how: 'intake', target: lanes, lanes: settings.lanes });
    if (!(await drain(context, lanes, signal))) return false;
    await moveGroups(context, lanes);
    await warehouse.administer(async (transaction) => {
      const all = await ours(transaction, lanes);
      for (const lane of movedLanes(all, lanes)) await transaction.writeLane(lane);
    });
  }
  await warehouse.administer((transaction) => ours(transaction, lanes));
  await activateLanes(context, lanes);
  await release(context, lanes);
  return true;
};

/** The version in force, whatever it has become since the resize began, with the new number. */
const activateLanes = async ({ metadata, clock }: ResizeContext, lanes: number): Promise<void> => {
  const made = await metadata.activate({
    lanes,
    comment: `resize to ${lanes} lanes`,
    now: clock.now(),
    check: (snapshot, version) => buildCatalog(snapshot, version, checks),
  });
  if (made.kind !== 'refused') return;
  const why = made.problems.map(({ message }) => message).join('; ');
  throw new Failure(
    'fatal',
    'resize.refused',
    `the definitions in force do not make a version with ${lanes} lanes: ${why}. Mend them, activate them, then run the resize again: it goes on.`,
    { lanes },
  );
};

const resizedLanes = async (transaction: AdminTransaction): Promise<readonly StoredLane[]> => (await transaction.lanes()).filter(isResized);

const isMoved = (all: readonly StoredLane[], lanes: number): boolean =>
  all.length > 0 && all.every(({ facts }) => holdOf(facts) === 'all' && lanesOf(facts) === lanes);

const hasMoved = ({ warehouse }: ResizeContext, lanes: number): Promise<boolean> =>
  warehouse.administer(async (transaction) => isMoved(await resizedLanes(transaction), lanes));

interface Holding {
  readonly phases: readonly PhaseName[];
  readonly how: Hold;
  readonly target: number;
  /** As many as there are until it ends. */
  readonly lanes: number;
  /** Publications of the version by which nothing was left: those alone have come through. Default: none was looked at. */
  readonly published?: readonly number[];
}

/** Two commands may run at once; the slower one must not go on with what the other has ended. @throws Failure `retry` `resize.overtaken` */
const ours = async (transaction: AdminTransaction, target: number): Promise<readonly StoredLane[]> => {
  const all = await resizedLanes(transaction);
  const isOurs = all.some(({ facts }) => targetOf(facts) === target) && all.every(({ facts }) => [null, target].includes(targetOf(facts)));
  if (!isOurs) throw new Failure('retry', 'resize.overtaken', 'another command has ended this resize', { target });
  return all;
};

const holdAll = async (transaction: AdminTransaction, { phases, how, target, lanes, published = [] }: Holding): Promise<void> => {
  const factsOf = (phase: PhaseName, facts: StoredLane['facts']): StoredLane['facts'] =>
    phase === 'publish' ? withPublished(held(facts, how, target), published) : held(facts, how, target);
  const all = await resizedLanes(transaction);
  for (const lane of all) {
    if (!phases.includes(lane.phase) || holdOf(lane.facts) === how || holdOf(lane.facts) === 'all') continue;
    await transaction.writeLane({ ...lane, seq: lane.seq + 1, facts: factsOf(lane.phase, lane.facts) });
  }
  // Lanes that nobody has begun yet must not be begun meanwhile.
  for (const phase of phases) {
    for (let lane = 0; lane < lanes; lane += 1) {
      if (all.some((one) => one.phase === phase && one.lane === lane)) continue;
      await transaction.writeLane({ phase, source: 0, lane, seq: 1, positions: [], facts: factsOf(phase, {}), live: [] });
    }
  }
};

const hold = ({ warehouse }: ResizeContext, holding: Holding): Promise<void> =>
  warehouse.administer((transaction) => holdAll(transaction, holding));

/** Waits until nothing is on its way behind flatten, and holds all three phases in the transaction that sees it. */
const drain = async (context: ResizeContext, target: number, signal: AbortSignal): Promise<boolean> => {
  for (let said = ''; !signal.aborted;) {
    const catalog = await catalogInForce(context.metadata);
    const left = await context.warehouse.administer(async (transaction) => {
      const all = await ours(transaction, target);
      const reason = all.every(({ facts }) => holdOf(facts) === 'all') ? null : whatIsLeft(all, await transaction.readRequests(), catalog);
      const published = catalog.publications.map(({ id }) => id);
      if (reason === null) await holdAll(transaction, { phases: resized, how: 'all', target, lanes: catalog.settings.lanes, published });
      return reason;
    });
    if (left === null) return true;
    if (left !== said) context.waiting(left);
    said = left;
    await context.clock.sleep(context.pollMs, signal);
  }
  return false;
};

/** In pages, because nobody works meanwhile: a page that has moved already moves nowhere. Also the groups of instances that are no longer live. */
const moveGroups = async ({ warehouse }: ResizeContext, lanes: number): Promise<void> => {
  const instances = await warehouse.administer((transaction) => transaction.instances());
  for (const instance of instances) {
    let after: string | null = null;
    for (;;) {
      const from: string | null = after;
      const page: readonly GroupPlace[] = await warehouse.administer(async (transaction) => {
        await ours(transaction, lanes);
        const places = await transaction.readGroupPlaces(instance, from, groupsMax);
        const moved = places.map(({ group, key }) => ({ group, lane: groupLane(driverOf(instance), key, lanes) }));
        await transaction.moveGroups(
          instance,
          moved.filter(({ lane }, index) => lane !== places[index]?.lane),
        );
        return places;
      });
      if (page.length < groupsMax) break;
      after = page.at(-1)?.group ?? null;
    }
  }
};

/** Lets the lanes go on, and gives what was asked meanwhile to the lanes that it now concerns. */
const release = async ({ warehouse, clock }: ResizeContext, lanes: number): Promise<void> => {
  await warehouse.administer(async (transaction) => {
    await ours(transaction, lanes);
    const requests = await transaction.readRequests();
    await transaction.closeRequests(
      requests.map(({ id }) => id),
      clock.now(),
    );
    await transaction.writeRequests(placed(requests, lanes), clock.now());
    for (const lane of await resizedLanes(transaction)) {
      if (holdOf(lane.facts) !== null) await transaction.writeLane({ ...lane, seq: lane.seq + 1, facts: released(lane.facts) });
    }
  });
};

/** Each request once for every lane that has to carry it out. */
const placed = (requests: readonly Request[], lanes: number): readonly Omit<Request, 'id'>[] => {
  const all = Array.from({ length: lanes }, (_, lane) => lane);
  const unique = new Map<string, Omit<Request, 'id'>>();
  for (const { body } of requests) {
    const isOfFlatten = body.kind === 'replay' || body.kind === 'purge';
    const numbers = isOfFlatten
      ? [rawLane(body, lanes)]
      : body.kind === 'recompute'
        ? [groupLane(driverOf(body.instance), body.key, lanes)]
        : all;
    for (const lane of numbers) {
      const key = { phase: isOfFlatten ? 'flatten' : 'summarise', source: 0, lane } as const;
      unique.set(`${lane} ${JSON.stringify(body)}`, { lane: key, body });
    }
  }
  return [...unique.values()];
};
