import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { allowOnKafka, describeOnKafka, kafkaUsers, realClock, startKafka, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PartitionFeed, Subscription } from '@dsf/ports';
import type { KafkaLogin } from './connection-options.ts';
import { openKafkaTransport } from './kafka-transport.ts';

const reason = await whyNoOwnKafka(process.env);

/** The broker ends a connection that has not logged in again by then; clients do so ten seconds before. */
const loginMsMax = 15_000;
const workMs = 40_000;
const never = new AbortController().signal;
const message = (body: string) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(body) });

const logins: readonly (readonly [string, string, KafkaLogin])[] = [
  ['plain', 'plain', { mechanism: 'plain', username: 'plain', password: kafkaUsers.plain }],
  ['scram-sha-512', 'scram', { mechanism: 'scram-sha-512', username: 'scram', password: kafkaUsers.scram }],
];

describeOnKafka(reason, 'logins that end', () => {
  let broker: KafkaBroker;
  let topic = '';
  beforeAll(async () => {
    broker = await startKafka(process.env, { loginMsMax });
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(async () => {
    topic = `topic-${randomUUID()}`;
    const open = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    await open.ensureTopic(topic, 1);
    await open.close();
  });

  const firstFeed = async (subscription: Subscription): Promise<PartitionFeed> => {
    for await (const feed of subscription.feeds(never)) return feed;
    throw new Error('no partition was given');
  };

  it.each(logins)(
    'are renewed with %s while messages are written, read and acknowledged: none fails, none is lost',
    async (_, user, login) => {
      await allowOnKafka(broker.address, user, { topics: topic, groups: topic, transactions: topic });
      const transport = openKafkaTransport({ connection: { brokers: [broker.loginAddress ?? ''], login }, clock: realClock });
      const feed = await firstFeed(await transport.subscribe(topic, topic));
      const writer = await transport.openWriter(topic, topic);
      const [sent, got]: [string[], string[]] = [[], []];
      for (const endsAt = Date.now() + workMs; Date.now() < endsAt || got.length < sent.length;) {
        if (Date.now() < endsAt) {
          const one = sent.length % 2 === 0 ? transport : writer;
          sent.push(`${sent.length}`);
          await one.send(topic, [message(sent.at(-1) ?? '')]);
        }
        const some = await feed.read({ recordsMax: 100, bytesMax: 1e6, waitMs: 5000 }, never);
        got.push(...some.map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array())));
        const last = some.at(-1);
        if (last !== undefined) await feed.acknowledge(last.offset + 1);
        await delay(200);
      }
      expect(got).toEqual(sent);
      // Its member has been in the group all the time.
      expect(feed.revoked.aborted).toBe(false);
      await transport.close();
    },
  );
});
