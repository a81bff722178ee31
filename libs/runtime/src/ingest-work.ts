import { encodeRawRange, rawLane, type RawRange, type RawRecord } from '@dsf/messages';
import type { CatalogSource } from '@dsf/metadata';
import { Failure, type Delivery, type IngestPhase, type PartitionFeed, type Position, type RawRow, type RecordFailure, type Transport } from '@dsf/ports';
import { checkSource, resolveStart } from './ingest-start.ts';
import { addCounts, openLane } from './lane.ts';
import { sendRanges } from './outbox.ts';
import { topics, type Attempt, type LaneContext, type LaneWork } from './work.ts';

/** What identifies the lane of one source partition. */
export interface IngestLane {
  readonly source: CatalogSource;
  readonly transport: Transport;
  readonly partition: number;
}

/** Ingest of one source partition: store every message exactly as received, with its position, then pass it on. */
export const createIngestWork = <Plan>(context: LaneContext, phase: IngestPhase<Plan>, at: IngestLane): LaneWork => {
  const { warehouse, catalogs, clock, telemetry, tools } = context;
  const { source, transport, partition } = at;
  const lane = openLane(warehouse, { phase: 'ingest', source: source.id, lane: partition });
  const sending = { ...context, lane: lane.name };

  const position = (): Position => {
    const known = lane.position({ source: source.id, partition });
    if (known === undefined) throw new Failure('retry', 'lane.lost', `lane ${lane.name} has no position yet`);
    return known;
  };

  const send = async (range: RawRange): Promise<number> => {
    const { settings } = await catalogs.current();
    const encode = (withBody: boolean): Uint8Array => {
      const { items, ...frame } = range;
      return encodeRawRange(withBody && items !== undefined ? range : frame);
    };
    return sendRanges(sending, topics.raw, [{ lane: rawLane(range, settings.lanes), encode }]);
  };

  const announce = async (): Promise<void> => {
    const { next, time, idle } = position();
    const { version } = await catalogs.current();
    await send({ source: source.id, partition, from: next, to: next, version, time, idle, items: [] });
  };

  const toRecord = (delivery: Delivery, ingestedAt: number): RawRecord => {
    const { offset, time, timeType, key, headers, body } = delivery;
    return { source: source.id, partition, offset, time, timeType, ingestedAt, key, headers, payload: body };
  };

  const refusalOf = (record: RawRecord, version: number, { code, detail }: { readonly code: string; readonly detail: string }): RecordFailure => {
    const { offset } = record;
    return { phase: 'ingest', source: source.id, partition, offset, scope: '', code, path: null, detail, version };
  };

  /** One transaction: raw rows, position, and the last record's identity. */
  const store = async (records: readonly RawRecord[], refuse: Attempt['refuse']): Promise<void> => {
    const startedAt = clock.now();
    const catalog = await catalogs.current();
    const rows = refuse === null ? phase.apply(phase.compile(catalog, tools), records) : [];
    const refusals = refuse === null ? [] : records.map((record) => refusalOf(record, catalog.version, refuse));
    const before = position();
    const last = records.at(-1);
    if (last === undefined) return;
    const next = last.offset + 1;
    const { end } = await transport.bounds(source.topic, partition);
    const time = records.reduce((highest, record) => Math.max(highest, record.time), before.time ?? Number.NEGATIVE_INFINITY);
    const absent = next - before.next - records.length;
    const after: Position = {
      ...before,
      next,
      time,
      idle: next >= end,
      version: catalog.version,
      counters: addCounts(before.counters, { written: rows.length, failed: refusals.length, absent }),
    };
    await lane.transact({ positions: [after], facts: { ...lane.facts(), ...identityOf(rows.at(-1)) } }, async (transaction) => {
      await transaction.writeRaw(rows);
      await transaction.writeFailures(refusals, clock.now());
    });
    const bytes = await send({ source: source.id, partition, from: before.next, to: next, version: catalog.version, time, idle: after.idle, items: refuse === null ? records : [] });
    telemetry.emit({ name: 'batch', phase: 'ingest', lane: lane.name, received: records.length, written: rows.length, failed: refusals.length, filtered: 0, duplicates: 0, sent: 1, bytes, ms: clock.now() - startedAt });
  };

  return {
    lane,
    announce,
    chores: async () => undefined,
    pause: async () => undefined,
    async claimed(feed: PartitionFeed) {
      if (lane.position({ source: source.id, partition }) === undefined) await resolveStart(context, lane, at);
      await checkSource(context, lane, at, feed);
      feed.seek(position().next);
      await announce();
    },
    async handle(deliveries, { recordsMax, refuse }) {
      let refusal = refuse;
      for (;;) {
        const { next } = position();
        const fresh = deliveries.filter(({ offset }) => offset >= next).slice(0, recordsMax);
        if (fresh.length === 0) return;
        const ingestedAt = clock.now();
        await store(fresh.map((delivery) => toRecord(delivery, ingestedAt)), refusal);
        refusal = null;
      }
    },
  };
};

/** The last record's identity, by which a re-created or repointed source is noticed (delivery rule 5). */
const identityOf = (row: RawRow | undefined): { readonly lastOffset: number; readonly lastTime: number; readonly lastSha256: string | null } | undefined =>
  row === undefined ? undefined : { lastOffset: row.offset, lastTime: row.time, lastSha256: row.sha256?.toHex() ?? null };
