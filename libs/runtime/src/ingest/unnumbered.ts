import { brokerTime } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import { Failure, type Delivery, type IngestPhase, type Position, type SentMessage } from '@dsf/ports';
import { addCounts, noCounts, openLane, type Lane } from '../lane.ts';
import { compileOnce } from '../plan-cache.ts';
import { reportRefusals } from '../report-refusals.ts';
import { payloadBytes, startStages } from '../stages.ts';
import type { Attempt, LaneContext, LaneWork } from '../work.ts';
import { positionOf, refusalOf, sendRaw, type IngestLane } from './step.ts';

/*
 * Sources that do not number their messages (delivery rule 6). Offsets are counted in the lane's row, under its compare-and-set, together with
 * the raw rows and the ids of the messages, which are unique per source. Every replica uses every lane, so it takes the seq that it finds.
 */

/** How often a turn is tried again at once when another replica was quicker; then with a pause, as after any failure. */
const triesMax = 20;
/**
 * Ids are kept for longer than a source can send a message again. Pub/Sub: 31 days in topic and subscription, and 7 in a snapshot:
 * https://cloud.google.com/pubsub/docs/replay-overview
 */
const idsKeptMs = 40 * 86_400_000;

const idOf = ({ id, offset }: Delivery): string => {
  if (id === undefined) throw new Failure('fatal', 'transport.failed', `message ${offset} of a source without offsets has no id`, {});
  return id;
};

/** Messages that the source has not had, in their order, each once. */
const freshOf = (deliveries: readonly Delivery[], known: ReadonlySet<string>): readonly Delivery[] => {
  const seen = new Set(known);
  return deliveries.filter((delivery) => {
    const id = idOf(delivery);
    const isFresh = !seen.has(id);
    seen.add(id);
    return isFresh;
  });
};

interface Turn {
  readonly catalog: Catalog;
  /** Numbered by the lane. */
  readonly deliveries: readonly Delivery[];
  /** Messages of the batch that were known. */
  readonly duplicates: number;
  readonly refuse: Attempt['refuse'];
}

const createStep = <Plan>(context: LaneContext, phase: IngestPhase<Plan>, lane: Lane, at: IngestLane) => {
  const { clock, telemetry, tools } = context;
  const compile = compileOnce((catalog: Catalog) => phase.compile(catalog, tools));
  return async ({ catalog, deliveries, duplicates, refuse }: Turn): Promise<void> => {
    const stages = startStages(clock);
    const before = positionOf(lane, at);
    const { source, partition, next: from } = before;
    const rows = refuse === null ? phase.apply(compile(catalog), { source, partition, deliveries, ingestedAt: clock.now() }) : [];
    const refusals =
      refuse === null ? [] : deliveries.map(({ offset }) => refusalOf({ source, partition, offset }, catalog.version, refuse));
    const messages: readonly SentMessage[] = deliveries.map((delivery) => ({
      id: idOf(delivery),
      offset: delivery.offset,
      time: brokerTime(delivery.time),
    }));
    const time = messages.reduce((highest, message) => Math.max(highest, message.time), before.time ?? Number.NEGATIVE_INFINITY);
    const counters = addCounts(before.counters, { written: rows.length, failed: refusals.length, duplicates });
    const to = from + deliveries.length;
    const after: Position = { ...before, next: to, time, idle: false, version: catalog.version, counters };
    stages.end('decide');
    await lane.transact({ positions: [after] }, async (transaction) => {
      await transaction.writeMessages({ source, partition }, messages);
      await transaction.writeRaw(rows);
      if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
      // Twice as many as came, so that they never pile up.
      await transaction.forgetMessages({ source, partition }, clock.now() - idsKeptMs, 2 * deliveries.length);
    });
    stages.end('write');
    const bytes = await sendRaw(context, lane, { source, partition, from, to, version: catalog.version, time, idle: false, items: rows });
    stages.end('send');
    telemetry.emit({
      ...{ name: 'batch', phase: 'ingest', lane: lane.name, received: deliveries.length, written: rows.length, failed: refusals.length },
      ...{ filtered: 0, duplicates, sent: 1, bytes, writtenBytes: payloadBytes(rows), ms: stages.ms(), stages: stages.times() },
    });
    reportRefusals(telemetry, { phase: 'ingest', lane: lane.name, refusals });
  };
};

