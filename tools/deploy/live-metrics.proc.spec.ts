import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { declarations, processMetrics } from '@dsf/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../libs/testing/src/server-process.ts';
import { describeWhere } from './describe-where.ts';
import { fetchPromtool } from './fetch.ts';
import { startCollector } from './collector.ts';

const apps = { ingestor: 'ingest', flattener: 'flatten', summariser: 'summarise', publisher: 'publish' } as const;
type App = keyof typeof apps;
const names = Object.keys(apps) as App[];

const home = mkdtempSync(join(tmpdir(), 'dsf-metrics-'));
const secret = 'hunter2-in-the-environment';
const environment = { ...process.env, DSF_HOME: home, DSF_LOG_LEVEL: 'warn', SHOP_PASSWORD: secret };
const children: ChildProcess[] = [];
const texts = new Map<App, string>();
const collector = await startCollector();
const refusedSeries = 'dsf_refusals_total{phase="summarise",code="summarise.not-a-number"}';

/** What a healthy run of a few seconds on SQLite leaves at 0 or absent, and why. `telemetry.spec.ts` of observability shows that each of them moves. */
const quietInHealth: Readonly<Partial<Record<keyof typeof declarations, string>>> = {
  accounting: 'must be 0',
  positionDifference: 'must be 0',
  lagRecords: 'all was dealt with',
  backlog: 'all was dealt with',
  lagSeconds: 'all was dealt with',
  oldest: 'all was dealt with',
  refills: 'nothing was lost on the way',
  refilled: 'nothing was lost on the way',
  retries: 'nothing failed',
  databaseRetries: 'nothing failed',
  breakers: 'nothing failed',
  breakerOpenings: 'nothing failed',
  lanesLost: 'one owner for each lane',
  requests: 'nothing was asked for',
  openRequests: 'nothing was asked for',
  reloadFailures: 'the definitions are right',
  stops: 'nothing stopped',
  stopped: 'nothing stopped',
  pool: 'SQLite has no pool',
  foldBytes: 'only BigQuery charges for what is scanned',
};

const dsf = (...parameters: string[]): void => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@dsf/source', 'apps/dsf/src/main.ts', ...parameters], {
    env: environment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`dsf ${parameters.join(' ')}\n${stdout}${stderr}`);
};

/** Value of one series; undefined when there is none. */
const valueOf = (app: App, series: string): number | undefined => {
  const line = (texts.get(app) ?? '').split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
};

const scrape = async (ports: ReadonlyMap<App, number>): Promise<void> => {
  for (const [app, port] of ports) {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
    texts.set(app, (await response?.text()) ?? '');
  }
};

beforeAll(async () => {
  dsf('apply', 'examples/shop');
  dsf('produce', 'shop.orders', 'examples/shop/orders.jsonl', '--key', 'customer.id');
  // Two drivers sum the total, and refuse this one.
  const bad = join(home, 'bad.jsonl');
  writeFileSync(bad, '{"id":"o-9001","customer":{"id":"ada","country":"GB"},"total":"n/a"}\n');
  dsf('produce', 'shop.orders', bad, '--key', 'customer.id');
  const ports = new Map<App, number>();
  for (const app of names) {
    const port = await freePort();
    ports.set(app, port);
    const prefix = app.toUpperCase();
    children.push(
      spawn(process.execPath, ['--conditions=@dsf/source', `apps/${app}/src/main.ts`], {
        env: {
          ...{ ...environment, [`${prefix}_HTTP_PORT`]: `${port}`, [`${prefix}_HTTP_HOST`]: '127.0.0.1' },
          ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.address, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '100' },
        },
        stdio: 'ignore',
      }),
    );
  }
  for (let turn = 0; turn < 600; turn += 1) {
    await scrape(ports);
    const isThrough =
      (valueOf('publisher', 'dsf_records_total{phase="publish",outcome="written"}') ?? 0) > 0 &&
      (valueOf('summariser', refusedSeries) ?? 0) > 0 &&
      valueOf('flattener', 'dsf_lag_records{phase="flatten",source="shop.orders"}') === 0 &&
      // Read every few seconds, and by some service after the refusals.
      [...texts.values()].some((text) => /^dsf_failures_open [1-9]/m.test(text));
    if (isThrough) return;
    await delay(100);
  }
}, 180_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map(async (child) => child.exitCode ?? once(child, 'exit')));
  collector.close();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

const fetched = await fetchPromtool();

