import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import type { KafkaClient } from './kafka-client.ts';
import { makeSender } from './sender.ts';
import { brokerThatAnswers, clientOf, numbersOf, silentBroker, type Answer, type StubBroker } from './specs/produce-broker.ts';
import { openTransactionalWriter } from './transactional-writer.ts';

const requestTimeoutMs = 15_000;
const message = (partition: number) => ({ partition, key: null, headers: [], body: new Uint8Array(3) });

const senderTo = (broker: StubBroker, leaders: KafkaClient['leaders'] = async () => [0, 0]) => {
  const { producer, confirmed } = numbersOf();
  const client = { ...clientOf(broker), leaders };
  const sender = makeSender({ client, producer, batchBytesMax: () => 1000, ackTimeoutMs: requestTimeoutMs });
  /** @returns what it was rejected with; undefined: it counts */
  const send = (...partitions: readonly number[]): Promise<unknown> =>
    sender.send('t', partitions.map(message)).catch((error: unknown) => error);
  return { send, confirmed };
};

it('a send to a broker that is silent is tried again, and given back in less than a minute', async () => {
  const broker = silentBroker(requestTimeoutMs);
  const begunAt = broker.clock.now();
  const failure = await senderTo(broker).send(0);
  expect(failure).toMatchObject({ kind: 'retry', code: 'transport.unavailable' });
  expect(broker.asked.length).toBeGreaterThan(1);
  expect(broker.clock.now() - begunAt).toBeLessThan(60_000);
});

const allInSync = -1;
const noneOf1: Answer = (asked) => asked.filter((partition) => partition !== 1).map((partition) => [partition, 0]);
const nothing: Answer = () => [];
const tooFewReplicas = 19;
const errorFor1: Answer = (asked) => asked.map((partition) => [partition, partition === 1 ? tooFewReplicas : 0]);
const all: Answer = (asked) => asked.map((partition) => [partition, 0]);

describe('a send to a partition that has no leader just now', () => {
  const noLeader = new Failure('retry', 'transport.leader-changed', 'a partition has no leader');
  /** @param looks - how many times there is none */
  const withoutLeader = (looks: number, failure = noLeader) => {
    let left = looks;
    return async (): Promise<readonly number[]> => {
      left -= 1;
      if (left >= 0) throw failure;
      return [0];
    };
  };

  it('waits for the next one, and is sent once', async () => {
    const broker = brokerThatAnswers(all);
    const { send, confirmed } = senderTo(broker, withoutLeader(5));
    expect(await send(0)).toBeUndefined();
    expect([broker.asked, confirmed]).toEqual([[[0]], [0]]);
  });

  it('is given back in less than a minute where none comes', async () => {
    const broker = brokerThatAnswers(all);
    const begunAt = broker.clock.now();
    expect(await senderTo(broker, withoutLeader(Infinity)).send(0)).toBe(noLeader);
    expect(broker.asked).toEqual([]);
    expect(broker.clock.now() - begunAt).toBeLessThan(60_000);
  });

  it('is given back at once for a reason that does not pass by itself', async () => {
    const gone = new Failure('retry', 'transport.topic-gone', 'the topic was there and is gone');
    const broker = brokerThatAnswers(all);
    const begunAt = broker.clock.now();
    expect(await senderTo(broker, withoutLeader(1, gone)).send(0)).toBe(gone);
    expect(broker.clock.now()).toBe(begunAt);
  });
});

