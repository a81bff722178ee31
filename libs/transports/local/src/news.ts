import { makeBell, type Bell, type Clock } from '@dsf/ports';
import type { Statements } from './statements.ts';

/** One partition of a topic as this process sees it. */
export interface Place {
  readonly topic: number;
  readonly part: number;
  /** Rings when there are new messages. */
  readonly bell: Bell;
  /** `next` of the partition when the bell last rang. */
  seen: number;
}

/** How this process hears of what others have written. */
export interface News {
  /** Rings when a member has joined or left any group. */
  readonly membership: Bell;
  /** Looks whether another process has written, and rings the bells that this concerns. */
  refresh(): void;
  /** Waits for `bell`, at most `ms`, and looks every `pollMs` meanwhile. */
  wait(bell: Bell, ms: number, signals: readonly AbortSignal[]): Promise<void>;
}

export interface NewsOptions {
  readonly clock: Clock;
  readonly pollMs: number;
  readonly statements: Statements;
  readonly places: () => Iterable<Place>;
  readonly closed: AbortSignal;
}

export const makeNews = ({ clock, pollMs, statements, places, closed }: NewsOptions): News => {
  const membership = makeBell(clock);
  let data = -1;
  let joined = -1;
  let waiting = 0;
  let polling = false;

  const refresh = (): void => {
    // Changes only when another connection has committed; read first, so that what is committed meanwhile is seen next time.
    const version = statements.dataVersion();
    if (version === data) return;
    const members = statements.membership();
    for (const place of places()) {
      if (place.bell.waiting === 0) continue;
      const { next } = statements.head(place.topic, place.part);
      if (next === place.seen) continue;
      place.seen = next;
      place.bell.ring();
    }
    if (members !== joined) membership.ring();
    joined = members;
    data = version;
  };
  const poll = async (): Promise<void> => {
    polling = true;
    while (waiting > 0 && !closed.aborted) {
      await clock.sleep(pollMs, closed);
      try {
        if (!closed.aborted) refresh();
      } catch {
        // Whoever waits meets the same error when it reads.
      }
    }
    polling = false;
  };

  return {
    membership,
    refresh,
    wait: async (bell, ms, signals) => {
      waiting += 1;
      if (!polling) void poll();
      await bell.wait(ms, [...signals, closed]);
      waiting -= 1;
    },
  };
};
