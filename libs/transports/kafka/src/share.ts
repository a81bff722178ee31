import { makeBell, type Bell, type PartitionFeed } from '@dsf/ports';
import { makeCursor, type Cursor } from './cursor.ts';
import { makeFeed } from './feed.ts';
import type { Fetcher } from './fetcher.ts';
import { asTransportFailure } from './kafka-failure.ts';
import { groupOffsets } from './membership.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

/** The partitions of one member: those it has, and those of them that nobody has taken out yet. */
export interface Share {
  readonly given: PartitionFeed[];
  readonly bell: Bell;
  owned(): readonly number[];
  revokeAll(): void;
  /** Takes what is not in the list, gives what is new; what stays goes on as it is. */
  settle(partitions: readonly number[]): void;
}

interface Held {
  readonly revoke: AbortController;
  readonly cursor: Cursor;
}

export const makeShare = (
  options: SubscriptionOptions,
  fetcher: Fetcher,
  commit: (partition: number, offset: number) => Promise<boolean>,
) => {
  const { client, shared, topic, group } = options;
  const held = new Map<number, Held>();
  const given: PartitionFeed[] = [];
  const bell = makeBell(client.clock);
  const offsets = groupOffsets(shared, topic, group);
  const take = (partition: number): void => {
    const entry = held.get(partition);
    if (entry === undefined) return;
    held.delete(partition);
    fetcher.remove(entry.cursor);
    entry.revoke.abort();
  };
  const give = (partition: number): void => {
    const cursor = makeCursor(partition, client.clock);
    const revoke = new AbortController();
    held.set(partition, { revoke, cursor });
    fetcher.add(cursor);
    const committed = async (): Promise<number | null> => {
      try {
        return await offsets.committed(partition);
      } catch (error) {
        throw asTransportFailure(error, { brokers: client.brokers, topic, partition, group });
      }
    };
    given.push(
      makeFeed({
        client,
        fetcher,
        cursor,
        committed,
        revoked: revoke.signal,
        bounds: () => options.bounds(partition),
        commit: (offset) => commit(partition, offset),
      }),
    );
  };
  return {
    given,
    bell,
    owned: (): readonly number[] => [...held.keys()],
    revokeAll: (): void => {
      for (const partition of [...held.keys()]) take(partition);
      bell.ring();
    },
    settle: (partitions: readonly number[]): void => {
      for (const partition of [...held.keys()]) if (!partitions.includes(partition)) take(partition);
      for (const partition of partitions) if (!held.has(partition)) give(partition);
      bell.ring();
    },
  };
};
