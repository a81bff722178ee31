import { Failure, type OutgoingMessage, type Transport } from '@dsf/ports';
import { withBackoff } from './backoff.ts';
import type { Hop, OutgoingRange } from './hops.ts';
import { inTrace, sendSpan, traceHeaders } from './tracing.ts';
import type { LaneContext } from './work.ts';

type SendContext = LaneContext & { readonly lane: string };

/**
 * Sends what a committed transaction says: by hand to lanes that this process reads, to the others by the topic.
 * @returns bytes sent by the topic
 */
export const sendRanges = async <Item>(context: SendContext, hop: Hop<Item>, ranges: readonly OutgoingRange<Item>[]): Promise<number> => {
  if (ranges.length === 0) return 0;
  const { handover, clock, giveUp, tracer } = context;
  let bytes = 0;
  const byTopic = async (left: readonly OutgoingRange<Item>[]): Promise<void> => {
    bytes = await sendByTopic(context, hop, left);
  };
  const give = (traceparent: string | null): Promise<void> =>
    handover.give(hop, ranges, byTopic, { clock, signal: giveUp, headers: traceHeaders(traceparent) });
  await (handover.reads(hop.topic) ? tracer.span(() => sendSpan('dsf', hop.topic, ranges.length), give) : give(null));
  return bytes;
};

/**
 * As `sendRanges`, never by hand. The messages are made once and tried again as they are until the transport has them or the service gives up;
 * what is then missing is a gap, which the receiver refills (delivery rule 4).
 */
export const sendByTopic = async <Item>(context: SendContext, hop: Hop<Item>, ranges: readonly OutgoingRange<Item>[]): Promise<number> => {
  if (ranges.length === 0) return 0;
  const { internal, warehouse } = context;
  const bytesMax = messageBytesMaxOf(internal, hop.topic);
  const rest = hop.hasRows && warehouse.capabilities.rowsAtHand === true ? ranges.map(inRows) : ranges;
  const messages = rest.map((range) => messageOf(hop, range, bytesMax));
  await sendMessages(context, internal, hop.topic, messages);
  return messages.reduce((sum, { body }) => sum + (body?.byteLength ?? 0), 0);
};

/** Largest body that a topic takes. */
export const messageBytesMaxOf = (transport: Transport, topic: string): number =>
  transport.messageBytesMax?.(topic) ?? transport.capabilities.messageBytesMax;

/** The same without its items, if it has any. */
const inRows = <Item>({ lane, range }: OutgoingRange<Item>): OutgoingRange<Item> => {
  const { items, ...frame } = range;
  return items === undefined || items.length === 0 ? { lane, range } : { lane, range: { ...frame, inRows: true } };
};

/** A body that the transport would refuse is left out; the receiver reads the rows instead (scenario 17). */
const messageOf = <Item>({ encode }: Hop<Item>, { lane, range }: OutgoingRange<Item>, bytesMax: number): OutgoingMessage => {
  const whole = encode(range);
  const { items: _, ...frame } = range;
  return { partition: lane, key: null, headers: [], body: whole.byteLength <= bytesMax ? whole : encode(frame) };
};

/** Tries until the transport has the messages. @throws Failure `retry` `service.stopping` when the service gave up before they were sent */
const sendMessages = async (
  context: SendContext,
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
