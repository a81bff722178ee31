import { Failure, type Delivery, type PartitionFeed } from '@dsf/ports';
import { createAttempts } from './attempts.ts';
import { asFailure, withBackoff } from './backoff.ts';
import type { Pace } from './pace.ts';
import { mayDo } from './topology.ts';
import { batchSpan, type ReadFrom } from './tracing.ts';
import type { LaneContext, LaneWork } from './work.ts';

/** What a lane's loop is given besides its work. */
export interface LoopContext extends LaneContext {
  readonly readFrom: ReadFrom;
  readonly pace: Pace;
}

/**
 * Works one lane from the moment it is given to this worker until it is taken away or the service stops: claim, then chores, read, handle,
 * acknowledge, over and over. A batch that was begun is finished, so that a stop under load causes no redelivery.
 * @param stop - no new batch after it aborts
 * @throws Failure `fatal` when a person must act
 */
export const runLane = async (context: LoopContext, work: LaneWork, feed: PartitionFeed, stop: AbortSignal): Promise<void> => {
  const { clock, settings, telemetry, phase, giveUp } = context;
  const { lane } = work;
  const leave = AbortSignal.any([stop, feed.revoked]);
  // A batch is finished after a stop; where an attempt failed after the lane was taken away, the rest is the new owner's.
  const abandon = AbortSignal.any([giveUp, feed.revoked]);
  const persist = <T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> =>
    withBackoff({ ...context, lane: lane.name }, signal, attempt);

  /** The first transaction bumps the lane's seq, so that whoever had the lane before finds out at its next one. */
  const claim = async (): Promise<void> => {
    await lane.refresh();
    await lane.transact({}, async () => undefined);
    telemetry.emit({ name: 'lane-claimed', phase, lane: lane.name, seq: lane.seq() });
    if ((await allowed(context, work)) !== 'nothing') await work.claimed(feed);
  };

  try {
    await persist(leave, claim);
    let announcedAt = clock.now();
    while (!leave.aborted) {
      telemetry.emit({ name: 'beat', phase, lane: lane.name });
      await persist(leave, async () => {
        await lane.refresh();
        if ((await allowed(context, work)) !== 'nothing') await work.chores();
      });
      const readAt = clock.now();
      const deliveries = await persist(leave, () => read(context, work, feed, leave));
      if (deliveries === undefined) break;
      const last = deliveries.at(-1);
      if (last !== undefined) {
        const receivedAt = clock.now();
        const done = await context.tracer.span(
          () => batchSpan(context.readFrom, phase, deliveries),
          () => handleBatch(context, work, deliveries, abandon),
        );
        const handledAt = clock.now();
        if (done) await persist(giveUp, () => feed.acknowledge(last.offset + 1));
        telemetry.emit({
          ...{ name: 'delivery', phase, lane: lane.name, messages: deliveries.length, bytes: bytesOf(deliveries) },
          receiveMs: Math.max(0, receivedAt - readAt),
          ackMs: Math.max(0, clock.now() - handledAt),
        });
      }
      if (leave.aborted) break;
      // Also under load: one source partition may be at its end, with its last range lost or held back, while others keep the lane busy.
      const due = Math.abs(clock.now() - announcedAt) >= settings.idleMs;
      if (!due && last !== undefined) continue;
      await persist(leave, async () => {
        await (due ? lane.recheck() : lane.refresh());
        await (due ? work.announce() : work.pause());
      });
      if (due) announcedAt = clock.now();
    }
    // What is still held back would be a gap, which the lane's readers would have to refill.
    await persist(giveUp, () => work.pause());
  } finally {
    telemetry.emit({ name: 'lane-left', phase, lane: lane.name, seq: 0 });
  }
};

const bytesOf = (deliveries: readonly Delivery[]): number => {
  let bytes = 0;
  for (const { body } of deliveries) bytes += body?.byteLength ?? 0;
  return bytes;
};

/** Ingest has a lane per source partition, whatever number of lanes the others have. */
const allowed = async ({ catalogs }: Pick<LaneContext, 'catalogs'>, { lane }: LaneWork): Promise<ReturnType<typeof mayDo>> =>
  lane.key.phase === 'ingest' ? 'everything' : mayDo(lane, (await catalogs.current()).settings.lanes);

/** Messages that come next; none after the feed had to go on elsewhere, because the log no longer has the place where it stood. */
const read = async (
  { settings, clock, catalogs, pace }: LoopContext,
  work: LaneWork,
  feed: PartitionFeed,
  leave: AbortSignal,
): Promise<readonly Delivery[]> => {
  const { bytesMax, waitMs } = settings;
  await work.lane.refresh();
  if ((await allowed({ catalogs }, work)) !== 'everything') {
    // Whatever came is a gap afterwards, and refilled.
    await clock.sleep(waitMs, leave);
    await work.lane.recheck();
    return [];
  }
  try {
    return await feed.read({ recordsMax: pace.messagesMax(), bytesMax, waitMs }, leave);
  } catch (error) {
    if (!(error instanceof Failure && mayGoOn(error, work))) throw error;
    await work.lane.refresh();
    await work.goOn(feed, Number(error.facts['start']));
    return [];
  }
};

/**
 * What an internal topic has lost, or holds damaged, is refilled; of a source that has lost what was read nobody knows what its offsets mean
 * now, and whether to do without what is damaged is for a person to say.
 */
const mayGoOn = ({ code }: Failure, { lane }: LaneWork): boolean =>
  code === 'transport.out-of-range' || (lane.key.phase !== 'ingest' && (code === 'transport.diverged' || code === 'transport.unreadable'));

/**
 * One batch, until it is committed and sent. A data error splits it until the record that causes it stands alone; that record becomes a
 * failure, the rest goes on.
 * @param end - no further attempt after it aborts
 * @returns false when that came first
 */
const handleBatch = async (context: LoopContext, work: LaneWork, batch: readonly Delivery[], end: AbortSignal): Promise<boolean> => {
  const { lane } = work;
  const attempts = createAttempts(context.pace.recordsMax());
  while (!end.aborted) {
    try {
      const done = await withBackoff({ ...context, lane: lane.name }, end, async () => {
        await lane.refresh();
        if ((await allowed(context, work)) !== 'everything') return false;
        await timed(context, work, batch, (version) => {
          const attempt = attempts.next(lane.seq(), version);
          // What the pace has learned from the attempt before, which may have failed because it took too long.
          return { ...attempt, recordsMax: Math.min(attempt.recordsMax, context.pace.recordsMax()) };
        });
        return true;
      });
      return done === true;
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind !== 'poison') throw failure;
      attempts.failed({ code: failure.code, detail: failure.message });
    }
  }
  return false;
};

/** One attempt, of which the pace is told. */
const timed = async (
  { clock, pace }: LoopContext,
  work: LaneWork,
  batch: readonly Delivery[],
  attempt: Parameters<LaneWork['handle']>[1],
): Promise<void> => {
  const { lane } = work;
  const [begunAt, seq, stood] = [clock.now(), lane.seq(), recordsOf(work)];
  let done = null;
  try {
    await work.handle(batch, attempt);
    done = { records: Math.max(0, recordsOf(work) - stood), transactions: lane.seq() - seq };
  } finally {
    pace.took({ ms: clock.now() - begunAt, messages: batch.length, done });
  }
};

const recordsOf = ({ lane }: LaneWork): number => lane.positions().reduce((sum, { next, start }) => sum + next - start, 0);
