/**
 * Floors for Kafka: kafkajs alone, with the settings that it has by itself. A consumer that counts; producers, one for each partition as the
 * publisher has one for each lane, that send messages which were made before the time begins.
 */
import kafkajs, { type Message, type Producer } from 'kafkajs';
import type { Task, Usage } from './task.ts';
import { createUsage } from './usage.ts';

const open = (address: string) => new kafkajs.Kafka({ brokers: [address], clientId: 'bench', logLevel: kafkajs.logLevel.NOTHING });

type Reading = Pick<Extract<Task, { kind: 'kafkajs-consume' }>, 'address' | 'topic' | 'records'>;

interface Seen {
  readonly joined: () => void;
  readonly batch: (partition: number, messages: readonly Message[]) => void;
}

/** Until so many have come. */
const consume = async ({ address, topic, records }: Reading, seen: Seen): Promise<void> => {
  const consumer = open(address).consumer({ groupId: `bench-${process.pid}` });
  const all = Promise.withResolvers<void>();
  let count = 0;
  consumer.on('consumer.group_join', seen.joined);
  consumer.on('consumer.crash', ({ payload }) => all.reject(payload.error));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      seen.batch(batch.partition, batch.messages);
      count += batch.messages.length;
      if (count >= records) all.resolve();
    },
  });
  await all.promise;
  await consumer.disconnect();
};

export const consumeBare = async (task: Extract<Task, { kind: 'kafkajs-consume' }>): Promise<Usage> => {
  const usage = createUsage();
  await consume(task, { joined: () => usage.begin(), batch: () => usage.mark() });
  return usage.read();
};

const openProducer = (address: string, id: string | null): Producer =>
  open(address).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    ...(id === null ? {} : { transactionalId: id }),
  });

/** One send after the other, each a transaction of its own where there are any. */
const produceLane = async (
  producer: Producer,
  lane: readonly Message[],
  { to, batch, transactional }: Extract<Task, { kind: 'kafkajs-produce' }>,
): Promise<void> => {
  for (let from = 0; from < lane.length; from += batch) {
    const record = { topic: to, acks: -1, messages: lane.slice(from, from + batch) };
    if (!transactional) await producer.send(record);
    else {
      const transaction = await producer.transaction();
      await transaction.send(record);
      await transaction.commit();
    }
  }
};

export const produceBare = async (task: Extract<Task, { kind: 'kafkajs-produce' }>): Promise<Usage> => {
  const lanes = new Map<number, Message[]>();
  const { address, from: topic, records, transactional } = task;
  const keep: Seen['batch'] = (partition, messages) => {
    const lane = lanes.get(partition) ?? [];
    for (const { key = null, value, headers = {} } of messages) lane.push({ key, value, headers, partition });
    lanes.set(partition, lane);
  };
  await consume({ address, topic, records }, { joined: () => undefined, batch: keep });
  const producers = [...lanes].map(([partition, lane]) => ({
    lane,
    producer: openProducer(address, transactional ? `bench-${process.pid}-${partition}` : null),
  }));
  for (const { producer } of producers) await producer.connect();
  const usage = createUsage();
  usage.begin();
  await Promise.all(producers.map(({ producer, lane }) => produceLane(producer, lane, task)));
  usage.mark();
  for (const { producer } of producers) await producer.disconnect();
  return usage.read();
};
