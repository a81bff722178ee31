import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  /** `service.name` of the resource. */
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
}

/** OTLP/HTTP with JSON, as far as it is read here. Source: opentelemetry-proto, trace service. */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ReceivedSpan, 'service'>[] }[];
  }[];
}

const spansOf = ({ resourceSpans }: Export): readonly ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map(({ name, traceId }) => ({ service, name, traceId })));
  });

/** Takes traces as an OpenTelemetry collector does, and keeps them. What is no export of traces is answered with 400. */
export const startCollector = async () => {
  const spans: ReceivedSpan[] = [];
  let bodies = '';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      try {
        if (request.url !== '/v1/traces') throw new Error(`nothing is at ${request.url ?? ''}`);
        spans.push(...spansOf(JSON.parse(body) as Export));
        bodies += body;
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      } catch {
        response.writeHead(400).end();
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: spans as readonly ReceivedSpan[],
    /** Everything that was received, as it came. */
    bodies: (): string => bodies,
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
};
