import { Failure, type OutgoingMessage, type Transport } from '@dsf/ports';
import { withBackoff } from './backoff.ts';
import { inTrace, sendSpan } from './tracing.ts';
import type { LaneContext } from './work.ts';

/** A range on its way to one lane; `encode(false)` leaves the body out. */
export interface OutgoingRange {
  readonly lane: number;
  readonly encode: (withBody: boolean) => Uint8Array;
}

/**
 * Sends what a committed transaction says. The messages are made once and tried again as they are until the transport has them or the
 * service gives up; what is then missing is a gap, which the receiver refills (delivery rule 4).
 * @returns bytes sent
 */
export const sendRanges = async (
  context: LaneContext & { readonly lane: string },
  topic: string,
  ranges: readonly OutgoingRange[],
): Promise<number> => {
  if (ranges.length === 0) return 0;
  const { messageBytesMax } = context.internal.capabilities;
  const messages = ranges.map(({ lane, encode }): OutgoingMessage => {
    const whole = encode(true);
    // A body that the transport would refuse is left out; the receiver reads the rows instead (scenario 17).
    return { partition: lane, key: null, headers: [], body: whole.byteLength <= messageBytesMax ? whole : encode(false) };
  });
  await sendMessages(context, context.internal, topic, messages);
  return messages.reduce((sum, { body }) => sum + (body?.byteLength ?? 0), 0);
};

/** As `sendRanges`, for messages that are made already. @throws Failure `retry` `service.stopping` when the service gave up before they were sent */
export const sendMessages = async (
  context: LaneContext & { readonly lane: string },
  transport: Transport,
  topic: string,
  messages: readonly OutgoingMessage[],
): Promise<void> => {
  const { system = 'dsf' } = transport.capabilities;
  const sent = await context.tracer.span(
    () => sendSpan(system, topic, messages.length),
    (traceparent) => {
      const traced = inTrace(messages, traceparent);
      return withBackoff(context, context.giveUp, async () => {
        await transport.send(topic, traced);
        return true;
      });
    },
  );
  if (sent !== true)
    throw new Failure('retry', 'service.stopping', `the service stopped before ${messages.length} messages to ${topic} were sent`);
};
