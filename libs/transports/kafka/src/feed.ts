import type { PartitionBounds, PartitionFeed } from '@dsf/ports';
import type { Cursor } from './cursor.ts';
import type { Fetcher } from './fetcher.ts';
import type { KafkaClient } from './kafka-client.ts';

export interface FeedOptions {
  readonly client: KafkaClient;
  readonly fetcher: Fetcher;
  readonly cursor: Cursor;
  readonly revoked: AbortSignal;
  readonly bounds: () => Promise<PartitionBounds>;
  /** What the group has acknowledged; null: nothing yet. */
  readonly committed: () => Promise<number | null>;
  /** False when the group went on without this member: somebody else reads again what was not acknowledged. */
  readonly commit: (offset: number) => Promise<boolean>;
}

/** How long a read may go on beyond `waitMs` for its first look at the broker, so that "nothing there" is true when it is said. */
const lookMsMax = 5000;

export const makeFeed = ({ client, fetcher, cursor, revoked, bounds, committed, commit }: FeedOptions): PartitionFeed => {
  const { clock } = client;
  let isPlaced = false;
  let acknowledged = -1;
  let committing: Promise<unknown> = Promise.resolve();

  /** Without a seek, the feed begins where the group stands, or at the start of the log. */
  const place = async (): Promise<void> => {
    const offset = (await committed()) ?? (await bounds()).start;
    if (isPlaced) return;
    isPlaced = true;
    acknowledged = Math.max(acknowledged, offset);
    cursor.seek(offset);
    fetcher.kick();
  };

  return {
    partition: cursor.partition,
    revoked,
    passed: () => cursor.passed(),
    fetched: () => cursor.wants(),
    seek: (offset) => {
      isPlaced = true;
      cursor.seek(offset);
      fetcher.kick();
    },
    read: async (limits, signal) => {
      const signals = [signal, revoked];
      const giveUpAt = clock.now() + limits.waitMs;
      if (!isPlaced && !signal.aborted && !revoked.aborted) await place();
      const { begun } = cursor.looks();
      for (;;) {
        if (signal.aborted || revoked.aborted) return [];
        const taken = cursor.take(limits);
        fetcher.kick();
        if (taken.length > 0) return taken;
        const failure = cursor.takeFailure();
        if (failure !== null) throw failure;
        const now = clock.now();
        const hasLooked = cursor.looks().ended > begun;
        if (now >= giveUpAt && (hasLooked || now >= giveUpAt + lookMsMax)) return [];
        await cursor.bell.wait(hasLooked ? giveUpAt - now : Math.max(giveUpAt - now, 0) + lookMsMax, signals);
      }
    },
    acknowledge: async (offset) => {
      // One after the other, and never back: the broker keeps whatever came last.
      const turn = committing.then(async () => {
        // Never above the end: messages that are not there yet cannot have been dealt with.
        const known = cursor.readTo() ?? -1;
        const upTo = offset <= known ? offset : Math.min(offset, (await bounds()).end);
        if (upTo <= acknowledged || revoked.aborted) return;
        if (await commit(upTo)) acknowledged = upTo;
      });
      committing = turn.catch(() => undefined);
      await turn;
    },
  };
};
