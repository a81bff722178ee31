import { randomUUID } from 'node:crypto';
import type { Delivery, PartitionFeed } from '@dsf/ports';
import type { Target } from './send-messages.ts';

/** Offsets of one partition to read: [from, to). */
export interface Span {
  readonly from: number;
  /** Infinity to go on with what comes. */
  readonly to: number;
}

export interface Reading {
  readonly each: (partition: number, delivery: Delivery) => void | Promise<void>;
  readonly stop: AbortSignal;
}

/** What one read asks for; bounds what is held in memory. */
const limits = { recordsMax: 500, bytesMax: 4 * 1024 * 1024, waitMs: 500 };

const readFeed = async (feed: PartitionFeed, { from, to }: Span, { each, stop }: Reading): Promise<void> => {
  feed.seek(from);
  for (let next = from; next < to && !stop.aborted && !feed.revoked.aborted;) {
    for (const delivery of await feed.read(limits, stop)) {
      if (delivery.offset >= to) return;
      await each(feed.partition, delivery);
      next = delivery.offset + 1;
    }
    // Where a partition ends in the mark of a transaction no message says that the end has come.
    next = Math.max(next, feed.passed?.() ?? next);
  }
};

/**
 * Reads a topic as a group of its own and acknowledges nothing, so that nobody else notices. In order per partition.
 * Ends when every span is read or `stop` aborts.
 * @param spans - one per partition
 */
export const readTopic = async ({ transport, topic }: Target, spans: readonly Span[], { each, stop: asked }: Reading): Promise<void> => {
  const done = new AbortController();
  const stop = AbortSignal.any([asked, done.signal]);
  let open = spans.filter(({ from, to }) => from < to).length;
  if (open === 0) return;
  const reading: Promise<void>[] = [];
  const problems: unknown[] = [];
  const readSpan = async (feed: PartitionFeed, span: Span): Promise<void> => {
    try {
      await readFeed(feed, span, { each, stop });
    } catch (error) {
      problems.push(error);
      done.abort();
    }
    open -= 1;
    if (open === 0) done.abort();
  };
  const subscription = await transport.subscribe(topic, `dsf.read.${randomUUID()}`);
  try {
    for await (const feed of subscription.feeds(stop)) {
      const span = spans[feed.partition];
      if (span !== undefined && span.from < span.to) reading.push(readSpan(feed, span));
    }
  } finally {
    await Promise.all(reading);
    await subscription.close();
  }
  if (problems.length > 0) throw problems[0];
};
