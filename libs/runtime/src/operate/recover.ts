import { Failure, type Clock, type MetadataStore, type Request, type StoredLane, type Transport, type Warehouse } from '@dsf/ports';
import { topics } from '../hops.ts';
import { catalogInForce } from './catalog-in-force.ts';

export interface RecoverContext {
  readonly warehouse: Warehouse;
  readonly metadata: MetadataStore;
  readonly internal: Transport;
  readonly clock: Clock;
}

/** Transactions of a lane for which there is room in each millisecond after a recovery: far more than there can be. */
const perMs = 1000;

/** What the lost database had sent is not what this one will: it goes, and is made anew from rows. */
const emptyTopic = async (internal: Transport, topic: string): Promise<void> => {
  if (internal.discard !== undefined) {
    if ((await partitionsOf(internal, topic)) > 0) await internal.discard(topic);
    return;
  }
  for (let partition = 0; partition < (await partitionsOf(internal, topic)); partition += 1) {
    const { end } = await internal.bounds(topic, partition);
    await internal.trim(topic, partition, end);
  }
};

const partitionsOf = async (internal: Transport, topic: string): Promise<number> => {
  try {
    return await internal.partitionCount(topic);
  } catch (error) {
    if (error instanceof Failure && error.code === 'transport.topic-missing') return 0;
    throw error;
  }
};

/** Lanes that the backup did not have yet, too: they must not begin at 1, nor publish what others will renew. */
const allOf = (lanes: readonly StoredLane[], count: number): readonly StoredLane[] => {
  const missing: StoredLane[] = [];
  for (const phase of ['flatten', 'summarise', 'publish'] as const) {
    for (let lane = 0; lane < count; lane += 1)
      if (!lanes.some((one) => one.phase === phase && one.lane === lane))
        missing.push({ phase, source: 0, lane, seq: 0, facts: {}, positions: [], live: [] });
  }
  return [...lanes, ...missing];
};

const factsOf = ({ phase, facts }: StoredLane, seq: number): StoredLane['facts'] =>
  phase === 'publish' ? { ...facts, revisionsFrom: seq + 1 } : facts;

const renewals = (lanes: readonly StoredLane[]): readonly Omit<Request, 'id'>[] =>
  lanes.flatMap(({ phase, lane, live }) =>
    phase === 'summarise'
      ? live.map((instance) => ({ lane: { phase, source: 0, lane }, body: { kind: 'rebuild', instance, renew: true } }) as const)
      : [],
  );

/**
 * After an older database was restored, and before any service is started (delivery rules 3 and 9): messages that the lost database had sent go, every seq rises above all revisions that were ever published, and every group is published again under a new one. Killed half-way it
 * is run again. Sources are read on from where the restored database stands.
 * @returns the seq from which lanes go on
 */
export const recoverLanes = async (context: RecoverContext): Promise<number> => {
  for (const topic of Object.values(topics)) await emptyTopic(context.internal, topic);
  const { settings } = await catalogInForce(context.metadata);
  return context.warehouse.administer(async (transaction) => {
    const lanes = await transaction.lanes();
    const highest = Math.max(0, ...lanes.map(({ seq }) => seq));
    // Revisions of the lost database may have been anything; time alone has gone on since, also when one backup is restored twice.
    const seq = Math.max(highest + 1, context.clock.now() * perMs);
    for (const lane of allOf(lanes, settings.lanes)) await transaction.writeLane({ ...lane, seq, facts: factsOf(lane, seq) });
    await transaction.writeRequests(renewals(lanes), context.clock.now());
    return seq;
  });
};
