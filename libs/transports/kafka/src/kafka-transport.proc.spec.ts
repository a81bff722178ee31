import { randomUUID } from 'node:crypto';
import { realClock, startKafka, transportContract, whyNoKafka, type KafkaBroker, type TransportHarness } from '@dsf/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaTransport } from './kafka-transport.ts';

const reason = whyNoKafka(process.env);

// One line in the counts says why nothing of this ran.
it.for(reason === null ? [] : [reason])('Kafka keeps the contract of the transport', (why, { skip }) => {
  expect(why).not.toBe('');
  skip(why);
});

describe.skipIf(reason !== null)('on Apache Kafka', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());

  /** One broker for all tests; a prefix of its own makes it empty for each. */
  const makeHarness = async (): Promise<TransportHarness> => {
    const config = { connection: { brokers: [broker.address] }, sessionTimeoutMs: 3000, prefix: `test-${randomUUID()}.` };
    const open = async () => openKafkaTransport({ ...config, clock: realClock });
    return {
      open,
      remote: { module: new URL('kafka-transport.ts', import.meta.url).href, factory: 'openKafkaTransport', config },
      memberTimeoutMs: config.sessionTimeoutMs,
      trim: async (topic, partition, before) => {
        const transport = await open();
        await transport.admin.trim(`${config.prefix}${topic}`, partition, before);
        await transport.close();
      },
      close: async () => undefined,
    };
  };

  transportContract('Kafka', makeHarness);
});
