import type { Broker } from 'kafkajs/src/cluster/index.js';
import { expect, it } from 'vitest';
import type { KafkaClient } from './kafka-client.ts';
import type { Producer } from './producer.ts';
import { makeSender } from './sender.ts';

const requestTimeoutMs = 15_000;

/** A broker that answers nothing, on a clock that jumps. @returns how often it was asked, and when that was given up, ms */
const sendInVain = async () => {
  let [now, asked] = [1_000_000, 0];
  const begunAt = now;
  const send = async (): Promise<never> => {
    asked += 1;
    now += requestTimeoutMs;
    throw Object.assign(new Error('timed out'), { name: 'KafkaJSRequestTimeoutError', retriable: true });
  };
  const client = {
    clock: { now: () => now, sleep: async (ms: number) => void (now += ms) },
    brokers: 'b:9092',
    leaders: async () => [0],
    broker: async () => ({ connectionPool: { send } }) as unknown as Broker,
    forget: () => undefined,
  };
  const producer: Producer = {
    transactionalId: null,
    ready: async () => undefined,
    stamp: () => ({ producer: '1', epoch: 0, sequence: 0, isTransactional: false }),
    confirmed: () => undefined,
    forget: () => undefined,
  };
  const sender = makeSender({
    client: client as unknown as KafkaClient,
    producer,
    batchBytesMax: () => 1000,
    ackTimeoutMs: requestTimeoutMs,
  });
  const failure: unknown = await sender
    .send('t', [{ partition: 0, key: null, headers: [], body: new Uint8Array(3) }])
    .catch((error: unknown) => error);
  return { asked, failure, ms: now - begunAt };
};

it('a send to a broker that is silent is tried again, and given back in less than a minute', async () => {
  const { asked, failure, ms } = await sendInVain();
  expect(failure).toMatchObject({ kind: 'retry', code: 'transport.unavailable' });
  expect(asked).toBeGreaterThan(1);
  expect(ms).toBeLessThan(60_000);
});
