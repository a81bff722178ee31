import type { Clock, PartitionFeed, Transport } from '@dsf/ports';
import type { Reading } from './read-topic.ts';

/** What is to be watched. */
export interface Watched {
  readonly transport: Transport;
  readonly topic: string;
  readonly fromBeginning: boolean;
  /** Ends when nothing has come for `quietMs`: such a topic does not say where it ends. */
  readonly untilQuiet: boolean;
}

/** What one read asks for; bounds what is held in memory. */
const limits = { recordsMax: 500, bytesMax: 4 * 1024 * 1024, waitMs: 500 };
const quietMs = 5000;

/** Reads a topic without offsets beside everybody else, until `stop` aborts. */
export const watchTopic = async (watched: Watched, clock: Clock, reading: Reading): Promise<void> => {
  const { transport, topic, fromBeginning, untilQuiet } = watched;
  const done = new AbortController();
  const stop = AbortSignal.any([reading.stop, done.signal]);
  const problems: unknown[] = [];
  const subscription = await transport.watch?.(topic, fromBeginning);
  if (subscription === undefined) return;
  let heardAt = clock.now();
  const waitForQuiet = async (): Promise<void> => {
    while (!stop.aborted && clock.now() - heardAt < quietMs) await clock.sleep(limits.waitMs, stop);
    done.abort();
  };
  const readFeed = async (feed: PartitionFeed): Promise<void> => {
    try {
      while (!stop.aborted && !feed.revoked.aborted) {
        const deliveries = await feed.read(limits, stop);
        const last = deliveries.at(-1);
        if (last === undefined) continue;
        heardAt = clock.now();
        for (const delivery of deliveries) await reading.each(feed.partition, delivery);
        await feed.acknowledge(last.offset + 1);
      }
    } catch (error) {
      problems.push(error);
      done.abort();
    }
  };
  const running: Promise<void>[] = untilQuiet ? [waitForQuiet()] : [];
  try {
    for await (const feed of subscription.feeds(stop)) running.push(readFeed(feed));
  } finally {
    done.abort();
    await Promise.all(running);
    await subscription.close();
  }
  if (problems.length > 0) throw problems[0];
};
