import { brokerTime, rawLane, type Coordinates, type RawRange } from '@dsf/messages';
import type { Catalog, CatalogSource } from '@dsf/metadata';
import { Failure, type Delivery, type IngestPhase, type Position, type RawRow, type RecordFailure, type Transport } from '@dsf/ports';
import { rawHop } from '../hops.ts';
import { addCounts, type Lane } from '../lane.ts';
import { sendRanges } from '../outbox.ts';
import { compileOnce } from '../plan-cache.ts';
import { reportRefusals } from '../report-refusals.ts';
import { payloadBytes, startStages } from '../stages.ts';
import type { Attempt, LaneContext } from '../work.ts';

/** What identifies the lane of one source partition. */
export interface IngestLane {
  readonly source: CatalogSource;
  readonly transport: Transport;
  readonly partition: number;
}

/** The lane's position. @throws Failure `retry` before the start has been resolved */
export const positionOf = (lane: Lane, { source, partition }: IngestLane): Position => {
  const known = lane.position({ source: source.id, partition });
  if (known === undefined) throw new Failure('retry', 'lane.lost', `lane ${lane.name} has no position yet`);
  return known;
};

/** Sends a raw range to the lane of dsf.raw that its source partition belongs to. @returns bytes sent */
export const sendRaw = async (context: LaneContext, lane: Lane, range: RawRange): Promise<number> => {
  const { settings } = await context.catalogs.current();
  return sendRanges({ ...context, lane: lane.name }, rawHop, [{ lane: rawLane(range, settings.lanes), range }]);
};

/** What one transaction of ingest does. */
interface Decided {
  readonly rows: readonly RawRow[];
  readonly refusals: readonly RecordFailure[];
  readonly after: Position;
}

/** A lane whose feed may know that more is there. */
interface FedLane extends IngestLane {
  readonly fetched: () => number | null;
}

/** One transaction: raw rows, position, and the last record's identity; then the range to dsf.raw. */
export const createIngestStep = <Plan>(context: LaneContext, phase: IngestPhase<Plan>, lane: Lane, at: FedLane) => {
  const { clock, telemetry, tools } = context;
  const compile = compileOnce((catalog: Catalog) => phase.compile(catalog, tools));

  const decide = async (catalog: Catalog, deliveries: readonly Delivery[], refuse: Attempt['refuse']): Promise<Decided> => {
    const before = positionOf(lane, at);
    const { source, partition } = before;
    const rows = refuse === null ? phase.apply(compile(catalog), { source, partition, deliveries, ingestedAt: clock.now() }) : [];
    const refusals =
      refuse === null ? [] : deliveries.map(({ offset }) => refusalOf({ source, partition, offset }, catalog.version, refuse));
    const next = (deliveries.at(-1)?.offset ?? before.next - 1) + 1;
    // What is there already behind the batch says that this is not the end, without asking, which takes two requests.
    const idle = next >= (at.fetched() ?? next) && next >= (await at.transport.bounds(at.source.topic, at.partition)).end;
    let highest = before.time ?? Number.NEGATIVE_INFINITY;
    for (const { time } of deliveries) if (time > highest) highest = time;
    const counts = { written: rows.length, failed: refusals.length, absent: next - before.next - deliveries.length };
    return {
      rows,
      refusals,
      after: { ...before, next, time: brokerTime(highest), idle, version: catalog.version, counters: addCounts(before.counters, counts) },
    };
  };

  return async (catalog: Catalog, deliveries: readonly Delivery[], refuse: Attempt['refuse']): Promise<void> => {
    const stages = startStages(clock);
    const { next: from } = positionOf(lane, at);
    const { rows, refusals, after } = await decide(catalog, deliveries, refuse);
    stages.end('decide');
    await lane.transact({ positions: [after], facts: { ...lane.facts(), ...identityOf(rows.at(-1)) } }, async (transaction) => {
      await transaction.writeRaw(rows);
      if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
    });
    stages.end('write');
    const { source, partition, next: to, version, time, idle } = after;
    const bytes = await sendRaw(context, lane, { source, partition, from, to, version, time, idle, items: rows });
    stages.end('send');
    telemetry.emit({
      name: 'batch',
      phase: 'ingest',
      lane: lane.name,
      received: deliveries.length,
      written: rows.length,
      failed: refusals.length,
      filtered: 0,
      duplicates: 0,
      sent: 1,
      bytes,
      writtenBytes: payloadBytes(rows),
      ms: stages.ms(),
      stages: stages.times(),
    });
    reportRefusals(telemetry, { phase: 'ingest', lane: lane.name, refusals });
  };
};

/** The failure of a record that is given up. */
export const refusalOf = (
  { source, partition, offset }: Coordinates,
  version: number,
  { code, detail }: NonNullable<Attempt['refuse']>,
): RecordFailure => ({
  phase: 'ingest',
  source,
  partition,
  offset,
  scope: '',
  code,
  path: null,
  detail,
  version,
});

/** The last record's identity, by which a re-created or repointed source is noticed (delivery rule 5). */
const identityOf = (row: RawRow | undefined) =>
  row === undefined ? undefined : { lastOffset: row.offset, lastTime: row.time, lastSha256: row.sha256?.toHex() ?? null };
