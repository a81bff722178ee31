import errors from 'kafkajs/src/protocol/error.js';
import { expect, it } from 'vitest';
import type { KafkaClient } from './kafka-client.ts';
import { partitionOffsets } from './offsets.ts';

it('offsets that a leader does not give are a failure that names the partition', async () => {
  const [storageError, sleep] = [56, async () => undefined];
  const listOffsets = (): Promise<never> => Promise.reject(errors.createErrorFromCode(storageError));
  const client = { brokers: 'b:9092', clock: { now: () => 0, sleep }, leaderOf: async () => ({ listOffsets }), forget: () => undefined };
  const { bounds, offsetAt } = partitionOffsets(client as unknown as KafkaClient);
  for (const asked of [bounds('t', 5), offsetAt('t', 5, 0)]) {
    await expect(asked).rejects.toMatchObject({
      ...{ kind: 'retry', code: 'transport.leader-changed', facts: { topic: 't', partition: 5 } },
      message: expect.stringContaining('partition 5 of topic "t"') as unknown,
    });
  }
});
