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
/** So long that no member of a busy machine is taken for gone, and that whoever leaves is seen to have gone sooner. */
const sessionTimeoutMs = 10_000;
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
