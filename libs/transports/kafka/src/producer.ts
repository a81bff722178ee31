import type { OutgoingMessage } from '@dsf/ports';
import { asTransportFailure } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';
import { sequenceAfter, type BatchStamp } from './record-batch.ts';

/** Numbers the batches to each partition, so that a broker takes none twice however often it is sent. */
export interface Producer {
  /** Of the transaction that the batches belong to; null: of none. */
  readonly transactionalId: string | null;
  /** Asks for an identity where there is none. @throws Failure */
  ready(topic: string): Promise<void>;
  /** For the next batch of a partition. */
  stamp(topic: string, partition: number): BatchStamp;
  /** The batch is in the log. */
  confirmed(topic: string, partition: number, batch: readonly OutgoingMessage[], stamp: BatchStamp): void;
  /** Nobody knows whether a batch is in the log, so no number fits the next one: begin anew as somebody else. */
  forget(): void;
}

interface Identity {
  readonly producer: string;
  readonly epoch: number;
  readonly sequences: Map<string, number>;
}

const unused: BatchStamp = { producer: '-1', epoch: -1, sequence: -1, isTransactional: false };
const noTransaction = 60_000;

const makeNumbers = (transactionalId: string | null, current: () => Identity | null) => ({
  transactionalId,
  stamp: (topic: string, partition: number): BatchStamp => {
    const known = current();
    if (known === null) return unused;
    const { producer, epoch, sequences } = known;
    return { producer, epoch, sequence: sequences.get(`${partition}:${topic}`) ?? 0, isTransactional: transactionalId !== null };
  },
  confirmed: (topic: string, partition: number, batch: readonly OutgoingMessage[], stamp: BatchStamp): void => {
    const known = current();
    if (known?.producer !== stamp.producer || known.epoch !== stamp.epoch) return;
    known.sequences.set(`${partition}:${topic}`, sequenceAfter(stamp.sequence, batch.length));
  },
});

/** A producer without transactions: idempotent, its identity is given by any broker. */
export const makeProducer = (client: KafkaClient): Producer => {
  let identity: Identity | null = null;
  return {
    ...makeNumbers(null, () => identity),
    ready: async (topic) => {
      if (identity !== null) return;
      const broker = await client.leaderOf(topic, 0);
      try {
        const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: noTransaction });
        identity = { producer: producerId, epoch: producerEpoch, sequences: new Map() };
      } catch (error) {
        client.forget();
        throw asTransportFailure(error, { brokers: client.brokers, topic });
      }
    },
    forget: () => {
      identity = null;
    },
  };
};

/** The producer of one transactional id in one epoch, which ends when it is forgotten. */
export const makeTransactionalProducer = (
  transactionalId: string,
  { producerId, producerEpoch }: { readonly producerId: string; readonly producerEpoch: number },
): Producer => {
  const identity = { producer: producerId, epoch: producerEpoch, sequences: new Map<string, number>() };
  return { ...makeNumbers(transactionalId, () => identity), ready: async () => undefined, forget: () => undefined };
};
