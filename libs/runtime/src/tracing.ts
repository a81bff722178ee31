import type { Header } from '@dsf/messages';
import type { Delivery, OutgoingMessage, SpanFacts } from '@dsf/ports';

/** Where a lane reads, for the names of its spans. */
export interface ReadFrom {
  readonly topic: string;
  readonly group: string;
  /** Messaging system as OpenTelemetry names it. */
  readonly system: string;
}

/** W3C Trace Context: the header that a message brings its trace along in. */
const traceparentHeader = 'traceparent';

/** OpenTelemetry keeps 128 links of a span by default. */
const linksMax = 128;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Each `traceparent` of the batch once, in the order in which they came; the tracer drops those that are none. */
const traceparentsOf = (deliveries: readonly Delivery[]): readonly string[] => {
  const found = new Set<string>();
  for (const { headers } of deliveries) {
    for (const [name, value] of headers) if (name === traceparentHeader) found.add(decoder.decode(value));
    if (found.size >= linksMax) break;
  }
  return [...found];
};

/** The span around one batch. Source: OpenTelemetry's semantic conventions for messaging, "Batch receiving". */
export const batchSpan = ({ topic, group, system }: ReadFrom, phase: string, deliveries: readonly Delivery[]): SpanFacts => ({
  name: `process ${topic}`,
  kind: 'consumer',
  attributes: {
    'messaging.system': system,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.consumer.group.name': group,
    'messaging.batch.message_count': deliveries.length,
    'dsf.phase': phase,
  },
  from: traceparentsOf(deliveries),
});

/** The span around one send. */
export const sendSpan = (system: string, topic: string, messages: number): SpanFacts => ({
  name: `send ${topic}`,
  kind: 'producer',
  attributes: {
    'messaging.system': system,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
    'messaging.batch.message_count': messages,
  },
});

export const traceHeaders = (traceparent: string | null): readonly Header[] =>
  traceparent === null ? [] : [[traceparentHeader, encoder.encode(traceparent)]];

/** The messages as they are, each with the trace that it belongs to. */
export const inTrace = (messages: readonly OutgoingMessage[], traceparent: string | null): readonly OutgoingMessage[] => {
  if (traceparent === null) return messages;
  const headers = traceHeaders(traceparent);
  return messages.map((message) => ({ ...message, headers: [...message.headers, ...headers] }));
};
