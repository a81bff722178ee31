import fastify from 'fastify';
import type { Registry } from 'prom-client';
import type { Verdict } from './health.ts';

export interface HealthServerOptions {
  /** 0 takes any port that is free. */
  readonly port: number;
  readonly host: string;
  readonly live: () => Verdict | boolean | Promise<Verdict | boolean>;
  readonly startup: () => Verdict | boolean | Promise<Verdict | boolean>;
  readonly ready: () => Verdict | boolean | Promise<Verdict | boolean>;
  readonly registry: Registry;
}

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

const ask = async (check: HealthServerOptions['live']): Promise<Verdict> => {
  try {
    const answer = await check();
    return typeof answer === 'boolean' ? { ok: answer, why: [] } : answer;
  } catch (error) {
    return { ok: false, why: [`the check failed: ${error instanceof Error ? error.message : String(error)}`] };
  }
};

/**
 * Serves /startup, /live and /ready, as JSON `{"ok":…,"why":[…]}` with status 200 or 503, and /metrics in the format of Prometheus.
 * @throws Error of Node.js, such as EADDRINUSE, when the port cannot be had
 */
export const startHealthServer = async ({ port, host, startup, live, ready, registry }: HealthServerOptions): Promise<HealthServer> => {
  // Connections that are kept alive by a scraper must not hold up the end of the process.
  const server = fastify({ logger: false, forceCloseConnections: true });
  for (const [path, check] of [
    ['/startup', startup],
    ['/live', live],
    ['/ready', ready],
  ] as const) {
    server.get(path, async (_request, reply) => {
      const verdict = await ask(check);
      void reply.header('cache-control', 'no-store').code(verdict.ok ? 200 : 503);
      return verdict;
    });
  }
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  const url = await server.listen({ port, host });
  return { url, close: () => server.close() };
};
