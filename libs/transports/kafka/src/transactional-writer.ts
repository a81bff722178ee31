import type { Broker } from 'kafkajs/src/cluster/index.js';
import type { TopicWriter } from '@dsf/ports';
import { asTransportFailure, kafkaErrorName } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';
import { makeTransactionalProducer, type Producer } from './producer.ts';

export interface WriterOptions {
  readonly client: KafkaClient;
  /** Name of the writer; a later one of the same name shuts this one out. */
  readonly id: string;
  /** Topic that it will write to. */
  readonly topic: string;
  /** Sends within the producer's transaction. */
  readonly sendWith: (producer: Producer) => TopicWriter['send'];
}

/** After so long the coordinator rolls back by itself, so that the readers of a dead writer's partition go on. */
const transactionTimeoutMs = 60_000;
/** The end of a transaction is written to its partitions after it was confirmed; the next has to wait for that. */
const pauseMs = 10;
const pausesMax = 20;
/** On a new cluster the topic of the coordinators has to be made first. */
const longPauseMs = 100;
const waitMsMax = 30_000;
const never = new AbortController().signal;

const notQuiteOver = 'CONCURRENT_TRANSACTIONS';
const soon = [notQuiteOver, 'GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP'];

/** Asks the coordinator of the id, wherever it is, until it has time. */
const makeAsk =
  ({ client, id, topic }: WriterOptions) =>
  async <T>(work: (coordinator: Broker) => Promise<T>): Promise<T> => {
    const giveUpAt = client.clock.now() + waitMsMax;
    for (let tries = 1; ; tries += 1) {
      try {
        return await work(await client.transactionCoordinator(id, topic));
      } catch (error) {
        const name = kafkaErrorName(error);
        if (name !== notQuiteOver) client.forgetCoordinator(id);
        if (!soon.includes(name) || client.clock.now() >= giveUpAt)
          throw asTransportFailure(error, { brokers: client.brokers, topic, writer: id });
        await client.clock.sleep(tries <= pausesMax ? pauseMs : longPauseMs, never);
      }
    }
  };

/**
 * Takes over a transactional id: what a writer of the same name has open is rolled back, and its further sends are refused
 * (kafka.apache.org/documentation/#semantics, KIP-98). Each send is a transaction. After a failure the writer is of no use: open another.
 * @throws Failure `retry`; `fatal` `transport.denied-transaction`
 */
export const openTransactionalWriter = async (options: WriterOptions): Promise<TopicWriter> => {
  const { id, sendWith } = options;
  const ask = makeAsk(options);
  const identity = await ask((coordinator) =>
    coordinator.initProducerId({ transactionalId: id, transactionTimeout: transactionTimeoutMs }),
  );
  const producer = makeTransactionalProducer(id, identity);
  const send = sendWith(producer);
  const known = { transactionalId: id, ...identity };
  const end = (isCommit: boolean): Promise<unknown> => ask((coordinator) => coordinator.endTxn({ ...known, transactionResult: isCommit }));
  return {
    send: async (topic, messages) => {
      if (messages.length === 0) return;
      const partitions = [...new Set(messages.map(({ partition }) => partition))];
      await ask((coordinator) => coordinator.addPartitionsToTxn({ ...known, topics: [{ topic, partitions }] }));
      try {
        await send(topic, messages);
      } catch (error) {
        // So that readers need not wait for the timeout; whoever opens the next writer rolls back too.
        await end(false).catch(() => undefined);
        throw error;
      }
      await end(true);
    },
  };
};
