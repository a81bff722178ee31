import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Failure, noTracer, type SpanFacts } from '@dsf/ports';
import { createLogger } from './logger.ts';
import { createTracer, parseTraceparent, renderTraceparent, startTracing } from './tracer.ts';

const exporter = new InMemorySpanExporter();
const sdk = startNodeSdk({
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  metricReaders: [],
  logRecordProcessors: [],
  resourceDetectors: [],
});
const tracer = createTracer(trace.getTracer('test'));

afterEach(() => exporter.reset());
afterAll(async () => {
  await sdk.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

const one = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const two = '00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01';
const batch = (from: readonly string[]): SpanFacts => ({
  name: 'process shop.orders',
  kind: 'consumer',
  attributes: { 'messaging.system': 'kafka' },
  from,
});
const send: SpanFacts = { name: 'send dsf.raw', kind: 'producer', attributes: {} };

describe('a batch', () => {
  it('goes on with the trace of its first message, and has all of them as links', async () => {
    await tracer.span(
      () => batch([one, two]),
      async () => undefined,
    );
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({ name: 'process shop.orders', kind: SpanKind.CONSUMER });
    expect(span?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span?.links.map((link) => link.context.traceId)).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      '1af7651916cd43dd8448eb211c80319c',
    ]);
  });

  it('begins a trace of its own when no message brings one, or what it brings is none', async () => {
    const bad = [
      '',
      'x',
      '00-0-0-01',
      '00-00000000000000000000000000000000-b7ad6b7169203331-01',
      'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ];
    await tracer.span(
      () => batch(bad),
      async () => undefined,
    );
    const [span] = exporter.getFinishedSpans();
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.links).toEqual([]);
  });

  it('hands its trace on to what it sends, and to the log', async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', service: 'test', destination: { write: (line) => void lines.push(line) } });
    let handed: string | null = null;
    await tracer.span(
      () => batch([one]),
      () =>
        tracer.span(
          () => send,
          async (traceparent) => {
            handed = traceparent;
            logger.info('here');
          },
        ),
    );
    const [sent, processed] = exporter.getFinishedSpans();
    expect(sent?.parentSpanContext?.spanId).toBe(processed?.spanContext().spanId);
    expect(handed).toBe(sent && renderTraceparent(sent.spanContext()));
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: sent?.spanContext().spanId,
    });
  });

  it('fails with its work, and says the code alone', async () => {
    const broken = new Failure('poison', 'warehouse.data', 'the value hunter2 does not fit');
    await expect(
      tracer.span(
        () => batch([]),
        () => Promise.reject(broken),
      ),
    ).rejects.toBe(broken);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'warehouse.data' });
    expect(JSON.stringify([span?.attributes, span?.events])).not.toContain('hunter2');
  });
});

it('makes no trace of a heartbeat: a send or a transaction without a batch around it', async () => {
  expect(
    await tracer.span(
      () => send,
      async (traceparent) => traceparent,
    ),
  ).toBeNull();
  expect(exporter.getFinishedSpans()).toEqual([]);
});

it('reads and writes traceparent as W3C has it', () => {
  const parsed = parseTraceparent(one);
  expect(parsed && renderTraceparent(parsed)).toBe(one);
  expect(parseTraceparent('01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more')).toMatchObject({ traceFlags: 0 });
});

describe('the environment', () => {
  it.each([
    ['nothing', {}],
    ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['no exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4318', OTEL_TRACES_EXPORTER: 'none' }],
    ['a switched off SDK', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4318', OTEL_SDK_DISABLED: 'TRUE' }],
  ])('with %s leaves tracing off', async (_what, environment) => {
    const tracing = await startTracing(environment, 'dsf-test');
    expect(tracing.tracer).toBe(noTracer);
    await tracing.close();
  });

  it('that leaves tracing off makes nothing: no facts are asked for, no span and no header is made', async () => {
    const { tracer } = await startTracing({}, 'dsf-test');
    let asked = 0;
    const facts = (): SpanFacts => {
      asked += 1;
      return { name: 'send x', kind: 'producer', attributes: {} };
    };
    const given = await tracer.span(facts, async (traceparent) => ({ traceparent, span: trace.getSpan(context.active()) }));
    expect(given).toEqual({ traceparent: null, span: undefined });
    expect([asked, tracer.isOn]).toEqual([0, false]);
  });
});