/** @throws Failure `fatal` `ingest.source-changed` when ids mean other messages now */
const begin = async ({ catalogs }: LaneContext, lane: Lane, { source, transport, partition }: IngestLane): Promise<void> => {
  const cluster = await transport.clusterId();
  const { cluster: known } = lane.facts();
  const { name } = source.definition;
  if (known !== undefined && known !== cluster)
    throw new Failure(
      'fatal',
      'ingest.source-changed',
      `source ${name}, subscription ${source.topic}: it was read at ${String(known)}, and is to be read at ${cluster} now. Ids mean other messages there. Define a source with a new name for it.`,
      { source: name, topic: source.topic, partition },
    );
  if (lane.position({ source: source.id, partition }) !== undefined) return;
  const { version } = await catalogs.current();
  const position: Position = { source: source.id, partition, next: 0, start: 0, time: null, idle: false, version, counters: noCounts };
  await lane.transact({ positions: [position], facts: { cluster, topic: source.topic } }, async () => undefined);
};

const isLost = (error: unknown): boolean => error instanceof Failure && error.code === 'lane.lost';

/** Ingest of one lane of a source without offsets: store every message once, exactly as received, and pass it on. */
export const createUnnumberedWork = <Plan>(context: LaneContext, phase: IngestPhase<Plan>, at: IngestLane): LaneWork => {
  const { source, partition } = at;
  const lane = openLane(context.warehouse, { phase: 'ingest', source: source.id, lane: partition });
  const step = createStep(context, phase, lane, at);
  /** Where the lane stood when it last said so; it has not moved since, by whomever: nothing comes. */
  let announced: number | null = null;

  const takeTurn = async (
    deliveries: readonly Delivery[],
    { catalog, attempt, isFirst }: { readonly catalog: Catalog; readonly attempt: Attempt; readonly isFirst: boolean },
  ): Promise<boolean> => {
    await lane.recheck();
    const known = new Set(await context.warehouse.committed.readMessages(source.id, deliveries.map(idOf)));
    const unknown = freshOf(deliveries, known);
    const fresh = unknown.slice(0, attempt.recordsMax);
    if (fresh.length === 0) return false;
    const { next } = positionOf(lane, at);
    const numbered = fresh.map((delivery, index) => ({ ...delivery, offset: next + index }));
    const duplicates = isFirst ? deliveries.length - unknown.length : 0;
    await step({ catalog, deliveries: numbered, duplicates, refuse: attempt.refuse });
    return true;
  };
  const announce = async (): Promise<void> => {
    const before = positionOf(lane, at);
    const idle = announced === before.next;
    announced = before.next;
    if (idle && !before.idle) await lane.transact({ positions: [{ ...before, idle }] }, async () => undefined);
    const { next, time } = before;
    const { version } = await context.catalogs.current();
    await sendRaw(context, lane, { source: source.id, partition, from: next, to: next, version, time, idle, items: [] });
  };

  return {
    lane,
    announce,
    chores: async () => undefined,
    pause: async () => undefined,
    claimed: async () => {
      await begin(context, lane, at);
      await announce();
    },
    goOn: async () => undefined,
    async handle(deliveries, attemptBy) {
      const catalog = await context.catalogs.current();
      const attempt = attemptBy(catalog.version);
      let { refuse } = attempt;
      let isFirst = true;
      for (let tries = 0; ;) {
        try {
          if (!(await takeTurn(deliveries, { catalog, attempt: { ...attempt, refuse }, isFirst }))) return;
          refuse = null;
          isFirst = false;
        } catch (error) {
          tries += 1;
          if (!isLost(error) || tries > triesMax) throw error;
        }
      }
    },
  };
};
