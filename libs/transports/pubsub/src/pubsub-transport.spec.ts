import { setTimeout as delay } from 'node:timers/promises';
import { realClock, startPubsubRules, type PubsubRules } from '@dsf/testing';
import { PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from './connection-options.ts';
import { openPubsubTransport, type PubsubTransport } from './pubsub-transport.ts';

const project = 'rules-project';
const shape = { partitions: 4, replication: null, retentionMs: 86_400_000, cleanup: 'time', messageBytesMax: 1_000_000 } as const;

describe('topics between the services, against a fake with the documented rules of Pub/Sub', () => {
  let rules: PubsubRules;
  let remote: PubSub;
  let transport: PubsubTransport;
  beforeEach(async () => {
    rules = await startPubsubRules();
    remote = new PubSub({ projectId: project, apiEndpoint: rules.address, emulatorMode: true });
    transport = openPubsubTransport({
      connection: { project, emulator: rules.address, region: 'europe-west1' },
      clock: realClock,
      createsTopics: false,
      readers: { 'dsf.raw': ['dsf.flatten'] },
      prefix: 'shop.',
    });
  });
  afterEach(async () => {
    await transport.close();
    await remote.close();
    await rules.close();
  });

  it('keep their messages in one region, and have a subscription in order that puts nothing aside', async () => {
    const { administration } = transport;
    await administration.create('dsf.raw', administration.fit('dsf.raw', shape));
    const [topic] = await remote.topic('shop.dsf.raw').getMetadata();
    expect(topic.messageStoragePolicy?.allowedPersistenceRegions).toEqual(['europe-west1']);
    const [subscription] = await remote.subscription('shop.dsf.raw.dsf.flatten').getMetadata();
    expect(subscription).toMatchObject({ enableMessageOrdering: true, deadLetterPolicy: null, filter: '' });
    expect(await administration.describe('dsf.raw')).toEqual(administration.fit('dsf.raw', shape));
  });

  it('are written and read through the endpoint of that region, so that a lane keeps its order', () => {
    expect(clientConfig({ project, region: 'europe-west1' })).toMatchObject({ apiEndpoint: 'europe-west1-pubsub.googleapis.com:443' });
    expect(clientConfig({ project, region: 'europe-west1', endpoint: 'pubsub.internal:443' })).toMatchObject({
      apiEndpoint: 'pubsub.internal:443',
    });
  });

  it('are empty when all was discarded, also what was sent a moment before', async () => {
    const { administration } = transport;
    await administration.create('dsf.raw', administration.fit('dsf.raw', shape));
    await transport.send('dsf.raw', [{ partition: 0, key: null, headers: [], body: new Uint8Array([1]) }]);
    expect(rules.waiting('shop.dsf.raw.dsf.flatten')).toBe(1);
    await transport.discard('dsf.raw');
    expect(rules.waiting('shop.dsf.raw.dsf.flatten')).toBe(0);
  });

  it.for([0, 2, 5, 10, 20, 40])(
    'leave nothing with a member that left %d ms after it had come: the next one has the lanes at once, not when a deadline has passed',
    async (stayMs) => {
      const { administration } = transport;
      await administration.create('dsf.raw', administration.fit('dsf.raw', shape));
      const left = await transport.subscribe('dsf.raw', 'dsf.flatten', shape.partitions);
      await delay(stayMs);
      await left.close();
      expect(rules.outstanding('shop.dsf.raw.dsf.flatten')).toBe(0);
    },
  );
});
