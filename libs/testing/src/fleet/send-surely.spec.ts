import { Failure, type OutgoingMessage } from '@dsf/ports';
import { expect, it } from 'vitest';
import { messagesOf } from '../transport-harness.ts';
import { sendingSurely } from './send-surely.ts';

/** Two partitions that take so many messages of a send, one number for each send, before it fails; the last takes all. */
const logThatTakes = (...counts: readonly number[]) => {
  const log: (readonly OutgoingMessage[])[] = [[], []];
  let sends = 0;
  const send = async (_: string, messages: readonly OutgoingMessage[]): Promise<void> => {
    const taken = counts[sends] ?? Infinity;
    sends += 1;
    for (const message of messages.slice(0, taken)) log[message.partition] = [...(log[message.partition] ?? []), message];
    if (taken < messages.length) throw new Failure('retry', 'transport.unavailable', 'the broker is away');
  };
  const bounds = async (_: string, partition: number) => ({ start: 0, end: log[partition]?.length ?? 0 });
  const bodies = () => log.map((messages) => messages.map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array())));
  return { transport: { send, bounds }, bodies };
};

it.each([[[]], [[0]], [[2, 1]], [[4, 0, 3]], [[7, 2]]])(
  'what is sent surely is in the log once and in its order, where sends end after %j messages',
  async (counts) => {
    const { transport, bodies } = logThatTakes(...counts);
    const { send } = sendingSurely(transport, { pauseMs: 0 });
    await send('t', [...messagesOf(0, ['a', 'b', 'c']), ...messagesOf(1, ['1', '2'])]);
    await send('t', [...messagesOf(0, ['d']), ...messagesOf(1, ['3', '4', '5'])]);
    expect(bodies()).toEqual([
      ['a', 'b', 'c', 'd'],
      ['1', '2', '3', '4', '5'],
    ]);
  },
);
