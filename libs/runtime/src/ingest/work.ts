import type { Delivery, IngestPhase, PartitionFeed } from '@dsf/ports';
import { addCounts, openLane } from '../lane.ts';
import type { LaneContext, LaneWork } from '../work.ts';
import { checkSource, resolveStart } from './start.ts';
import { createUnnumberedWork } from './unnumbered.ts';
import { createIngestStep, positionOf, sendRaw, type IngestLane } from './step.ts';

/** Those at or above the offset, at most so many; mostly that is all of them, as they are. */
const above = (deliveries: readonly Delivery[], offset: number, max: number): readonly Delivery[] => {
  const start = deliveries.findIndex((delivery) => delivery.offset >= offset);
  if (start === 0 && deliveries.length <= max) return deliveries;
  return start < 0 ? [] : deliveries.slice(start, start + max);
};

/** Ingest of one source partition: store every message exactly as received, with its position, then pass it on. */
export const createIngestWork = <Plan>(context: LaneContext, phase: IngestPhase<Plan>, at: IngestLane): LaneWork =>
  at.transport.capabilities.offsets === 'assigned' ? createUnnumberedWork(context, phase, at) : createNumberedWork(context, phase, at);

const createNumberedWork = <Plan>(context: LaneContext, phase: IngestPhase<Plan>, at: IngestLane): LaneWork => {
  const { source, partition } = at;
  const lane = openLane(context.warehouse, { phase: 'ingest', source: source.id, lane: partition });
  let current: PartitionFeed | null = null;
  const step = createIngestStep(context, phase, lane, { ...at, fetched: () => current?.fetched?.() ?? null });

  /** Goes past what holds no record, such as the mark of a transaction: else the source would look unread for ever. */
  const passOver = async (): Promise<void> => {
    const before = positionOf(lane, at);
    const next = current?.passed?.() ?? before.next;
    if (next <= before.next) return;
    const { end } = await at.transport.bounds(source.topic, partition);
    const counters = addCounts(before.counters, { absent: next - before.next });
    await lane.transact({ positions: [{ ...before, next, idle: next >= end, counters }] }, async () => undefined);
  };
  const announce = async (): Promise<void> => {
    const { next: from } = positionOf(lane, at);
    await passOver();
    const { next: to, time, idle } = positionOf(lane, at);
    const { version } = await context.catalogs.current();
    await sendRaw(context, lane, { source: source.id, partition, from, to, version, time, idle, items: [] });
  };

  const begin = async (feed: PartitionFeed): Promise<void> => {
    if (lane.position({ source: source.id, partition }) === undefined) await resolveStart(context, lane, at);
    await checkSource(context, lane, at, feed);
    feed.seek(positionOf(lane, at).next);
    current = feed;
    await announce();
  };

  return {
    lane,
    announce,
    chores: async () => undefined,
    pause: async () => undefined,
    claimed: begin,
    goOn: begin,
    async handle(deliveries, attemptBy) {
      const catalog = await context.catalogs.current();
      const { recordsMax, refuse } = attemptBy(catalog.version);
      let refusal = refuse;
      for (;;) {
        const { next } = positionOf(lane, at);
        const fresh = above(deliveries, next, recordsMax);
        if (fresh.length === 0) return;
        await step(catalog, fresh, refusal);
        refusal = null;
      }
    },
  };
};