describeWhere('/metrics of the four services in the eyes of promtool', { why: fetched.why }, () => {
  it.each(names)('of the %s is well formed', (app) => {
    const { status, stdout, stderr } = spawnSync(join(fetched.folder ?? '', 'promtool'), ['check', 'metrics'], {
      input: texts.get(app),
      encoding: 'utf8',
    });
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

describe('/metrics of the four services while they run', () => {
  it.each(names)('of the %s has every metric that is declared', (app) => {
    const there = new Set([...(texts.get(app) ?? '').matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const wanted = [...Object.values(declarations), ...processMetrics].map(({ name }) => name);
    expect(wanted.filter((name) => !there.has(name))).toEqual([]);
  });

  it('are all fed by the phases that have them, but for those that are quiet in health', () => {
    const isFed = (name: string): boolean =>
      names.some((app) =>
        [...(texts.get(app) ?? '').matchAll(new RegExp(`^${name}(_count)?(\\{.*\\})? (\\S+)$`, 'gm'))].some(
          ([, , , value]) => Number(value) !== 0,
        ),
      );
    const silent = Object.entries(declarations).filter(([key, { name }]) => !(key in quietInHealth) && !isFed(name));
    expect(silent.map(([, { name }]) => name)).toEqual([]);
  });

  it.each(['ingest', 'flatten', 'summarise', 'publish'] as const)('count the bytes that %s has written', (phase) => {
    const app = names.find((name) => apps[name] === phase) ?? 'ingestor';
    expect(valueOf(app, `dsf_written_bytes_total{phase="${phase}"}`)).toBeGreaterThan(500);
  });

  it('count what was refused by code, in every phase that refuses', () => {
    expect(valueOf('summariser', refusedSeries)).toBe(2);
    expect(valueOf('summariser', 'dsf_records_total{phase="summarise",outcome="failed"}')).toBe(2);
  });

  it('accounts for every record', () => {
    for (const app of names) expect(valueOf(app, `dsf_accounting_difference_records{phase="${apps[app]}"}`)).toBe(0);
    for (const app of ['ingestor', 'flattener'] as const)
      expect(valueOf(app, `dsf_position_difference_records{phase="${apps[app]}",source="shop.orders"}`)).toBe(0);
    expect(valueOf('ingestor', 'dsf_records_received_total{phase="ingest"}')).toBe(61);
    expect(valueOf('flattener', 'dsf_records_total{phase="flatten",outcome="filtered"}')).toBe(3);
  });

  it('tells how far behind each phase is with each source, and how long documents take', () => {
    expect(valueOf('ingestor', 'dsf_lag_seconds{phase="ingest",source="shop.orders"}')).toBe(0);
    expect(valueOf('publisher', 'dsf_end_to_end_latency_seconds_count')).toBeGreaterThan(0);
    for (const stage of ['receive', 'decide', 'write', 'send', 'ack'])
      expect(valueOf('ingestor', `dsf_stage_duration_seconds_count{phase="ingest",stage="${stage}"}`), stage).toBeGreaterThan(0);
    expect(valueOf('flattener', 'dsf_database_operation_duration_seconds_count{operation="transact",result="ok"}')).toBeGreaterThan(0);
    expect(valueOf('ingestor', 'dsf_received_bytes_total{phase="ingest"}')).toBeGreaterThan(1000);
    expect(valueOf('flattener', 'dsf_catalog_version{phase="flatten"}')).toBe(1);
  });

  it('has no secret and nothing of a message in it', () => {
    const all = [...texts.values()].join('\n');
    for (const word of [secret, 'SHOP_PASSWORD', 'o-10', 'Lovelace', '@']) expect(all).not.toContain(word);
  });
});

describe('the traces that the four services send to a collector', () => {
  it('have one that goes from the source to the published document, through all of them', async () => {
    const services = names.map((app) => `dsf-${app}`).sort();
    const ends = ['process shop.orders', 'send shop.revenue'];
    const isWhole = (): boolean =>
      Object.values(Object.groupBy(collector.spans, ({ traceId }) => traceId)).some(
        (spans = []) =>
          services.every((service) => spans.some((span) => span.service === service)) &&
          ends.every((name) => spans.some((span) => span.name === name)),
      );
    for (let turn = 0; turn < 300 && !isWhole(); turn += 1) await delay(100);
    expect(isWhole(), JSON.stringify(collector.spans.map(({ service, name }) => `${service} ${name}`))).toBe(true);
  });

  it('have nothing of a message or a secret in them', () => {
    expect(collector.bodies().length).toBeGreaterThan(1000);
    for (const word of [secret, 'o-10', 'Lovelace']) expect(collector.bodies()).not.toContain(word);
  });
});
