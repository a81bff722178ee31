import { decodeSummaryRange, type GroupChange, type Range } from '@dsf/messages';
import type { Catalog, CatalogPublication } from '@dsf/metadata';
import type { GroupRow, PublishPhase, RecordFailure } from '@dsf/ports';
import { join, type Piece } from './join.ts';
import { addCounts, noCounts, openLane } from './lane.ts';
import { sendMessages } from './outbox.ts';
import { compileOnce } from './plan-cache.ts';
import { decodeRanges, newestVersion } from './receive.ts';
import type { LaneContext, LaneWork } from './work.ts';

/** Groups read from the state at once. */
const pageMax = 5000;

type Change = GroupChange & { readonly offset: number };

const decodeChanges = (body: Uint8Array | null): Range<Change> => {
  const { items, ...frame } = decodeSummaryRange(body);
  return items === undefined ? frame : { ...frame, items: items.map((change) => ({ ...change, offset: change.revision })) };
};

/**
 * Publish of one lane: the current state of each changed group, as a document, to its output topic. The position of a publication is a
 * revision, committed after the send: a crash sends again what was sent already, equal to the last byte (delivery rule 9).
 */
export const createPublishWork = <Plan>(context: LaneContext, phase: PublishPhase<Plan>, laneNumber: number): LaneWork => {
  const { warehouse, catalogs, clock, telemetry, tools } = context;
  const lane = openLane(warehouse, { phase: 'publish', source: 0, lane: laneNumber });
  const compile = compileOnce((catalog: Catalog) => phase.compile(catalog, tools));
  const sending = { ...context, lane: lane.name };
  const ensured = new Set<string>();
  let adopted = '';

  const instanceFact = (publication: CatalogPublication): string => `instance:${publication.id}`;
  /** The position of a publication; it begins anew when its driver became another instance. */
  const nextOf = (publication: CatalogPublication): number =>
    lane.facts()[instanceFact(publication)] === publication.driver.instance ? (lane.position({ source: publication.id, partition: laneNumber })?.next ?? 0) : 0;

  /** Sends the documents of `changes`, then commits how far the publication has come. */
  const publish = async (catalog: Catalog, publication: CatalogPublication, part: { readonly changes: readonly GroupChange[]; readonly next: number; readonly refilled: boolean }): Promise<void> => {
    const startedAt = clock.now();
    const effects = phase.apply(compile(catalog), publication.id, part.changes);
    const transport = context.transport(publication.definition.transport);
    if (effects.messages.length > 0 && !(await sendMessages(sending, transport, publication.topic, effects.messages))) return;
    const at = { source: publication.id, partition: laneNumber };
    const before = lane.position(at) ?? { ...at, next: 0, start: 0, time: null, idle: false, version: 0, counters: noCounts };
    const counts = { written: effects.messages.length, failed: effects.refusals.length, refills: part.refilled ? 1 : 0 };
    const position = { ...before, next: part.next, version: catalog.version, counters: addCounts(before.counters, counts) };
    const facts = { ...lane.facts(), [instanceFact(publication)]: publication.driver.instance };
    const refusals = effects.refusals.map(({ change, code, detail }): RecordFailure => ({ phase: 'publish', ...at, offset: change.revision, scope: JSON.stringify([change.key, change.window]), code, path: null, detail, version: catalog.version }));
    await lane.transact({ positions: [position], facts }, async (transaction) => {
      if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
    });
    if (part.changes.length === 0) return;
    const bytes = effects.messages.reduce((sum, { body }) => sum + (body?.byteLength ?? 0), 0);
    telemetry.emit({ name: 'batch', phase: 'publish', lane: lane.name, received: part.changes.length, written: effects.messages.length, failed: effects.refusals.length, filtered: 0, duplicates: 0, sent: effects.messages.length, bytes, ms: clock.now() - startedAt });
  };

  /** Publishes from the state every group with a revision at or above the publication's position and below `to`. */
  const publishFromState = async (catalog: Catalog, publication: CatalogPublication, part: { readonly to: number; readonly refilled: boolean }): Promise<void> => {
    const { instance } = publication.driver;
    let after: string | null = null;
    for (let from = nextOf(publication); ; ) {
      const page: readonly GroupRow[] = await warehouse.committed.readGroupsByRevision(instance, laneNumber, from, part.to, after, pageMax);
      const last = page.at(-1);
      const complete = last === undefined || page.length < pageMax;
      // A page may end inside a revision; a crash here then sends that revision's groups again.
      await publish(catalog, publication, { changes: page, next: complete ? Math.max(part.to, nextOf(publication)) : last.revision, refilled: part.refilled && complete });
      if (complete) return;
      from = last.revision;
      after = last.group;
    }
  };

  /** On being given the lane, and for a new publication: what the state has and the position does not (delivery rule 9). */
  const catchUp = async (catalog: Catalog): Promise<void> => {
    const marker = `${lane.epoch()}:${catalog.version}`;
    if (adopted === marker) return;
    await warehouse.ensureSummaryTables(catalog.drivers);
    for (const publication of catalog.publications) {
      if (!ensured.has(publication.topic)) await context.transport(publication.definition.transport).ensureTopic(publication.topic, publication.definition.partitions);
      ensured.add(publication.topic);
      const { seq } = await warehouse.loadLane({ phase: 'summarise', source: 0, lane: laneNumber });
      await publishFromState(catalog, publication, { to: seq + 1, refilled: false });
    }
    adopted = marker;
  };

  const takePiece = async (catalog: Catalog, publication: CatalogPublication, piece: Piece<Change>): Promise<void> => {
    if (piece.content.kind === 'refill') {
      telemetry.emit({ name: 'refill', phase: 'publish', lane: lane.name, source: publication.id, partition: laneNumber, from: piece.from, to: piece.to });
      await publishFromState(catalog, publication, { to: piece.to, refilled: true });
      return;
    }
    const changes = piece.content.items.filter(({ instance }) => instance === publication.driver.instance);
    await publish(catalog, publication, { changes, next: piece.to, refilled: false });
  };

  return {
    lane,
    announce: async () => undefined,
    pause: async () => undefined,
    claimed: async () => catchUp(await catalogs.current()),
    chores: async () => catchUp(await catalogs.current()),
    async handle(deliveries, attempt) {
      const ranges = decodeRanges(context, lane, deliveries, decodeChanges);
      const catalog = await catalogs.atLeast(newestVersion(ranges));
      await catchUp(catalog);
      for (const publication of catalog.publications) {
        for (;;) {
          const { pieces } = join(ranges, () => nextOf(publication), attempt.recordsMax);
          if (pieces.length === 0) break;
          for (const piece of pieces) await takePiece(catalog, publication, piece);
        }
      }
    },
  };
};
