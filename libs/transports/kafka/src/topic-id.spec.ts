import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';
import { describe, expect, it } from 'vitest';
import { askTopicId } from './topic-id.ts';
import { writeWire } from './wire-writer.ts';

const id = 'a0'.repeat(16);

/** What a broker answers of one topic called "t". */
const answerOf = (error: number, topicId: string): Buffer => {
  const writer = writeWire(1 + 4 + 1 + 12 + 1 + 4 + 1 + 2 + 2 + 16 + 2);
  // The end of the header, the throttle time, one broker "b" without a rack, no cluster id, the controller.
  writer.int8(0).int32(0).uvarint(2).int32(1).uvarint(2).bytes(Buffer.from('b')).int32(9092).uvarint(0).int8(0).uvarint(0).int32(1);
  writer.uvarint(2).int16(error).uvarint(2).bytes(Buffer.from('t')).bytes(Buffer.from(topicId, 'hex'));
  return writer.int8(0).int8(0).finish();
};

const ask = (maxVersion: number, answer: Buffer): Promise<string | null> => {
  const send = async <Response>({ request, response }: WireRequest<Response>): Promise<Response> => {
    await request.encode();
    const decoded = await response.decode(answer);
    // As kafkajs does with what it gets.
    expect((decoded as { readonly clientSideThrottleTime?: number }).clientSideThrottleTime).toBeUndefined();
    return response.parse(decoded);
  };
  return askTopicId({ versions: { 3: { maxVersion } }, connectionPool: { send } } as unknown as Broker, 't');
};

describe('the id of a topic', () => {
  it('is what the broker says', async () => {
    expect(await ask(11, answerOf(0, id))).toBe(id);
  });

  it('is not known where the broker has none, or knows nothing of ids', async () => {
    expect(await ask(11, answerOf(0, '00'.repeat(16)))).toBeNull();
    expect(await ask(9, Buffer.alloc(0))).toBeNull();
  });

  it('is asked for again where the broker has not heard of the topic yet', async () => {
    await expect(ask(11, answerOf(3, '00'.repeat(16)))).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' });
  });
});
