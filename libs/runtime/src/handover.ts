import type { Header } from '@dsf/messages';
import type { Clock, PartitionFeed, Transport } from '@dsf/ports';
import { openHandoverFeed } from './handover-feed.ts';
import type { Hop, OutgoingRange } from './hops.ts';
import { change, hasRoom, ring, type Mailbox, type SendUnread } from './mailbox.ts';

/*
 * Ranges from phase to phase within one process, without writing, syncing, reading and parsing them. Allowed because a topic is only a
 * convenience: what is handed over and then lost with the process is a gap, and a gap is refilled from rows (delivery rules 3 and 4).
 */

/** How long a sender waits for a reader that is behind before it goes by the topic, ms. */
const patienceMs = 1000;

interface Giving {
  readonly clock: Clock;
  /** What goes along with each range, such as the trace that it belongs to. */
  readonly headers: readonly Header[];
  /** Ends the waiting; what is left then goes by the topic. */
  readonly signal: AbortSignal;
}

/** One process's short cut between the lanes that it owns. */
export interface Handover {
  /** Whether any lane of the topic is read in this process. */
  reads(topic: string): boolean;
  /** Gives ranges to the lanes that are read in this process, in order per lane; the others go by the topic, as `byTopic` sends them. */
  give<Item>(
    hop: Hop<Item>,
    ranges: readonly OutgoingRange<Item>[],
    byTopic: (left: readonly OutgoingRange<Item>[]) => Promise<void>,
    giving: Giving,
  ): Promise<void>;
  /**
   * The feed of an internal topic's partition, with what is handed over in front of what the topic has.
   * @param sendUnread - takes what was handed over and cannot be read any more, so that the lane's next owner need not refill
   */
  read(transport: Transport, topic: string, feed: PartitionFeed, sendUnread: SendUnread): HandoverFeed;
}

export interface HandoverFeed extends PartitionFeed {
  /** Gives the lane up, and sends what was not read. */
  close(): Promise<void>;
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Waits until the mailbox has room, is given up, or its reader turns out to be too far behind. @returns the mailbox when it has room */
const roomFor = async (mailboxes: ReadonlyMap<string, Mailbox>, at: string, { clock, signal }: Giving): Promise<Mailbox | null> => {
  const mailbox = mailboxes.get(at);
  if (mailbox === undefined || hasRoom(mailbox)) return mailbox ?? null;
  const done = new AbortController();
  const tired = new AbortController();
  void clock.sleep(patienceMs, AbortSignal.any([done.signal, signal])).then(() => tired.abort());
  while (!tired.signal.aborted && mailboxes.get(at) === mailbox && mailbox.state !== 'spilling' && !hasRoom(mailbox))
    await change(mailbox, tired.signal);
  done.abort();
  if (mailboxes.get(at) !== mailbox) return null;
  if (hasRoom(mailbox)) return mailbox;
  if (mailbox.state === 'open') mailbox.state = 'spilling';
  return null;
};

/** Everything goes by the topics. */
export const noHandover: Handover = {
  reads: () => false,
  give: (_hop, ranges, byTopic) => byTopic(ranges),
  read: (_transport, _topic, feed) => ({ ...feed, close: async () => undefined }),
};

/** What of this process is on its way to lanes by their topics. */
const createTraffic = () => {
  const underWay = new Map<string, number>();
  const begun = new Map<string, number>();
  const moving = new Map<string, Promise<void>>();
  const end = (at: string): void => {
    const left = (underWay.get(at) ?? 0) - 1;
    if (left === 0) underWay.delete(at);
    else underWay.set(at, left);
  };
  const begin = (at: string): void => {
    begun.set(at, (begun.get(at) ?? 0) + 1);
    underWay.set(at, (underWay.get(at) ?? 0) + 1);
  };
  return {
    begin,
    end,
    isQuiet: (at: string): boolean => !underWay.has(at),
    /** Sends begun so far. */
    begun: (at: string): number => begun.get(at) ?? 0,
    /** Sends what was handed over and not read. @returns when all of it is sent: what comes later waits for it, or it would come before */
    async move(at: string, mailbox: Mailbox | undefined): Promise<void> {
      const before = moving.get(at);
      if (mailbox === undefined || mailbox.hop === null || mailbox.ranges.length === 0) return before;
      const { hop, ranges, sendUnread } = mailbox;
      mailbox.ranges = [];
      begin(at);
      const moved = (before ?? Promise.resolve())
        .then(() => sendUnread(hop, ranges))
        .finally(() => {
          end(at);
          if (moving.get(at) === moved) moving.delete(at);
        });
      moving.set(at, moved);
      return moved;
    },
  };
};

export const createHandover = (): Handover => {
  const mailboxes = new Map<string, Mailbox>();
  const traffic = createTraffic();
  /** Lanes that are read here, by topic. */
  const readers = new Map<string, number>();

  return {
    reads: (topic) => (readers.get(topic) ?? 0) > 0,
    async give(hop, ranges, byTopic, giving) {
      const left: (typeof ranges)[number][] = [];
      try {
        for (const outgoing of ranges) {
          const at = keyOf(hop.topic, outgoing.lane);
          const mailbox = await roomFor(mailboxes, at, giving);
          if (mailbox === null) {
            traffic.begin(at);
            left.push(outgoing);
            await traffic.move(at, mailboxes.get(at));
          } else {
            // Only this hop's own ranges come here, and only its own reader takes them.
            mailbox.hop = hop as unknown as Hop<unknown>;
            mailbox.ranges.push({ ...outgoing, headers: giving.headers });
            ring(mailbox);
          }
        }
        if (left.length > 0) await byTopic(left);
      } finally {
        for (const { lane } of left) traffic.end(keyOf(hop.topic, lane));
      }
    },
    read(transport, topic, feed, sendUnread) {
      const at = keyOf(topic, feed.partition);
      const mailbox: Mailbox = { state: 'draining', hop: null, ranges: [], sendUnread, listeners: new Set() };
      mailboxes.set(at, mailbox);
      readers.set(topic, (readers.get(topic) ?? 0) + 1);
      const giveUp = async (): Promise<void> => {
        if (mailboxes.get(at) === mailbox) mailboxes.delete(at);
        ring(mailbox);
        await traffic.move(at, mailbox);
      };
      const revoked = (): void => void giveUp();
      feed.revoked.addEventListener('abort', revoked, { once: true });
      return {
        ...openHandoverFeed(mailbox, feed, {
          isQuiet: () => traffic.isQuiet(at),
          begun: () => traffic.begun(at),
          bounds: () => transport.bounds(topic, feed.partition),
        }),
        async close() {
          feed.revoked.removeEventListener('abort', revoked);
          readers.set(topic, (readers.get(topic) ?? 0) - 1);
          await giveUp();
        },
      };
    },
  };
};
