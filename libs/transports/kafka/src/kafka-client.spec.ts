import { realClock } from '@dsf/testing';
import { afterEach, expect, it } from 'vitest';
import { openKafkaClient, type KafkaClient } from './kafka-client.ts';
import { startMetadataBroker, type MetadataBroker } from './specs/metadata-broker.ts';

let broker: MetadataBroker;
let client: KafkaClient;
afterEach(async () => {
  await client.close();
  await broker.close();
});
const open = async (advertised?: string): Promise<void> => {
  broker = await startMetadataBroker(advertised);
  const times = { connectTimeoutMs: 500, requestTimeoutMs: 1000, metadataAgeMs: 60_000 };
  client = openKafkaClient({ connection: { brokers: [broker.address] }, clock: realClock, ...times });
};

it('knows who leads the partitions of a topic', async () => {
  await open();
  expect(await client.leaders('t')).toEqual([7]);
  expect((await client.leaderOf('t', 0)).nodeId).toBe(7);
});

it('names the broker whose advertised name means nothing here, not the one of the connection', async () => {
  await open('nowhere.invalid:9092');
  await expect(client.leaderOf('t', 0)).rejects.toMatchObject({
    ...{ kind: 'retry', code: 'transport.host-unknown' },
    message: expect.stringMatching(/name of the broker nowhere\.invalid:9092 .*advertised\.listeners/) as unknown,
  });
});

it('takes a broker that takes connections and says nothing for one that is away, until it speaks', async () => {
  await open();
  broker.answers = false;
  for (let tries = 0; tries < 2; tries += 1)
    await expect(client.leaders('t')).rejects.toMatchObject({ kind: 'retry', code: 'transport.unavailable' });
  broker.answers = true;
  expect(await client.leaders('t')).toEqual([7]);
});
