import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { declarations, processMetrics } from '@dsf/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWhere } from './describe-where.ts';
import { fetchPromtool } from './fetch.ts';
import { startCollector } from './collector.ts';

const apps = { ingestor: 'ingest', flattener: 'flatten', summariser: 'summarise', publisher: 'publish' } as const;
type App = keyof typeof apps;
const names = Object.keys(apps) as App[];

const home = mkdtempSync(join(tmpdir(), 'dsf-metrics-'));
const secret = 'hunter2-in-the-environment';
const environment = { ...process.env, DSF_HOME: home, DSF_LOG_LEVEL: 'warn', SHOP_PASSWORD: secret };
type Child = ChildProcessByStdio<null, Readable, Readable>;
const children = new Map<App, Child>();
/** What each service has said. */
const logs = new Map<App, string>();
const texts = new Map<App, string>();
const collector = await startCollector();

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

/** What the shop's messages must lead to: 61 of them, of which the filter leaves out three, and two drivers refuse the total of one. */
const exact: readonly (readonly [App, series: string, value: number])[] = [
  ['ingestor', 'dsf_records_received_total{phase="ingest"}', 61],
  ['ingestor', 'dsf_lag_seconds{phase="ingest",source="shop.orders"}', 0],
  ['flattener', 'dsf_lag_records{phase="flatten",source="shop.orders"}', 0],
  ['flattener', 'dsf_records_total{phase="flatten",outcome="filtered"}', 3],
  ['flattener', 'dsf_catalog_version{phase="flatten"}', 1],
  ['summariser', 'dsf_refusals_total{phase="summarise",code="summarise.not-a-number"}', 2],
  ['summariser', 'dsf_records_total{phase="summarise",outcome="failed"}', 2],
  ...names.map((app) => [app, `dsf_accounting_difference_records{phase="${apps[app]}"}`, 0] as const),
  ...(['ingestor', 'flattener'] as const).map(
    (app) => [app, `dsf_position_difference_records{phase="${apps[app]}",source="shop.orders"}`, 0] as const,
  ),
];
/** What must be more than so much. */
const above: readonly (readonly [App, series: string, value: number])[] = [
  ...names.map((app) => [app, `dsf_written_bytes_total{phase="${apps[app]}"}`, 500] as const),
  ...['receive', 'decide', 'write', 'send', 'ack'].map(
    (stage) => ['ingestor', `dsf_stage_duration_seconds_count{phase="ingest",stage="${stage}"}`, 0] as const,
  ),
  ['ingestor', 'dsf_received_bytes_total{phase="ingest"}', 1000],
  ['flattener', 'dsf_database_operation_duration_seconds_count{operation="transact",result="ok"}', 0],
  ['publisher', 'dsf_records_total{phase="publish",outcome="written"}', 0],
  ['publisher', 'dsf_end_to_end_latency_seconds_count', 0],
];

const isFed = (name: string): boolean =>
  names.some((app) =>
    [...(texts.get(app) ?? '').matchAll(new RegExp(`^${name}(_count)?(\\{.*\\})? (\\S+)$`, 'gm'))].some(
      ([, , , value]) => Number(value) !== 0,
    ),
  );
/** Metrics that nobody has fed yet, though a healthy run feeds them. */
const silent = (): readonly string[] =>
  Object.entries(declarations).flatMap(([key, { name }]) => (key in quietInHealth || isFed(name) ? [] : [name]));

/** What is not yet as it must be in the end. */
const missing = (): readonly string[] => [
  ...exact.filter(([app, series, value]) => valueOf(app, series) !== value).map(([app, series, value]) => `${app} ${series} ${value}`),
  ...above
    .filter(([app, series, value]) => !((valueOf(app, series) ?? 0) > value))
    .map(([app, series, value]) => `${app} ${series} > ${value}`),
  ...silent().map((name) => `${name} of any service`),
];

const start = (app: App): void => {
  const prefix = app.toUpperCase();
  const child = spawn(process.execPath, ['--conditions=@dsf/source', `apps/${app}/src/main.ts`], {
    env: {
      // At `info` it says where it listens.
      ...{ ...environment, DSF_LOG_LEVEL: 'info', [`${prefix}_HTTP_PORT`]: '0', [`${prefix}_HTTP_HOST`]: '127.0.0.1' },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.address, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '100' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.set(app, child);
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (text: string) => logs.set(app, (logs.get(app) ?? '') + text));
};

const scrape = async (): Promise<void> => {
  for (const app of names) {
    const [, url = null] = /\/metrics at (http:[^\s"]+)/.exec(logs.get(app) ?? '') ?? [];
    if (url === null) continue;
    const response = await fetch(`${url}/metrics`).catch(() => null);
    texts.set(app, (await response?.text()) ?? '');
  }
};

/** Far longer than a machine that is busy with other things takes, ms. */
const throughMsMax = 150_000;

beforeAll(async () => {
  dsf('apply', 'examples/shop');
  dsf('produce', 'shop.orders', 'examples/shop/orders.jsonl', '--key', 'customer.id');
  // Two drivers sum the total, and refuse this one.
  const bad = join(home, 'bad.jsonl');
  writeFileSync(bad, '{"id":"o-9001","customer":{"id":"ada","country":"GB"},"total":"n/a"}\n');
  dsf('produce', 'shop.orders', bad, '--key', 'customer.id');
  for (const app of names) start(app);
  const giveUpAt = performance.now() + throughMsMax;
  for (;;) {
    await scrape();
    if (missing().length === 0) return;
    if (performance.now() > giveUpAt) break;
    await delay(100);
  }
  const all = names.map((app) => `--- ${app}\n${logs.get(app) ?? ''}\n${texts.get(app) ?? ''}`);
  throw new Error(`missing after ${throughMsMax} ms:\n${missing().join('\n')}\n${all.join('\n')}`);
}, 300_000);

const ended = async (child: Child): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

afterAll(async () => {
  for (const child of children.values()) child.kill('SIGTERM');
  await Promise.all([...children.values()].map(ended));
  collector.close();
  rmSync(home, { recursive: true, force: true });
}, 120_000);

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
    expect(silent()).toEqual([]);
  });

  it.each(exact)('accounts for every record, and counts by code what was refused: %s %s is %d', (app, series, value) => {
    expect(valueOf(app, series)).toBe(value);
  });

  it.each(above)('tells what went through, and how long that took: %s %s is more than %d', (app, series, value) => {
    expect(valueOf(app, series)).toBeGreaterThan(value);
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
