import { afterEach, expect, it } from 'vitest';
import { Counter, Registry } from 'prom-client';
import { startHealthServer, type HealthServer, type HealthServerOptions } from './health-server.ts';
import { createRegistry } from './registry.ts';

let server: HealthServer | null = null;
afterEach(() => server?.close());

const start = async (options: Partial<HealthServerOptions> = {}): Promise<HealthServer> => {
  server = await startHealthServer({
    port: 0,
    host: '127.0.0.1',
    startup: () => true,
    live: () => true,
    ready: () => true,
    registry: new Registry(),
    ...options,
  });
  return server;
};
const get = async ({ url }: HealthServer, path: string) => {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

it('says that the process is well', async () => {
  const running = await start();
  for (const path of ['/startup', '/live', '/ready'])
    expect(await get(running, path)).toMatchObject({ status: 200, text: '{"ok":true,"why":[]}' });
});

it('says why it is not, with status 503', async () => {
  const running = await start({ live: () => ({ ok: false, why: ['flatten lane 3 hangs'] }), ready: async () => false });
  expect(await get(running, '/live')).toMatchObject({ status: 503, text: '{"ok":false,"why":["flatten lane 3 hangs"]}' });
  expect(await get(running, '/ready')).toMatchObject({ status: 503, text: '{"ok":false,"why":[]}' });
});

it('is not well when a check fails', async () => {
  const ready = (): never => {
    throw new Error('out of order');
  };
  expect(await get(await start({ ready }), '/ready')).toMatchObject({ status: 503, text: expect.stringContaining('out of order') });
});

it('asks anew each time', async () => {
  let well = false;
  const running = await start({ ready: () => well });
  expect((await get(running, '/ready')).status).toBe(503);
  well = true;
  expect((await get(running, '/ready')).status).toBe(200);
});

it('shows the metrics in the format of Prometheus', async () => {
  const registry = new Registry();
  new Counter({ name: 'dsf_test_total', help: 'A test', registers: [registry] }).inc(3);
  const { status, type, text } = await get(await start({ registry }), '/metrics');
  expect({ status, type }).toMatchObject({ status: 200, type: expect.stringContaining('text/plain') });
  expect(text).toContain('dsf_test_total 3');
});

it('knows no other paths', async () => {
  expect((await get(await start(), '/admin')).status).toBe(404);
});

it('says so when the port is taken', async () => {
  const { url } = await start();
  const again = startHealthServer({
    port: Number(new URL(url).port),
    host: '127.0.0.1',
    startup: () => true,
    live: () => true,
    ready: () => true,
    registry: new Registry(),
  });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('has the metrics of Node.js in each registry of its own', async () => {
  const [one, two] = [createRegistry(), createRegistry()];
  expect(await one.metrics()).toContain('process_resident_memory_bytes');
  expect(await two.metrics()).toContain('nodejs_eventloop_lag_seconds');
});
