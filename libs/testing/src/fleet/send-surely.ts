import { setTimeout as delay } from 'node:timers/promises';
import { Failure, type OutgoingMessage, type Transport } from '@dsf/ports';

/** A cluster whose broker was killed needs some seconds to find other leaders. */
const sendMsMax = 60_000;
/** What a leader has taken before it went is in all replicas, and counts, soon after the next one leads. */
const settleMs = 3000;

/**
 * Sends that bring each message into the log once, also where one fails and nobody knows how far it came. Nobody else may write to the topic,
 * which is empty at first: the ends of its partitions then tell what is there.
 */
export const sendingSurely = (
  transport: Pick<Transport, 'send' | 'bounds'>,
  { pauseMs = settleMs }: { readonly pauseMs?: number } = {},
): Pick<Transport, 'send'> => {
  const sent = new Map<number, number>();
  const notThere = async (topic: string, messages: readonly OutgoingMessage[]): Promise<readonly OutgoingMessage[]> => {
    const left: OutgoingMessage[] = [];
    for (const [partition, some] of Map.groupBy(messages, (message) => message.partition)) {
      const { end } = await transport.bounds(topic, partition);
      left.push(...some.slice(end - (sent.get(partition) ?? 0)));
    }
    return left;
  };
  return {
    send: async (topic, messages) => {
      const giveUpAt = Date.now() + sendMsMax;
      for (let isSent = false, tries = 0; !isSent; tries += 1) {
        try {
          await transport.send(topic, tries === 0 ? messages : await notThere(topic, messages));
          isSent = true;
        } catch (error) {
          if (!(error instanceof Failure && error.kind === 'retry') || Date.now() > giveUpAt) throw error;
          await delay(pauseMs);
        }
      }
      for (const { partition } of messages) sent.set(partition, (sent.get(partition) ?? 0) + 1);
    },
  };
};
