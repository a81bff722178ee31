import type { Delivery, Transport } from '@dsf/ports';

/** How long the documents may take to come, ms. */
const patienceMs = 60_000;
const waitMs = 500;

/** Headers are named as on Kafka. */
const named = (delivery: Delivery): Delivery => ({
  ...delivery,
  headers: delivery.headers.map(([name, value]) => [name.replace(/^ce-/, 'ce_'), value] as const),
});

/**
 * What waits in a subscription of one lane. All of it is acknowledged. A quiet subscription may be one whose stream is not open yet, so it is read
 * until all has come that was waited for, a minute at most, and then until nothing came for two seconds. Headers are named as on Kafka.
 * @param isWhole - whether what was read so far is all that is to come, but for what comes twice
 */
export const readSubscription = async (
  ends: Transport,
  subscriptionName: string,
  isWhole: (deliveries: readonly Delivery[]) => boolean,
): Promise<readonly Delivery[]> => {
  const subscription = await ends.subscribe(subscriptionName, 'test', 1);
  const stop = new AbortController();
  const all: Delivery[] = [];
  const giveUpAt = performance.now() + patienceMs;
  for await (const feed of subscription.feeds(stop.signal)) {
    for (let quiet = 0; quiet < 4 || (!isWhole(all) && performance.now() < giveUpAt);) {
      const some = await feed.read({ recordsMax: 1000, bytesMax: 1e8, waitMs }, stop.signal);
      const last = some.at(-1);
      quiet = last === undefined ? quiet + 1 : 0;
      all.push(...some.map(named));
      if (last !== undefined) await feed.acknowledge(last.offset + 1);
    }
    stop.abort();
  }
  await subscription.close();
  return all;
};
