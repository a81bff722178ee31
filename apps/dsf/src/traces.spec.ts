import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTracer } from '@dsf/observability';
import type { OutgoingMessage } from '@dsf/ports';
import { startPipeline, type Pipeline } from './hostile/pipeline.ts';

const definitions = {
  sources: [{ name: 'shop.orders' }],
  drivers: [{ name: 'orders', inputs: [{ source: 'shop.orders' }], key: { country: 'country' }, measures: { orders: 'count' } }],
  publications: [{ name: 'shop.counts', driver: 'orders' }],
};

const exporter = new InMemorySpanExporter();
const sdk = startNodeSdk({
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  ...{ metricReaders: [], logRecordProcessors: [], resourceDetectors: [] },
});
const traceIds = ['0af7651916cd43dd8448eb211c80319c', '1bf7651916cd43dd8448eb211c80319c', '2cf7651916cd43dd8448eb211c80319c'];
const order = (traceId: string): OutgoingMessage => ({
  partition: 0,
  key: null,
  headers: [['traceparent', new TextEncoder().encode(`00-${traceId}-b7ad6b7169203331-01`)]],
  body: new TextEncoder().encode('{"country":"GB"}'),
});

let pipeline: Pipeline;
let spans: readonly ReadableSpan[];

/** What is not there yet of the batches that every message, and the first of them through every phase, must be part of. */
const unfinished = (): readonly string[] => {
  const finished = exporter.getFinishedSpans();
  const linked = new Set(finished.flatMap(({ links }) => links.map((link) => link.context.traceId)));
  const batches = ['process shop.orders', 'process dsf.raw', 'process dsf.points', 'process dsf.summary'];
  return [
    ...traceIds.filter((traceId) => !linked.has(traceId)),
    ...batches.filter((name) => !finished.some((span) => span.name === name && span.spanContext().traceId === traceIds[0])),
  ];
};

beforeAll(async () => {
  pipeline = await startPipeline(definitions, {
    around: (installation) => ({ ...installation, tracer: createTracer(trace.getTracer('dsf')) }),
  });
  await pipeline.installation.local.ensureTopic('shop.orders', 4);
  await pipeline.send('shop.orders', traceIds.map(order));
  await pipeline.settle();
  // Everything has come through when the last commit is seen, and that is before it is synced: the spans around it end only then.
  await vi.waitFor(() => expect(unfinished()).toEqual([]), { timeout: 60_000, interval: 20 });
  spans = exporter.getFinishedSpans();
}, 200_000);
afterAll(async () => {
  await pipeline.stop();
  await sdk.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

const named = (name: string): readonly ReadableSpan[] => spans.filter((span) => span.name === name);

/** Names from a span up to the source's message. */
const path = (span: ReadableSpan | undefined): readonly string[] => {
  if (span === undefined) return [];
  const parent = spans.find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
  return [span.name, ...path(parent)];
};

describe('one trace', () => {
  it('leads from the source to the published document, through every phase', () => {
    const published = named('send shop.counts').find((span) => span.spanContext().traceId === traceIds[0]);
    expect(path(published)).toEqual([
      ...['send shop.counts', 'process dsf.summary', 'send dsf.summary', 'process dsf.points'],
      ...['send dsf.points', 'process dsf.raw', 'send dsf.raw', 'process shop.orders'],
    ]);
  });

  it('is handed on to whoever reads the document', async () => {
    const transport = pipeline.installation.local;
    const subscription = await transport.subscribe('shop.counts', 'reader');
    const ending = new AbortController();
    const found: string[] = [];
    for await (const feed of subscription.feeds(ending.signal)) {
      const deliveries = await feed.read({ recordsMax: 10, bytesMax: 1e6, waitMs: 50 }, ending.signal);
      for (const { headers } of deliveries) {
        for (const [name, value] of headers) if (name === 'traceparent') found.push(new TextDecoder().decode(value));
      }
      if (found.length > 0) ending.abort();
    }
    await subscription.close();
    expect(found[0]).toContain(traceIds[0]);
  });

  it('has a span for each transaction of the database, under its batch', () => {
    for (const phase of ['ingest', 'flatten', 'summarise', 'publish']) {
      const [transaction] = named(`transact ${phase}`);
      expect(transaction).toMatchObject({
        kind: SpanKind.CLIENT,
        attributes: { 'db.system.name': 'sqlite', 'db.operation.name': 'transact' },
      });
    }
    expect(path(named('transact ingest')[0])).toEqual(['transact ingest', 'process shop.orders']);
  });
});

describe('a batch', () => {
  it('is one span, with a link to each message that brought a trace', () => {
    const batches = named('process shop.orders');
    const links = batches.flatMap((span) => span.links.map((link) => link.context.traceId));
    expect(links.sort()).toEqual(traceIds);
    expect(batches[0]).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.destination.name': 'shop.orders',
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': 'dsf.ingest.shop.orders',
      },
    });
    const counted = batches.reduce((sum, span) => sum + Number(span.attributes['messaging.batch.message_count']), 0);
    expect(counted).toBe(traceIds.length);
  });

  it('says nothing of what is in the messages', () => {
    expect(JSON.stringify(spans.map(({ name, attributes, events }) => [name, attributes, events]))).not.toContain('GB');
  });

  it('is there for messages alone: heartbeats of idle lanes leave no traces', () => {
    const roots = spans.filter((span) => span.parentSpanContext === undefined);
    expect(roots.filter(({ kind }) => kind !== SpanKind.CONSUMER)).toEqual([]);
  });
});
