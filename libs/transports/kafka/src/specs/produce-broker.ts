import type { Clock } from '@dsf/ports';
import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';
import type { KafkaClient } from '../kafka-client.ts';
import type { Producer } from '../producer.ts';
import { readWire } from '../wire-reader.ts';
import { writeWire } from '../wire-writer.ts';

/** What is answered for the partitions that were sent to: of some of them Kafka's error code, 0: none. */
export type Answer = (asked: readonly number[]) => readonly (readonly [partition: number, error: number])[];

/** Leads every partition of one topic "t", on a clock that jumps. */
export interface StubBroker {
  readonly clock: Clock;
  /** The partitions of each request. */
  readonly asked: (readonly number[])[];
  /** How many replicas each request wants to have it before it is answered; -1: all that are in sync. */
  readonly acks: readonly number[];
  /** How transactions ended. */
  readonly ended: ('committed' | 'rolled back')[];
  /** The number of the first record of each batch that came for a partition. */
  sequencesOf(partition: number): readonly number[];
  readonly broker: Broker;
}

const sequenceAt = 53;

const readRequest = (buffer: Buffer) => {
  const reader = readWire(buffer);
  // The transactional id, or -1 for none.
  reader.skip(Math.max(0, reader.int16()));
  const acks = reader.int16();
  // The timeout.
  reader.skip(4);
  const batches = reader
    .list(() => {
      reader.string();
      return reader.list(() => ({ partition: reader.int32(), sequence: reader.bytes(reader.int32()).readInt32BE(sequenceAt) }));
    })
    .flat();
  return { acks, batches };
};

const writeAnswer = (answered: ReturnType<Answer>): Buffer => {
  const writer = writeWire(4 + 3 + 4 + answered.length * 30 + 4)
    .int32(1)
    .string('t')
    .int32(answered.length);
  for (const [partition, error] of answered) writer.int32(partition).int16(error).int64(0).int64(-1).int64(0);
  return writer.int32(0).finish();
};

const jumpingClock = () => {
  let now = 1_000_000;
  const sleep = async (ms: number): Promise<void> => void (now += ms);
  return { now: () => now, sleep };
};

/** @param answers - one after the other, the last for ever */
export const brokerThatAnswers = (...answers: readonly Answer[]): StubBroker => {
  const requests: ReturnType<typeof readRequest>['batches'][] = [];
  const acks: number[] = [];
  const asked: (readonly number[])[] = [];
  const ended: StubBroker['ended'] = [];
  const send = async <Response>({ request, response }: WireRequest<Response>): Promise<Response> => {
    const { buffer } = await request.encode();
    const answer = answers[asked.length] ?? answers.at(-1);
    const { batches, acks: wanted } = readRequest(buffer);
    requests.push(batches);
    acks.push(wanted);
    asked.push(batches.map(({ partition }) => partition));
    return response.parse(await response.decode(writeAnswer(answer?.(asked.at(-1) ?? []) ?? [])));
  };
  const broker = {
    connectionPool: { send },
    initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }),
    addPartitionsToTxn: async () => undefined,
    endTxn: async ({ transactionResult }: { transactionResult: boolean }) =>
      void ended.push(transactionResult ? 'committed' : 'rolled back'),
  };
  return {
    ...{ clock: jumpingClock(), asked, acks, ended },
    sequencesOf: (partition) =>
      requests
        .flat()
        .filter((batch) => batch.partition === partition)
        .map(({ sequence }) => sequence),
    broker: broker as unknown as Broker,
  };
};

/** Lets each request wait for its timeout. */
export const silentBroker = (requestTimeoutMs: number): StubBroker => {
  const self = brokerThatAnswers();
  const send = async (): Promise<never> => {
    self.asked.push([]);
    await self.clock.sleep(requestTimeoutMs, new AbortController().signal);
    throw Object.assign(new Error('timed out'), { name: 'KafkaJSRequestTimeoutError', retriable: true });
  };
  return { ...self, broker: { connectionPool: { send } } as unknown as Broker };
};

export const clientOf = ({ broker, clock }: StubBroker): KafkaClient =>
  ({
    ...{ clock, brokers: 'b:9092' },
    leaders: async () => [0, 0],
    broker: async () => broker,
    transactionCoordinator: async () => broker,
    forget: () => undefined,
    forgetCoordinator: () => undefined,
  }) as unknown as KafkaClient;

/** A producer that is always ready, and gives each number once. @returns also the partitions of the batches that were confirmed to it */
export const numbersOf = () => {
  const confirmed: number[] = [];
  let sequence = -1;
  const producer: Producer = {
    transactionalId: null,
    ready: async () => undefined,
    stamp: () => ({ producer: '1', epoch: 0, sequence: (sequence += 1), isTransactional: false }),
    confirmed: (_, partition) => void confirmed.push(partition),
    forget: () => undefined,
  };
  return { producer, confirmed };
};
