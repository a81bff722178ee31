import { randomUUID } from 'node:crypto';
import { describeOnKafka, realClock, startKafkaCluster, whyNoOwnKafka, type KafkaCluster } from '@dsf/testing';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Delivery, PartitionFeed, Subscription } from '@dsf/ports';
import { openKafkaTransport } from './kafka-transport.ts';

const never = new AbortController().signal;
const patienceMs = 120_000;
const reason = await whyNoOwnKafka(process.env);

const messages = (bodies: readonly string[]) =>
  bodies.map((body) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(body) }));
const texts = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array()));

describeOnKafka(reason, 'a topic whose leader may be a replica that lacks something', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafkaCluster(process.env);
  });
  afterAll(() => cluster.close());

  /** Leader and follower of a partition with two copies. */
  const placesOf = async (topic: string): Promise<{ readonly leader: number; readonly follower: number }> => {
    const admin = new kafkajs.Kafka({ brokers: [...cluster.addresses], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.disconnect();
    const { leader = 0, replicas = [] } = topics[0]?.partitions[0] ?? {};
    return { leader, follower: replicas.find((id) => id !== leader) ?? 0 };
  };
  const firstFeed = async (subscription: Subscription): Promise<PartitionFeed> => {
    for await (const feed of subscription.feeds(never)) return feed;
    throw new Error('no partition was given');
  };

  it('stops its reader when such a replica has taken over, also once it has more than was read', async () => {
    const topic = `topic-${randomUUID()}`;
    // Nothing is fetched while something is there to be read: the reader looks only when the log has grown again.
    const options = { sessionTimeoutMs: 300_000, partitionBytesMax: 1 };
    const transport = openKafkaTransport({ connection: { brokers: cluster.addresses }, clock: realClock, ...options });
    const settings = { 'unclean.leader.election.enable': 'true', 'min.insync.replicas': '1' };
    await transport.admin.create({ topic, partitions: 1, replicas: 2, settings });
    const send = (...bodies: readonly string[]): Promise<void> =>
      expect
        .poll(
          () =>
            transport.send(topic, messages(bodies)).then(
              () => true,
              () => false,
            ),
          { timeout: patienceMs },
        )
        .toBe(true);
    await send('a', 'b');
    const { leader, follower } = await placesOf(topic);
    await cluster.node(follower).kill();
    await send('c', 'd');
    const feed = await firstFeed(await transport.subscribe(topic, `group-${topic}`));
    const read = (recordsMax: number) => feed.read({ recordsMax, bytesMax: 1000, waitMs: 2000 }, never);
    const got: string[] = [];
    while (got.length < 3) got.push(...texts(await read(1)));
    expect(got).toEqual(['a', 'b', 'c']);
    await cluster.node(leader).kill();
    await cluster.node(follower).restart();
    await send('1', '2', '3');
    expect(await transport.bounds(topic, 0)).toEqual({ start: 0, end: 5 });
    expect(texts(await read(10))).toEqual(['d']);
    const diverged = { kind: 'fatal', code: 'transport.diverged', facts: { offset: 4, start: 2 } };
    const failure = (): Promise<unknown> => read(10).catch((error: unknown) => error);
    await expect.poll(failure, { timeout: patienceMs }).toMatchObject(diverged);
    expect(feed.revoked.aborted).toBe(false);
    await transport.close();
  });
});
