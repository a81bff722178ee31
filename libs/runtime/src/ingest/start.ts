import { brokerTime } from '@dsf/messages';
import { Failure, type Delivery, type PartitionBounds, type PartitionFeed, type Position } from '@dsf/ports';
import type { IngestLane } from './step.ts';
import { addCounts, noCounts, type Lane } from '../lane.ts';
import type { LaneContext } from '../work.ts';

/** `0:120,1:44`: an offset for each of some partitions. */
const offsetsIn = (wanted: string): ReadonlyMap<number, number> | null =>
  /^\d+:\d+/.test(wanted) && !wanted.includes('T')
    ? new Map(wanted.split(',').map((one) => one.split(':').map(Number) as [number, number]))
    : null;

/**
 * True for a partition that was added after the source had begun: by then `latest` was long resolved, and its first records are as new as
 * the partition (scenario 15). The lanes before it know how many there were when each of them began.
 */
const isLater = async ({ warehouse }: LaneContext, { source, partition }: IngestLane): Promise<boolean> => {
  for (let lane = 0; lane < partition; lane += 1) {
    const { facts } = await warehouse.loadLane({ phase: 'ingest', source: source.id, lane });
    const count = facts['partitions'];
    if (typeof count === 'number' && partition >= count) return true;
  }
  return false;
};

/** @throws Failure `fatal` `ingest.start-offset` */
const startOf = async (context: LaneContext, at: IngestLane, bounds: PartitionBounds): Promise<number> => {
  const { source, transport, partition } = at;
  const { start: wanted, name } = source.definition;
  if (wanted === 'earliest' || (await isLater(context, at))) return bounds.start;
  if (wanted === 'latest') return bounds.end;
  const offsets = offsetsIn(wanted);
  if (offsets === null) return transport.offsetAt(source.topic, partition, Date.parse(wanted));
  const offset = offsets.get(partition) ?? bounds.start;
  if (offset >= bounds.start && offset <= bounds.end) return offset;
  const text = `source ${name}, partition ${partition} of topic ${source.topic}: it is to start at offset ${offset}, but the topic holds ${bounds.start} to before ${bounds.end}`;
  throw new Failure('fatal', 'ingest.start-offset', text, { source: name, topic: source.topic, partition, offset });
};

const topicIdOf = async ({ transport, source }: IngestLane): Promise<string | null> => (await transport.topicId?.(source.topic)) ?? null;

/** Resolves `earliest`, `latest`, a time or an offset once, and stores the answer before the first read (delivery rule 5). */
export const resolveStart = async (context: LaneContext, lane: Lane, at: IngestLane): Promise<void> => {
  const { source, transport, partition } = at;
  const { catalogs } = context;
  const bounds = await transport.bounds(source.topic, partition);
  const start = await startOf(context, at, bounds);
  const { version } = await catalogs.current();
  const position: Position = {
    source: source.id,
    partition,
    next: start,
    start,
    time: null,
    idle: start >= bounds.end,
    version,
    counters: noCounts,
  };
  const facts = {
    ...{ cluster: await transport.clusterId(), topic: source.topic, topicId: await topicIdOf(at) },
    partitions: await transport.partitionCount(source.topic),
  };
  await lane.transact({ positions: [position], facts }, async () => undefined);
};

/**
 * Checks that the source is still the one that the position was counted in, and that nothing was removed before it was read.
 * @throws Failure `fatal` `ingest.source-changed` when the cluster, the topic, its id, its end or the last record differ
 */
export const checkSource = async (context: LaneContext, lane: Lane, at: IngestLane, feed: PartitionFeed): Promise<void> => {
  const { source, transport, partition } = at;
  const facts = lane.facts();
  const where = { source: source.definition.name, topic: source.topic, partition };
  const changed = (what: string): Failure =>
    new Failure(
      'fatal',
      'ingest.source-changed',
      `source ${source.definition.name}, topic ${source.topic}, partition ${partition}: ${what}. Offsets mean other records now. Define a source with a new name for it.`,
      where,
    );
  const cluster = await transport.clusterId();
  if (facts['cluster'] !== cluster) throw changed(`cluster id is ${cluster}, was ${String(facts['cluster'])}`);
  if (facts['topic'] !== source.topic) throw changed(`the position was counted in topic ${String(facts['topic'])}`);
  const topicId = await topicIdOf(at);
  const knownId = facts['topicId'] ?? null;
  if (topicId !== null && knownId !== null && knownId !== topicId)
    throw changed(`the topic was deleted and made anew: its id is ${topicId}, was ${String(knownId)}`);

  const position = lane.position({ source: source.id, partition });
  if (position === undefined) return;
  const bounds = await transport.bounds(source.topic, partition);
  if (bounds.end < position.next) throw changed(`it ends at offset ${bounds.end}, ${position.next - 1} was read before`);
  if (bounds.start > position.next) await storeLostRange(context, lane, position, bounds.start);
  else if (typeof facts['lastOffset'] === 'number' && bounds.start <= facts['lastOffset'])
    await checkLastRecord(context, lane, feed, changed);
  // Of a lane that began before ids were kept, or whose cluster gave none yet.
  if (topicId !== null && knownId === null) await lane.transact({ facts: { ...lane.facts(), topicId } }, async () => undefined);
};

const checkLastRecord = async (
  context: LaneContext,
  lane: Lane,
  feed: PartitionFeed,
  changed: (what: string) => Failure,
): Promise<void> => {
  const facts = lane.facts();
  const offset = Number(facts['lastOffset']);
  feed.seek(offset);
  const record = await readOne(context, feed);
  if (record === undefined || record.offset !== offset) return;
  const sha256 = record.body === null ? null : context.tools.sha256(record.body).toHex();
  if (sha256 !== facts['lastSha256'] || brokerTime(record.time) !== facts['lastTime'])
    throw changed(`the record at offset ${offset} is not the one that was read before`);
};

/** Undefined also when the source has removed it since its bounds were asked for: where that went further, the first read will find out. */
const readOne = async ({ settings, giveUp }: LaneContext, feed: PartitionFeed): Promise<Delivery | undefined> => {
  try {
    return (await feed.read({ recordsMax: 1, bytesMax: 1, waitMs: settings.waitMs }, giveUp))[0];
  } catch (error) {
    if (error instanceof Failure && error.code === 'transport.out-of-range') return undefined;
    throw error;
  }
};

/** Records that the source removed before they were read: nobody can bring them back, so they are counted, and told. */
const storeLostRange = async (
  { clock, telemetry, catalogs }: LaneContext,
  lane: Lane,
  position: Position,
  start: number,
): Promise<void> => {
  const { source, partition, next } = position;
  const { version } = await catalogs.current();
  const lost = start - next;
  const detail = `offsets ${next} to ${start - 1} (${lost}) were removed from the source before they were read`;
  const after: Position = { ...position, next: start, counters: addCounts(position.counters, { absent: lost }) };
  await lane.transact({ positions: [after] }, async (transaction) => {
    await transaction.writeFailures(
      [{ phase: 'ingest', source, partition, offset: next, scope: 'lost-range', code: 'ingest.lost-range', path: null, detail, version }],
      clock.now(),
    );
  });
  telemetry.emit({
    name: 'refused',
    phase: 'ingest',
    lane: lane.name,
    count: lost,
    code: 'ingest.lost-range',
    source,
    partition,
    offset: next,
  });
};
