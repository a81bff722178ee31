import type { Clock } from '@dsf/ports';

/** kafkajs waits for the answer to each request before it disconnects, half a minute for that to a join: what is not answered so soon is given up. */
const closeMsMax = 3000;

/** Waits for work that does not matter any more, but not for ever: whoever is asked to stop must not hang on a broker that is silent. */
export const forAWhile = async (clock: Clock, work: Promise<unknown>): Promise<void> => {
  const over = new AbortController();
  await Promise.race([work.catch(() => undefined), clock.sleep(closeMsMax, over.signal)]);
  over.abort();
};
