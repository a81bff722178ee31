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
import { openKafkaTransport } from './kafka-transport.ts';

const reason = await whyNoKafka(process.env);
/** The shortest that a broker allows which nobody has set up for tests is 6 s. */
const sessionTimeoutMs = (await whyNoOwnKafka(process.env)) === null ? 3000 : 6000;

describeOnKafka(reason, 'the contract of the transport', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());

  /** One broker for all tests; a prefix of its own makes it empty for each. */
  const makeHarness = async (): Promise<TransportHarness> => {
    const config = { connection: { brokers: [broker.address] }, sessionTimeoutMs, prefix: `test-${randomUUID()}.` };
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
