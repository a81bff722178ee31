import type { Failure } from '@dsf/ports';
import { asTransportFailure, kafkaErrorName } from './kafka-failure.ts';
import { groupOffsets, groupVerdict, joinGroup, sendHeartbeat, type Standing } from './membership.ts';
import type { Share } from './share.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

/** Life in a group: joins, beats, joins again when the group is shared anew. */
export interface Member {
  /** Until the subscription closes, or nothing can be mended without a person. */
  run(): Promise<void>;
  /** False when the partition has gone to another: that one reads again what was not acknowledged. */
  commit(partition: number, offset: number): Promise<boolean>;
  /** Leaves at once, so that others need not wait for the session to end. */
  leave(): Promise<void>;
  /** Why it ended, if it did by itself. */
  broken(): Failure | null;
}

const heartbeatMsMax = 1000;
const heartbeatsPerSession = 5;
/** How often the member that shares the partitions looks whether there are more. */
const countCheckMs = 10_000;
const retryPauseMs = 300;
/** How long an acknowledgement waits for a group that is being shared anew; it is then left to whoever gets the partition. */
const commitTries = 20;
const commitPauseMs = 100;

/** Beats until the group is to be shared anew, because the broker says so (as an error) or there are more partitions. */
const beatOn = async (options: SubscriptionOptions, standing: Standing, closed: AbortSignal): Promise<void> => {
  const { client, topic, lanes, sessionTimeoutMs } = options;
  const { clock } = client;
  const everyMs = Math.min(heartbeatMsMax, sessionTimeoutMs / heartbeatsPerSession);
  let checkAt = clock.now() + countCheckMs;
  for (;;) {
    await clock.sleep(everyMs, closed);
    if (closed.aborted) return;
    await sendHeartbeat(options, standing);
    if (standing.sharedCount === null || clock.now() < checkAt) continue;
    checkAt = clock.now() + countCheckMs;
    client.forget(topic);
    if (Math.min(lanes, (await client.leaders(topic)).length) > standing.sharedCount) return;
  }
};

interface Commitment {
  readonly options: SubscriptionOptions;
  readonly partition: number;
  readonly offset: number;
  readonly closed: AbortSignal;
}

/** Waits while the group is shared anew. @returns false when the partition is not this member's any more */
const commitOffset = async ({ options, partition, offset, closed }: Commitment, standing: () => Standing | null): Promise<boolean> => {
  const { client, shared, topic, group } = options;
  for (let tries = 0; tries < commitTries && !closed.aborted; tries += 1) {
    try {
      const now = standing();
      if (now?.partitions.includes(partition) !== true) return false;
      await groupOffsets(shared, topic, group).commit(now, partition, offset);
      return true;
    } catch (error) {
      // The topic was deleted, and with it what the group has acknowledged.
      if (kafkaErrorName(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return false;
      if (groupVerdict(error) === 'other') throw asTransportFailure(error, { brokers: client.brokers, topic, partition, group });
      await client.clock.sleep(commitPauseMs, closed);
    }
  }
  return false;
};

export const makeMember = (options: SubscriptionOptions, share: Share, closed: AbortSignal): Member => {
  const { client, shared, topic, group, sessionTimeoutMs } = options;
  const { clock } = client;
  const about = { brokers: client.brokers, topic, group, sessionTimeoutMs };
  const offsets = groupOffsets(shared, topic, group);
  let standing: Standing | null = null;
  let member = '';
  let broken: Failure | null = null;

  /** The group may have given the partitions to others by now. */
  const expel = (): void => {
    standing = null;
    member = '';
    share.revokeAll();
  };
  /** One stay in the group, until it is shared anew. */
  const stay = async (): Promise<void> => {
    const joined = await joinGroup(options, { member, owned: share.owned() }, (id) => {
      member = id;
    });
    if (closed.aborted) return offsets.leave(joined.member);
    standing = joined;
    share.settle(joined.partitions);
    await beatOn(options, joined, closed);
  };
  const recover = async (error: unknown): Promise<void> => {
    const verdict = groupVerdict(error);
    if (verdict === 'rejoin') return;
    if (verdict === 'expelled') return expel();
    const failure = asTransportFailure(error, about);
    if (verdict === 'other' && failure.kind !== 'retry') {
      broken = failure;
      return expel();
    }
    client.forget();
    await clock.sleep(retryPauseMs, closed);
  };

  return {
    broken: () => broken,
    run: async () => {
      while (!closed.aborted && broken === null) {
        try {
          await stay();
        } catch (error) {
          if (!closed.aborted) await recover(error);
        }
      }
    },
    commit: (partition, offset) => commitOffset({ options, partition, offset, closed }, () => standing),
    leave: async () => {
      try {
        if (member !== '') await offsets.leave(member);
      } catch {
        // The broker is away or has forgotten the member: it misses us soon enough.
      }
    },
  };
};
