import type { Message } from '@google-cloud/pubsub';
import { makeBell, type Bell, type Clock, type Delivery, type PartitionFeed } from '@dsf/ports';
import type { MessageFormat } from './message-format.ts';

/** A message that this member has and has not acknowledged. */
interface Held {
  /** Counts the messages of this feed; good for `acknowledge` alone. */
  readonly offset: number;
  readonly message: Message;
  readonly bytes: number;
}

/** What a lane has been sent, and what its reader has had of it. */
export interface Mailbox {
  readonly lane: number;
  readonly bell: Bell;
  put(message: Message): void;
  /** Nothing waits, and nothing that was read is unacknowledged. */
  isEmpty(): boolean;
  /** Gives back what is held, so that it comes again, here or elsewhere. */
  giveBack(): void;
  readonly feed: PartitionFeed;
}

export interface MailboxOptions {
  readonly clock: Clock;
  readonly lane: number;
  readonly format: MessageFormat;
  readonly revoked: AbortSignal;
}

const toDelivery = ({ offset, message }: Held, format: MessageFormat): Delivery => ({
  offset,
  id: message.id,
  time: message.publishTime.getTime(),
  timeType: 'append',
  ...format.read({ data: message.data, attributes: message.attributes, orderingKey: message.orderingKey ?? '' }),
});

/** An acknowledgement that is lost costs time only: the message comes again, and is known. */
const acknowledgeOne = async (message: Message): Promise<void> => {
  // Answers at once where the subscription is not one of exactly-once delivery.
  await message.ackWithResponse().catch(() => undefined);
};

export const makeMailbox = ({ clock, lane, format, revoked }: MailboxOptions): Mailbox => {
  const bell = makeBell(clock);
  const waiting: Held[] = [];
  let read: Held[] = [];
  let next = 0;

  const take = (recordsMax: number, bytesMax: number): readonly Held[] => {
    let bytes = 0;
    const end = waiting.findIndex((held, index) => index >= recordsMax || ((bytes += held.bytes) > bytesMax && index > 0));
    return waiting.splice(0, end < 0 ? waiting.length : end);
  };
  const feed: PartitionFeed = {
    partition: lane,
    revoked,
    // Pub/Sub keeps the place itself: what was not acknowledged comes again.
    seek: () => undefined,
    read: async (limits, signal) => {
      const giveUpAt = clock.now() + limits.waitMs;
      for (;;) {
        if (signal.aborted || revoked.aborted) return [];
        const taken = take(limits.recordsMax, limits.bytesMax);
        read.push(...taken);
        if (taken.length > 0) return taken.map((held) => toDelivery(held, format));
        const left = giveUpAt - clock.now();
        if (left <= 0) return [];
        await bell.wait(left, [signal, revoked]);
      }
    },
    acknowledge: async (offset) => {
      if (revoked.aborted) return;
      const done = read.filter((held) => held.offset < offset);
      read = read.filter((held) => held.offset >= offset);
      await Promise.all(done.map(({ message }) => acknowledgeOne(message)));
    },
  };
  return {
    lane,
    bell,
    feed,
    put: (message) => {
      waiting.push({ offset: next, message, bytes: message.length });
      next += 1;
      bell.ring();
    },
    isEmpty: () => waiting.length === 0 && read.length === 0,
    giveBack: () => {
      for (const { message } of [...read, ...waiting.splice(0)]) message.nack();
      read = [];
    },
  };
};
