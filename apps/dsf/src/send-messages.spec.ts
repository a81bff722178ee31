import { openLocalForSpec } from './specs/local-topic.ts';
import { describe, expect, it } from 'vitest';
import { createMessageSender, partitionFor } from './send-messages.ts';

const text = (word: string): Uint8Array => Buffer.from(word);

describe('partitionFor', () => {
  it('gives one key one partition, whatever its turn', () => {
    for (const key of ['a', 'octo/repo', '', 'ü'])
      expect(new Set([0, 1, 2, 99].map((turn) => partitionFor(text(key), turn, 7))).size).toBe(1);
  });

  it('deals messages without key out in turn', () => {
    expect([0, 1, 2, 3, 4].map((turn) => partitionFor(null, turn, 3))).toEqual([0, 1, 2, 0, 1]);
  });

  it('uses every partition for many keys', () => {
    expect(new Set(Array.from({ length: 200 }, (_, key) => partitionFor(text(`key-${key}`), 0, 8))).size).toBe(8);
  });
});

it('sends in batches, in order, and counts what is durable', async () => {
  const topic = openLocalForSpec(1);
  const sender = createMessageSender(topic.target);
  const bodies = Array.from({ length: 2500 }, (_, index) => String(index));
  await sender.send(bodies.map((body) => ({ key: null, headers: [], body: text(body) })));
  expect(topic.batches()).toEqual([1000, 1000, 500]);
  expect(topic.bodies()).toEqual(bodies);
  expect(sender.sent()).toEqual({ messages: 2500, bytes: bodies.join('').length });
});

it('does not count what the transport refused', async () => {
  const topic = openLocalForSpec(1, 1);
  const sender = createMessageSender(topic.target);
  const bodies = Array.from({ length: 1500 }, () => ({ key: null, headers: [], body: text('x') }));
  await expect(sender.send(bodies)).rejects.toThrow('away');
  expect(sender.sent().messages).toBe(1000);
});
