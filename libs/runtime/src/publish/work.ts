import type { GroupChange, Range } from '@dsf/messages';
import type { Catalog, CatalogPublication } from '@dsf/metadata';
import type { GroupRow, PublishPhase } from '@dsf/ports';
import { summaryHop } from '../hops.ts';
import { join, type Piece } from '../join.ts';
import { openLane, type Lane } from '../lane.ts';
import { databaseOlder, decodeRanges, newestVersion } from '../receive.ts';
import type { LaneContext, LaneWork } from '../work.ts';
import { createOutlets, type Outlets } from './outlets.ts';
import { createPublishStep, nextRevision } from './step.ts';

/** Groups read from the state at once. */
const pageMax = 5000;

type Step = ReturnType<typeof createPublishStep>;
type Change = GroupChange & { readonly offset: number };

/** A summary range with its revisions as offsets, so that it joins on like any other. */
const changesOf = ({ items, ...frame }: Range<GroupChange>): Range<Change> =>
  items === undefined ? frame : { ...frame, items: items.map((change) => ({ ...change, offset: change.revision })) };

/** Publish of one lane: the current state of each changed group, as a document, to the output topic of each publication. */
export const createPublishWork = <Plan>(context: LaneContext, phase: PublishPhase<Plan>, laneNumber: number): LaneWork => {
  const { catalogs, telemetry } = context;
  const lane = openLane(context.warehouse, { phase: 'publish', source: 0, lane: laneNumber });
  const summariseLane = { phase: 'summarise', source: 0, lane: laneNumber } as const;
  const outlets = createOutlets(context, lane);
  const step = createPublishStep(context, phase, lane, outlets);
  const catchUp = createCatchUp(context, lane, { step, outlets });

  const take = async (catalog: Catalog, publication: CatalogPublication, piece: Piece<Change>): Promise<void> => {
    const { from, to, content } = piece;
    if (content.kind !== 'items') {
      const { seq } = await context.warehouse.loadLane(summariseLane);
      if (seq + 1 < to) throw databaseOlder(piece, summariseLane, seq + 1);
      telemetry.emit({ name: 'refill', phase: 'publish', lane: lane.name, source: publication.id, partition: laneNumber, from, to });
      await publishState(context, lane, step, { catalog, publication, to, refilled: true });
      return;
    }
    const changes = content.items.filter(({ instance }) => instance === publication.driver.instance);
    await step(catalog, publication, { changes, next: to, refilled: false, time: piece.time });
  };

  return {
    lane,
    announce: async () => undefined,
    pause: async () => undefined,
    goOn: async (feed, start) => feed.seek(start),
    claimed: async () => void (await catchUp(await catalogs.current())),
    chores: async () => void (await catchUp(await catalogs.current())),
    async handle(deliveries, attempt) {
      const ranges = decodeRanges(context, lane, deliveries, summaryHop).map(changesOf);
      const catalog = await catalogs.atLeast(newestVersion(ranges));
      const { recordsMax } = attempt(catalog.version);
      for (const publication of await catchUp(catalog)) {
        const isDone = await outlets.attempt(catalog, publication, async () => {
          for (;;) {
            const { pieces } = join(ranges, () => nextRevision(lane, publication), recordsMax);
            if (pieces.length === 0) break;
            for (const piece of pieces) await take(catalog, publication, piece);
          }
        });
        if (!isDone) catchUp.again(publication);
      }
    },
  };
};

/** Publishes from the state every group with a revision at or above the publication's position and below `to`. */
const publishState = async (
  { warehouse }: LaneContext,
  lane: Lane,
  step: Step,
  {
    catalog,
    publication,
    to,
    refilled,
  }: { readonly catalog: Catalog; readonly publication: CatalogPublication; readonly to: number; readonly refilled: boolean },
): Promise<void> => {
  const { instance } = publication.driver;
  // Groups of an instance that was live before, and is not yet live again, are old news: each gets a new revision when it is.
  const isLive = (await warehouse.committed.readLiveInstances(lane.key.lane)).includes(instance);
  if (!isLive)
    return step(catalog, publication, { changes: [], next: Math.max(to, nextRevision(lane, publication)), refilled, time: null });
  let after: string | null = null;
  for (let from = nextRevision(lane, publication); ;) {
    const page: readonly GroupRow[] = await warehouse.committed.readGroupsByRevision(instance, lane.key.lane, from, to, after, pageMax);
    const last = page.at(-1);
    const complete = last === undefined || page.length < pageMax;
    // A page may end inside a revision; a crash here then sends that revision's groups again.
    const next = complete ? Math.max(to, nextRevision(lane, publication)) : last.revision;
    await step(catalog, publication, { changes: page, next, refilled: refilled && complete, time: null });
    if (complete) return;
    from = last.revision;
    after = last.group;
  }
};

/**
 * On being given the lane, and for a new publication or driver instance: first what the state has and the publication's position does not,
 * so that no document waits for a change that never comes, and none is overtaken by an older one (delivery rule 9).
 */
const createCatchUp = (context: LaneContext, lane: Lane, { step, outlets }: { readonly step: Step; readonly outlets: Outlets }) => {
  const { warehouse } = context;
  const caughtUp = new Map<number, string>();
  /** @returns the publications that may follow the topic from here; the others rest */
  const catchUp = async (catalog: Catalog): Promise<readonly CatalogPublication[]> => {
    const marker = `${lane.epoch()}:${catalog.version}`;
    outlets.keepOnly(catalog);
    const due = catalog.publications.filter(
      (publication) => caughtUp.get(publication.id) !== marker && outlets.isOpen(catalog, publication),
    );
    for (const publication of due) {
      const isDone = await outlets.attempt(catalog, publication, async () => {
        await outlets.begin(publication);
        const { seq } = await warehouse.loadLane({ phase: 'summarise', source: 0, lane: lane.key.lane });
        await publishState(context, lane, step, { catalog, publication, to: seq + 1, refilled: false });
      });
      if (isDone) caughtUp.set(publication.id, marker);
    }
    return catalog.publications.filter(({ id }) => caughtUp.get(id) === marker);
  };
  /** What it sends next comes from the state: others may have sent for it meanwhile. */
  const again = ({ id }: CatalogPublication): void => void caughtUp.delete(id);
  return Object.assign(catchUp, { again });
};
