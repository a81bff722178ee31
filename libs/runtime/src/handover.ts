import type { Header } from '@dsf/messages';
import type { Clock, PartitionFeed, Transport } from '@dsf/ports';
import { openHandoverFeed } from './handover-feed.ts';
import type { Hop, OutgoingRange } from './hops.ts';
import { change, hasRoom, ring, type Mailbox } from './mailbox.ts';

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
  /** The feed of an internal topic's partition, with what is handed over in front of what the topic has. */
  read(transport: Transport, topic: string, feed: PartitionFeed): HandoverFeed;
}

/** Ranges that were handed over and not read. */
export interface Leftover {
  readonly hop: Hop<unknown>;
  readonly ranges: readonly OutgoingRange<unknown>[];
}

export interface HandoverFeed extends PartitionFeed {
  /** Gives the lane up. @returns what should go by the topic, so that its next owner need not refill */
  close(): Leftover | null;
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
  read: (_transport, _topic, feed) => ({ ...feed, close: () => null }),
};

export const createHandover = (): Handover => {
  const mailboxes = new Map<string, Mailbox>();
  /** Sends by the topic that are under way, by lane. */
  const underWay = new Map<string, number>();
  /** How many there have been, by lane. */
  const begun = new Map<string, number>();
  /** Lanes that are read here, by topic. */
  const readers = new Map<string, number>();
  const countUnderWay = (at: string, more: 1 | -1): void => {
    const count = (underWay.get(at) ?? 0) + more;
    if (more === 1) begun.set(at, (begun.get(at) ?? 0) + 1);
    if (count === 0) underWay.delete(at);
    else underWay.set(at, count);
  };

  return {
    reads: (topic) => (readers.get(topic) ?? 0) > 0,
    async give(hop, ranges, byTopic, giving) {
      const left: (typeof ranges)[number][] = [];
      try {
        for (const outgoing of ranges) {
          const at = keyOf(hop.topic, outgoing.lane);
          const mailbox = await roomFor(mailboxes, at, giving);
          if (mailbox === null) {
            countUnderWay(at, 1);
            left.push(outgoing);
          } else {
            // Only this hop's own ranges come here, and only its own reader takes them.
            mailbox.hop = hop as unknown as Hop<unknown>;
            mailbox.ranges.push({ ...outgoing, headers: giving.headers });
            ring(mailbox);
          }
        }
        if (left.length > 0) await byTopic(left);
      } finally {
        for (const { lane } of left) countUnderWay(keyOf(hop.topic, lane), -1);
      }
    },
    read(transport, topic, feed) {
      const at = keyOf(topic, feed.partition);
      const mailbox: Mailbox = { state: 'draining', hop: null, ranges: [], listeners: new Set() };
      mailboxes.set(at, mailbox);
      readers.set(topic, (readers.get(topic) ?? 0) + 1);
      const giveUp = (): void => {
        if (mailboxes.get(at) === mailbox) mailboxes.delete(at);
        ring(mailbox);
      };
      feed.revoked.addEventListener('abort', giveUp, { once: true });
      return {
        ...openHandoverFeed(mailbox, feed, {
          isQuiet: () => !underWay.has(at),
          begun: () => begun.get(at) ?? 0,
          bounds: () => transport.bounds(topic, feed.partition),
        }),
        close() {
          feed.revoked.removeEventListener('abort', giveUp);
          giveUp();
          readers.set(topic, (readers.get(topic) ?? 0) - 1);
          const { hop, ranges } = mailbox;
          return hop === null || ranges.length === 0 ? null : { hop, ranges };
        },
      };
    },
  };
};
