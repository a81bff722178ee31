import { Failure, type OutgoingMessage, type Transport } from '@dsf/ports';
import type { Target } from '../send-messages.ts';

/** A topic that only takes messages, and fails after `batchesMax` of its batches. */
export const openLocalForSpec = (partitions: number, batchesMax = Infinity) => {
  const sent: (readonly OutgoingMessage[])[] = [];
  const missing = (): never => {
    throw new Error('not needed here');
  };
  const transport: Transport = {
    capabilities: { offsets: 'broker', messageBytesMax: 1000 },
    clusterId: missing,
    ensureTopic: missing,
    growTopic: missing,
    trim: missing,
    partitionCount: missing,
    bounds: missing,
    offsetAt: missing,
    subscribe: missing,
    send: async (_, messages) => {
      if (sent.length >= batchesMax) throw new Failure('retry', 'transport.unavailable', 'the broker is away');
      sent.push(messages);
    },
    close: async () => undefined,
  };
  const target: Target = { transport, topic: 'spec', partitions };
  return {
    target,
    batches: (): readonly number[] => sent.map(({ length }) => length),
    bodies: (): readonly string[] => sent.flat().map(({ body }) => Buffer.from(body ?? []).toString()),
  };
};
