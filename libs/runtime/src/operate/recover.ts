import { Failure, type Clock, type Request, type StoredLane, type Transport, type Warehouse } from '@dsf/ports';
import { topics } from '../hops.ts';

export interface RecoverContext {
  readonly warehouse: Warehouse;
  readonly internal: Transport;
  readonly clock: Clock;
}

/**
 * Revisions that no lane reaches between a backup and its restore: at a thousand transactions a second it would take it four months. So a multiple of it
 * lies above every revision that readers of the lost database may have seen.
 */
const era = 10_000_000_000;

/** Who reads what of the internal topics. */
const readers = [
  [topics.raw, 'dsf.flatten'],
  [topics.points, 'dsf.summarise'],
  [topics.summary, 'dsf.publish'],
] as const;

/** How long it waits for the partitions of a topic, which the groups of services that were killed may still hold, ms. */
const claimMsMax = 60_000;

/** What the lost database had sent is not what this one will: it is passed over, and refilled from rows. */
const skipTopic = async ({ internal, clock }: RecoverContext, topic: string, group: string): Promise<void> => {
  const wanted = new Set(Array.from({ length: await internal.partitionCount(topic) }, (_, partition) => partition));
  const subscription = await internal.subscribe(topic, group);
  const end = new AbortController();
  const late = clock.sleep(claimMsMax, end.signal).then(() => end.abort());
  try {
    for await (const feed of subscription.feeds(end.signal)) {
      await feed.acknowledge((await internal.bounds(topic, feed.partition)).end);
      wanted.delete(feed.partition);
      if (wanted.size === 0) break;
    }
  } finally {
    end.abort();
    await late;
    await subscription.close();
  }
  if (wanted.size > 0)
    throw new Failure('retry', 'recover.services-run', `other processes still read ${topic}: stop all services, and run it again`, {
      topic,
      partitions: [...wanted].join(' '),
    });
};

const renewals = (lanes: readonly StoredLane[]): readonly Omit<Request, 'id'>[] =>
  lanes.flatMap(({ phase, lane, live }) =>
    phase === 'summarise'
      ? live.map((instance) => ({ lane: { phase, source: 0, lane }, body: { kind: 'rebuild', instance, renew: true } }) as const)
      : [],
  );

/**
 * After an older database was restored, and before any service is started (delivery rules 3 and 9): messages that the lost database had sent are
 * passed over, every seq rises above all revisions that were ever published, and every group is published again under a new one. Killed half-way it
 * is run again. Sources are read on from where the restored database stands.
 * @returns the seq from which lanes go on
 */
export const recoverLanes = async (context: RecoverContext): Promise<number> => {
  for (const [topic, group] of readers) {
    const isThere = await context.internal.partitionCount(topic).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'transport.topic-missing') return 0;
      throw error;
    });
    if (isThere > 0) await skipTopic(context, topic, group);
  }
  return context.warehouse.administer(async (transaction) => {
    const lanes = await transaction.lanes();
    const highest = Math.max(0, ...lanes.map(({ seq }) => seq));
    const seq = Math.ceil((highest + 1) / era) * era;
    for (const lane of lanes) {
      // What was not published will be, under a new revision.
      const positions = lane.phase === 'publish' ? lane.positions.map((at) => ({ ...at, next: seq + 1 })) : lane.positions;
      await transaction.writeLane({ ...lane, seq, positions });
    }
    await transaction.writeRequests(renewals(lanes), context.clock.now());
    return seq;
  });
};
