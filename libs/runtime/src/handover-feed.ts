import type { BatchLimits, Delivery, PartitionFeed, Transport } from '@dsf/ports';
import { ring, type Mailbox } from './mailbox.ts';

/** Ranges are taken by hand so often in a row before the topic is looked at again: other processes send there. */
const takesInARowMax = 4;

/** What stands where a message of the topic has its own facts. */
const byHand = { offset: 0, time: 0, timeType: 'append', key: null, body: null } as const;

export interface TopicView {
  /** Nothing that this process sends to the lane is on its way. */
  readonly isQuiet: () => boolean;
  /** Sends by the topic to the lane that this process has begun so far. */
  readonly begun: () => number;
  readonly bounds: () => ReturnType<Transport['bounds']>;
}

/** What came last, by whichever way. */
interface Course {
  /** Offset after the last message that came by the topic. */
  next: number;
  takesInARow: number;
  endsByHand: boolean;
}

const readTopic = async (course: Course, feed: PartitionFeed, limits: BatchLimits, signal: AbortSignal): Promise<readonly Delivery[]> => {
  const deliveries = await feed.read(limits, signal);
  course.takesInARow = 0;
  const last = deliveries.at(-1);
  if (last === undefined) return [];
  course.endsByHand = false;
  course.next = last.offset + 1;
  return deliveries;
};

const take = (course: Course, mailbox: Mailbox): readonly Delivery[] => {
  const taken = mailbox.ranges;
  if (taken.length === 0) return [];
  mailbox.ranges = [];
  course.takesInARow += 1;
  course.endsByHand = true;
  ring(mailbox);
  return taken.map(({ range, headers }) => ({ ...byHand, headers, content: range }));
};

/** Reads the topic up to where it ended when nothing was on its way there; from then on ranges may be handed over. */
const createDrain = (course: Course, mailbox: Mailbox, feed: PartitionFeed, { isQuiet, begun, bounds }: TopicView) => {
  /** Null: not known yet. */
  let end: number | null = null;
  let begunAtEnd = 0;
  const open = (): void => {
    mailbox.state = 'open';
    end = null;
    ring(mailbox);
  };
  return async (limits: BatchLimits, signal: AbortSignal): Promise<readonly Delivery[]> => {
    // A sender that did not want to wait any longer went by the topic: what it sent stands behind the end that was seen.
    if (begun() !== begunAtEnd) end = null;
    if (end === null && isQuiet()) {
      begunAtEnd = begun();
      const found = await bounds();
      end = begun() === begunAtEnd ? found.end : null;
      if (end !== null && (found.start === end || course.next >= end)) {
        open();
        return [];
      }
    }
    const deliveries = await readTopic(course, feed, limits, signal);
    if (end !== null && begun() === begunAtEnd && (deliveries.length === 0 || course.next >= end)) open();
    return deliveries;
  };
};

/** A partition's feed with what is handed over in front of what the topic has. */
export const openHandoverFeed = (mailbox: Mailbox, feed: PartitionFeed, topic: TopicView): PartitionFeed => {
  const course: Course = { next: 0, takesInARow: 0, endsByHand: false };
  const drain = createDrain(course, mailbox, feed, topic);

  /** Waits for whichever comes first. */
  const wait = async (limits: BatchLimits, signal: AbortSignal): Promise<readonly Delivery[]> => {
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    mailbox.listeners.add(wake);
    const came = await readTopic(course, feed, limits, AbortSignal.any([signal, woken.signal]));
    mailbox.listeners.delete(wake);
    return came.length > 0 ? came : take(course, mailbox);
  };

  return {
    partition: feed.partition,
    revoked: feed.revoked,
    seek: (offset) => feed.seek(offset),
    async read(limits, signal) {
      if (mailbox.state === 'spilling') mailbox.state = 'draining';
      if (mailbox.state === 'draining') {
        const drained = await drain(limits, signal);
        if (drained.length > 0 || signal.aborted) return drained;
      }
      if (mailbox.ranges.length === 0) return wait(limits, signal);
      const looksAtTopic = course.takesInARow >= takesInARowMax && mailbox.state === 'open';
      const taken = take(course, mailbox);
      return looksAtTopic ? [...taken, ...(await readTopic(course, feed, { ...limits, waitMs: 0 }, signal))] : taken;
    },
    acknowledge: async (offset) => {
      if (!course.endsByHand) await feed.acknowledge(offset);
    },
  };
};
