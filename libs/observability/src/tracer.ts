import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type SpanContext,
  type Tracer as OpenTracer,
} from '@opentelemetry/api';
import { Failure, noTracer, type SpanFacts, type Tracer } from '@dsf/ports';

const kinds = { consumer: SpanKind.CONSUMER, producer: SpanKind.PRODUCER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** W3C Trace Context, level 2: version, trace id, parent id, flags. Later versions may add fields at the end. */
const pattern = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;

/** @returns null for what is no `traceparent`: whoever sent the message may write anything */
export const parseTraceparent = (text: string): SpanContext | null => {
  const [, traceId = '', spanId = '', flags = ''] = pattern.exec(text) ?? [];
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(parsed) ? parsed : null;
};

export const renderTraceparent = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`;

/** The span as failed, with what a person may see: a code, never the message, which may speak of data. */
const markFailed = (span: Span, error: unknown): void => {
  const code = error instanceof Failure ? error.code : 'internal';
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
};

/** Where a span begins: the first message's trace for a batch, else the span around it; null when there is neither and it needs one. */
const placeOf = (kind: SpanFacts['kind'], from: readonly SpanContext[]): Context | null => {
  const [first] = from;
  if (kind === 'consumer') return first === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, first);
  return trace.getSpan(context.active()) === undefined ? null : context.active();
};

/** The port's tracer over OpenTelemetry. */
export const createTracer = (tracer: OpenTracer): Tracer => ({
  isOn: true,
  span(facts, work) {
    const { name, kind, attributes, from = [] } = facts();
    const linked = from.map(parseTraceparent).filter((one) => one !== null);
    const parent = placeOf(kind, linked);
    if (parent === null) return work(null);
    const links = linked.map((one) => ({ context: one }));
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes, links }, parent);
    return context.with(trace.setSpan(parent, span), async () => {
      try {
        return await work(renderTraceparent(span.spanContext()));
      } catch (error) {
        markFailed(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  },
});

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is still held; at most `closeMsMax`, as a collector that is away must not hold up the end. */
  close(): Promise<void>;
}

const closeMsMax = 3000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Tracing is on when an exporter or an endpoint is named, by the variables that OpenTelemetry specifies. */
const isWanted = (environment: Environment): boolean => {
  const value = (name: string): string => environment[name]?.trim() ?? '';
  if (value('OTEL_SDK_DISABLED').toLowerCase() === 'true' || value('OTEL_TRACES_EXPORTER') === 'none') return false;
  return ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some((name) => value(name) !== '');
};

/**
 * Starts tracing as the environment asks: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER` and their sisters, see OpenTelemetry's
 * specification of environment variables. When it is off nothing of the SDK is loaded.
 * @param service - becomes `service.name`, unless `OTEL_SERVICE_NAME` says otherwise
 */
export const startTracing = async (environment: Environment, service: string): Promise<Tracing> => {
  if (!isWanted(environment)) return { tracer: noTracer, close: async () => undefined };
  const { startNodeSdk } = await import('@opentelemetry/sdk-node');
  const sdk = startNodeSdk({
    logLevel: environment['OTEL_LOG_LEVEL'] ?? 'warn',
    // Metrics and logs go their own ways.
    metricReaders: [],
    logRecordProcessors: [],
    ...((environment['OTEL_SERVICE_NAME'] ?? '') === '' ? { resourceAttributes: { 'service.name': service } } : {}),
  });
  return {
    tracer: createTracer(trace.getTracer('dsf')),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeMsMax);
      });
      await Promise.race([sdk.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
};

/** For log lines: the trace that is being worked on. */
export const traceFacts = (): Readonly<Record<string, string>> => {
  const span = trace.getSpan(context.active());
  if (span === undefined) return {};
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
};
