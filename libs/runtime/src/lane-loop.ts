import { Failure, type Delivery, type PartitionFeed } from '@dsf/ports';
import { asFailure, withBackoff } from './backoff.ts';
import type { Attempt, LaneContext, LaneWork } from './work.ts';

/** How often a single record must fail with a data error before it is stored as a failure. */
const failsAloneMax = 2;

/**
 * Works one lane from the moment it is given to this worker until it is taken away or the service stops: claim, then chores, read, handle,
 * acknowledge, over and over. A batch that was begun is finished, so that a stop under load causes no redelivery.
 * @param stop - no new batch after it aborts
 * @throws Failure `fatal` when a person must act
 */
export const runLane = async (context: LaneContext, work: LaneWork, feed: PartitionFeed, stop: AbortSignal): Promise<void> => {
  const { clock, settings, telemetry, phase, giveUp } = context;
  const { lane } = work;
  const leave = AbortSignal.any([stop, feed.revoked]);
  const persist = <T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> =>
    withBackoff({ ...context, lane: lane.name }, signal, attempt);

  /** The first transaction bumps the lane's seq, so that whoever had the lane before finds out at its next one. */
  const claim = async (): Promise<void> => {
    await lane.refresh();
    await lane.transact({}, async () => undefined);
    telemetry.emit({ name: 'lane-claimed', phase, lane: lane.name, seq: lane.seq() });
    await work.claimed(feed);
  };

  try {
    await persist(leave, claim);
    let announcedAt = clock.now();
    while (!leave.aborted) {
      telemetry.emit({ name: 'beat', phase, lane: lane.name });
      await persist(leave, async () => {
        await lane.refresh();
        await work.chores();
      });
      const deliveries = await persist(leave, () => read(context, work, feed, leave));
      if (deliveries === undefined) break;
      const last = deliveries.at(-1);
      if (last !== undefined) {
        const done = await handleBatch(context, work, deliveries);
        if (done) await persist(giveUp, () => feed.acknowledge(last.offset + 1));
        continue;
      }
      if (leave.aborted) break;
      const due = Math.abs(clock.now() - announcedAt) >= settings.idleMs;
      await persist(leave, async () => {
        await lane.refresh();
        await (due ? work.announce() : work.pause());
      });
      if (due) announcedAt = clock.now();
    }
  } finally {
    telemetry.emit({ name: 'lane-left', phase, lane: lane.name, seq: 0 });
  }
};

/** Messages that come next; none after the feed had to go on elsewhere, because the log no longer has the place where it stood. */
const read = async ({ settings }: LaneContext, work: LaneWork, feed: PartitionFeed, leave: AbortSignal): Promise<readonly Delivery[]> => {
  const { recordsMax, bytesMax, waitMs } = settings;
  try {
    return await feed.read({ recordsMax, bytesMax, waitMs }, leave);
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'transport.out-of-range')) throw error;
    await work.lane.refresh();
    await work.goOn(feed, Number(error.facts['start']));
    return [];
  }
};

/**
 * One batch, until it is committed and sent, or the service gives up. A data error splits the batch until the record that causes it stands
 * alone; that record becomes a failure, the rest goes on.
 * @returns false when the service gave up first
 */
const handleBatch = async (context: LaneContext, work: LaneWork, deliveries: readonly Delivery[]): Promise<boolean> => {
  const { settings, giveUp } = context;
  let attempt: Attempt = { recordsMax: settings.recordsMax, refuse: null };
  let failsAlone = 0;
  let stoodAt = -1;
  while (!giveUp.aborted) {
    try {
      const done = await withBackoff({ ...context, lane: work.lane.name }, giveUp, async () => {
        await work.lane.refresh();
        // The verdict is about the first record that the lane has not had. Once the lane has moved on, by us or by another, that is another record.
        const hasMoved = work.lane.seq() !== stoodAt;
        const { refuse } = attempt;
        if (hasMoved) failsAlone = 0;
        stoodAt = work.lane.seq();
        attempt = { ...attempt, refuse: null };
        await work.handle(deliveries, { ...attempt, refuse: hasMoved ? null : refuse });
        return true;
      });
      return done === true;
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind !== 'poison') throw failure;
      if (attempt.recordsMax > 1) {
        attempt = { recordsMax: Math.floor(attempt.recordsMax / 2), refuse: null };
        continue;
      }
      failsAlone += 1;
      attempt = { recordsMax: 1, refuse: failsAlone >= failsAloneMax ? { code: failure.code, detail: failure.message } : null };
    }
  }
  return false;
};
