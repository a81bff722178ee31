import type { Delivery, Transport } from '@dsf/ports';

/** What waits in a subscription of one lane, until nothing came for two seconds. All of it is acknowledged. Headers are named as on Kafka. */
export const readSubscription = async (ends: Transport, subscriptionName: string): Promise<readonly Delivery[]> => {
  const subscription = await ends.subscribe(subscriptionName, 'test', 1);
  const stop = new AbortController();
  const all: Delivery[] = [];
  for await (const feed of subscription.feeds(stop.signal)) {
    for (let quiet = 0; quiet < 4;) {
      const some = await feed.read({ recordsMax: 1000, bytesMax: 1e8, waitMs: 500 }, stop.signal);
      const last = some.at(-1);
      quiet = last === undefined ? quiet + 1 : 0;
      all.push(...some);
      if (last !== undefined) await feed.acknowledge(last.offset + 1);
    }
    stop.abort();
  }
  await subscription.close();
  return all.map((delivery) => ({
    ...delivery,
    headers: delivery.headers.map(([name, value]) => [name.replace(/^ce-/, 'ce_'), value] as const),
  }));
};