describe('a send to several partitions', () => {
  it('counts when each of them is confirmed', async () => {
    const { send, confirmed } = senderTo(brokerThatAnswers(all));
    expect(await send(0, 1)).toBeUndefined();
    expect(confirmed).toEqual([0, 1]);
  });

  it('asks for an answer when all replicas in sync have it, also when it is tried again', async () => {
    const broker = brokerThatAnswers(noneOf1, all);
    expect(await senderTo(broker).send(0, 1)).toBeUndefined();
    expect(broker.acks).toEqual([allInSync, allInSync]);
  });

  it('does not count while the answer lacks one of them, which alone is sent again, by its number', async () => {
    const broker = brokerThatAnswers(noneOf1);
    const { send, confirmed } = senderTo(broker);
    const unconfirmed = { kind: 'retry', code: 'transport.unconfirmed', facts: { topic: 't', partition: 1 } };
    expect(await send(0, 1)).toMatchObject(unconfirmed);
    expect(confirmed).toEqual([0]);
    expect(broker.asked.slice(0, 3)).toEqual([[0, 1], [1], [1]]);
    expect(new Set(broker.sequencesOf(1))).toEqual(new Set([1]));
  });

  it('counts when the partition that an answer lacked is in the next one', async () => {
    const broker = brokerThatAnswers(noneOf1, nothing, all);
    const { send, confirmed } = senderTo(broker);
    expect(await send(0, 1)).toBeUndefined();
    expect([broker.asked, confirmed]).toEqual([
      [[0, 1], [1], [1]],
      [0, 1],
    ]);
  });

  it('does not count where one has an error, and what went to the others is not sent again', async () => {
    const broker = brokerThatAnswers(errorFor1);
    const { send, confirmed } = senderTo(broker);
    expect(await send(0, 1)).toMatchObject({
      ...{ kind: 'retry', code: 'transport.replicas', facts: { topic: 't', partition: 1 } },
      message: expect.stringContaining('partition 1 of topic "t"') as unknown,
    });
    expect([broker.asked, confirmed]).toEqual([[[0, 1]], [0]]);
  });

  it('does not count where the answer holds no partition at all', async () => {
    const { send, confirmed } = senderTo(brokerThatAnswers(nothing));
    expect(await send(0, 1)).toMatchObject({ kind: 'retry', code: 'transport.unconfirmed', facts: { partition: 0 } });
    expect(confirmed).toEqual([]);
  });

  it('is a matter of its own, also when it shares a request with another that fails', async () => {
    const broker = brokerThatAnswers(noneOf1);
    const { send } = senderTo(broker);
    expect(await Promise.all([send(0), send(0, 1)])).toEqual([undefined, expect.any(Failure)]);
    expect(broker.asked[0]).toEqual([0, 1]);
  });
});

describe('a transaction over several partitions', () => {
  const writeTo = async (broker: StubBroker): Promise<unknown> => {
    const client = clientOf(broker);
    const options = { client, batchBytesMax: () => 1000, ackTimeoutMs: requestTimeoutMs };
    const writer = await openTransactionalWriter({
      ...{ client, id: 'w', topic: 't' },
      sendWith: (producer) => (topic, messages) => makeSender({ ...options, producer }).send(topic, messages),
    });
    return writer.send('t', [message(0), message(1)]).catch((error: unknown) => error);
  };

  it('is committed when each of them is confirmed', async () => {
    const broker = brokerThatAnswers(all);
    expect(await writeTo(broker)).toBeUndefined();
    expect([broker.ended, broker.acks]).toEqual([['committed'], [allInSync]]);
  });

  it('says which writer was shut out of which partition', async () => {
    const shutOut = 47;
    const broker = brokerThatAnswers((asked) => asked.map((partition) => [partition, partition === 1 ? shutOut : 0]));
    expect(await writeTo(broker)).toMatchObject({
      ...{ kind: 'retry', code: 'transport.fenced', facts: { topic: 't', partition: 1, writer: 'w' } },
      message: expect.stringContaining('partition 1 of topic "t", transactional id "w"') as unknown,
    });
  });

  it.each([
    ['the answer lacks one of them', noneOf1, 'transport.unconfirmed'],
    ['one of them has an error', errorFor1, 'transport.replicas'],
    ['the answer holds none', nothing, 'transport.unconfirmed'],
  ])('is rolled back, and never committed, where %s', async (_, answer, code) => {
    const broker = brokerThatAnswers(answer);
    expect(await writeTo(broker)).toMatchObject({ kind: 'retry', code });
    expect(broker.ended).toEqual(['rolled back']);
  });
});
