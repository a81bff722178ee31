import { randomUUID } from 'node:crypto';
import {
  describeOnKafka,
  realClock,
  startKafka,
  transportContract,
  whyNoKafka,
  whyNoOwnKafka,
  type KafkaBroker,
  type TransportHarness,
} from '@dsf/testing';
import { afterAll, beforeAll } from 'vitest';
import type { Transport } from '@dsf/ports';
import { openKafkaTransport, type KafkaTransport } from './kafka-transport.ts';

const reason = await whyNoKafka(process.env);
const isOwn = (await whyNoOwnKafka(process.env)) === null;
/** The shortest that a broker allows which nobody has set up for tests is 6 s. */
const sessionTimeoutMs = isOwn ? 3000 : 6000;
/** Messages that the contract has are larger than such a broker takes by itself. */
const settings = { 'max.message.bytes': '8000000' };

const takingLarge = (transport: KafkaTransport, prefix: string): Transport => ({
  ...transport,
  ensureTopic: async (topic, partitions) => {
    await transport.admin.create({ topic: `${prefix}${topic}`, partitions, replicas: -1, settings });
    await transport.ensureTopic(topic, partitions);
  },
});

describeOnKafka(reason, 'the contract of the transport', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());

  /** One broker for all tests; a prefix of its own makes it empty for each. */
  const makeHarness = async (): Promise<TransportHarness> => {
    const config = { connection: { brokers: [broker.address] }, sessionTimeoutMs, prefix: `test-${randomUUID()}.` };
    const open = () => openKafkaTransport({ ...config, clock: realClock });
    return {
      open: async () => (isOwn ? open() : takingLarge(open(), config.prefix)),
      remote: { module: new URL('kafka-transport.ts', import.meta.url).href, factory: 'openKafkaTransport', config },
      memberTimeoutMs: config.sessionTimeoutMs,
      trim: async (topic, partition, before) => {
        const transport = open();
        await transport.admin.trim(`${config.prefix}${topic}`, partition, before);
        await transport.close();
      },
      close: async () => undefined,
    };
  };

  transportContract('Kafka', makeHarness);
});
