import type { Clock } from '@dsf/ports';
import { readTopic } from '../read-topic.ts';
import { createMessageSender, type Target } from '../send-messages.ts';
import { deliveryHeader, type GithubDelivery } from './github-deliveries.ts';

export interface Pace {
  /** Messages sent together, and the pause after them. */
  readonly batch: number;
  readonly pauseMs: number;
}

/** Ids of the deliveries that the topic holds. The topic itself is the memory, so a crash at any moment leaves nothing to mend. */
const idsThere = async (target: Target, stop: AbortSignal): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>();
  const bounds = await Promise.all(
    Array.from({ length: target.partitions }, (_, partition) => target.transport.bounds(target.topic, partition)),
  );
  await readTopic(
    target,
    bounds.map(({ start, end }) => ({ from: start, to: end })),
    {
      each: (_, { headers }) => {
        const found = headers.find(([name]) => name === deliveryHeader);
        if (found !== undefined) ids.add(Buffer.from(found[1]).toString('utf8'));
      },
      stop,
    },
  );
  return ids;
};

/** Sends the deliveries that the topic does not hold yet, in their order. @returns how many were sent, and how many were there */
export const sendDeliveries = async (
  target: Target,
  deliveries: readonly GithubDelivery[],
  { clock, stop, pace }: { readonly clock: Clock; readonly stop: AbortSignal; readonly pace: Pace },
): Promise<{ readonly sent: number; readonly there: number }> => {
  const ids = await idsThere(target, stop);
  const missing = deliveries.filter(({ id }) => !ids.has(id));
  const sender = createMessageSender(target);
  for (let from = 0; from < missing.length && !stop.aborted; from += pace.batch) {
    await sender.send(missing.slice(from, from + pace.batch));
    if (pace.pauseMs > 0) await clock.sleep(pace.pauseMs, stop);
  }
  return { sent: sender.sent().messages, there: deliveries.length - missing.length };
};
