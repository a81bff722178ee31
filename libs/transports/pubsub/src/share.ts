import type { Message } from '@google-cloud/pubsub';
import { makeBell, type Bell, type Clock, type PartitionFeed } from '@dsf/ports';
import { makeMailbox, type Mailbox } from './feed.ts';
import { wakeMark } from './message-format.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

/** The lanes of one member: those it has, and those of them that nobody has taken out yet. */
export interface Share {
  readonly given: PartitionFeed[];
  readonly bell: Bell;
  /** A message that came to this member. */
  take(message: Message): void;
  /** Takes lanes that have been silent for too long. @returns lanes of which nothing was heard, to be woken */
  sweep(): readonly number[];
  /** What was sent to wake them is with Pub/Sub, or could not be sent. */
  woken(): void;
  /** Resolves when every lane that was last to be woken has been heard of, or has had its time. */
  answered(): Promise<void>;
  revokeAll(): void;
}

interface Held {
  readonly revoke: AbortController;
  readonly mailbox: Mailbox;
  heardAt: number;
}

/** A lane that is not heard of so long after it was woken is with another member. */
const answerMsMax = 2000;
/** Bounds a wait that ends earlier: the sending has a time limit of its own. */
const wakingMsMax = 60_000;

/** Lanes that were last to be woken, and of which nothing has been heard since. */
const makeAsked = (clock: Clock) => {
  const bell = makeBell(clock);
  let lanes = new Set<number>();
  /** Null while they are still being woken. */
  let wokenAt: number | null = 0;
  return {
    begin: (silent: readonly number[]): void => {
      lanes = new Set(silent);
      wokenAt = null;
    },
    woken: (): void => {
      wokenAt = clock.now();
      bell.ring();
    },
    heard: (lane: number): void => {
      if (lanes.delete(lane) && lanes.size === 0) bell.ring();
    },
    answered: async (): Promise<void> => {
      while (lanes.size > 0) {
        const left = wokenAt === null ? wakingMsMax : answerMsMax - Math.abs(clock.now() - wokenAt);
        if (left <= 0) return;
        await bell.wait(left, []);
      }
    },
  };
};

/**
 * Which member works on a lane is for Pub/Sub to say: it keeps the messages of an ordering key together while some of them are not
 * acknowledged, and tends to send the next to the same member. Where it changes its mind, both have the lane for a while: the lane's
 * compare-and-set keeps that harmless (delivery rule 1).
 */
export const makeShare = (options: SubscriptionOptions): Share => {
  const { client, format, lanes, sharing, silenceMs } = options;
  const { clock } = client;
  const held = new Map<number, Held>();
  const given: PartitionFeed[] = [];
  const bell = makeBell(clock);
  const asked = makeAsked(clock);

  const give = (lane: number): Held => {
    const revoke = new AbortController();
    const mailbox = makeMailbox({ clock, lane, format, revoked: revoke.signal });
    const entry = { revoke, mailbox, heardAt: clock.now() };
    held.set(lane, entry);
    given.push(mailbox.feed);
    bell.ring();
    return entry;
  };
  const revoke = (lane: number, entry: Held): void => {
    held.delete(lane);
    entry.revoke.abort();
    entry.mailbox.giveBack();
  };
  if (sharing === 'every') for (let lane = 0; lane < lanes; lane += 1) give(lane);

  return {
    given,
    bell,
    take: (message) => {
      const { data, attributes, orderingKey = '' } = message;
      const lane = format.laneOf({ data, attributes, orderingKey }, message.id, lanes);
      // Of a lane that is not counted, or not ours at all: unread, and not seen again.
      if (lane === null) return message.ack();
      const entry = held.get(lane) ?? give(lane);
      entry.heardAt = clock.now();
      if (attributes[wakeMark] === undefined) entry.mailbox.put(message);
      else message.ack();
      asked.heard(lane);
    },
    sweep: () => {
      if (sharing === 'every') return [];
      const now = clock.now();
      const silent: number[] = [];
      for (let lane = 0; lane < lanes; lane += 1) {
        const entry = held.get(lane);
        const silence = entry === undefined ? Number.POSITIVE_INFINITY : Math.abs(now - entry.heardAt);
        if (silence < silenceMs / 2) continue;
        silent.push(lane);
        if (entry !== undefined && silence >= silenceMs && entry.mailbox.isEmpty()) revoke(lane, entry);
      }
      if (silent.length > 0) asked.begin(silent);
      return silent;
    },
    woken: asked.woken,
    answered: asked.answered,
    revokeAll: () => {
      for (const [lane, entry] of held) revoke(lane, entry);
      bell.ring();
    },
  };
};
