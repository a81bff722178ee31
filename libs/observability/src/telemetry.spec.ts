import { describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { phaseNames, type PhaseName, type TelemetryEvent } from '@dsf/ports';
import { createLogger } from './logger.ts';
import type { Lag } from './metrics.ts';
import { createTelemetry } from './telemetry.ts';

const setUp = (options: { readonly level?: string; readonly phase?: PhaseName; readonly lag?: () => Promise<readonly Lag[]> } = {}) => {
  const { level = 'debug', ...rest } = options;
  const registry = new Registry();
  const lines: string[] = [];
  const logger = createLogger({ level, service: 'test', destination: { write: (line) => void lines.push(line) } });
  const telemetry = createTelemetry({ logger, registry, ...rest });
  return {
    registry,
    telemetry,
    lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    /** Value of one time series, such as `dsf_lanes_owned{phase="flatten"}`; undefined when there is none. */
    value: async (series: string) => {
      const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
  };
};

const batch: TelemetryEvent = {
  name: 'batch',
  phase: 'flatten',
  lane: '3',
  received: 10,
  written: 6,
  failed: 1,
  filtered: 2,
  duplicates: 1,
  sent: 4,
  bytes: 5000,
  ms: 20,
};

/** One of each, with values that must never become labels. */
const everyEvent: readonly TelemetryEvent[] = [
  batch,
  { name: 'refill', phase: 'flatten', lane: 'lane-77', source: 7701, partition: 7702, from: 7703, to: 7713 },
  { name: 'lane-claimed', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'lane-lost', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'lane-left', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'retry', phase: 'flatten', lane: 'lane-77', attempt: 2, waitMs: 40, code: 'warehouse.busy', message: 'busy' },
  { name: 'refused', phase: 'flatten', lane: 'lane-77', count: 3, code: 'flatten.not-json', source: 7701, partition: 7702, offset: 7705 },
  { name: 'request', phase: 'flatten', lane: 'lane-77', kind: 'replay', count: 2 },
  { name: 'schema-changed', tables: 2, columns: 5, version: 7706 },
  { name: 'catalog', phase: 'flatten', version: 12 },
  { name: 'stopped', phase: 'flatten', lane: 'lane-77', code: 'transport.out-of-range', message: 'gone', facts: { offset: 7707 } },
  { name: 'beat', phase: 'flatten', lane: 'lane-77' },
  { name: 'service', phase: 'flatten', state: 'ready' },
];

describe('the log', () => {
  it('has one JSON line per event, with level, time, message and facts', () => {
    const { telemetry, lines } = setUp();
    telemetry.emit({
      name: 'retry',
      phase: 'publish',
      lane: '1',
      attempt: 2,
      waitMs: 40,
      code: 'transport.busy',
      message: 'the log is busy',
    });
    expect(lines()).toMatchObject([
      {
        level: 'warn',
        service: 'test',
        event: 'retry',
        phase: 'publish',
        attempt: 2,
        waitMs: 40,
        code: 'transport.busy',
        message: expect.stringContaining('the log is busy'),
      },
    ]);
    expect(String(lines()[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('tells error (a person must act), warn (recovered), info and debug (one per batch) apart, and leaves beats out', () => {
    const { telemetry, lines } = setUp();
    for (const event of everyEvent) telemetry.emit(event);
    expect(lines().map(({ event, level }) => `${String(event)} ${String(level)}`)).toEqual([
      'batch debug',
      'refill warn',
      'lane-claimed info',
      'lane-lost warn',
      'lane-left info',
      'retry warn',
      'refused warn',
      'request info',
      'schema-changed info',
      'catalog info',
      'stopped error',
      'service info',
    ]);
    expect(lines().every(({ message }) => typeof message === 'string' && message !== '' && !message.includes('undefined'))).toBe(true);
  });

  it('counts also what is below its level', async () => {
    const { telemetry, lines, value } = setUp({ level: 'error' });
    telemetry.emit(batch);
    expect(lines()).toEqual([]);
    expect(await value('dsf_records_received_total{phase="flatten"}')).toBe(10);
  });
});

describe('the metrics', () => {
  it('begin at zero, for the phase of the process or for all', async () => {
    const all = setUp();
    for (const phase of phaseNames) expect(await all.value(`dsf_records_total{phase="${phase}",outcome="failed"}`)).toBe(0);
    const one = setUp({ phase: 'publish' });
    expect(await one.value('dsf_refills_total{phase="publish"}')).toBe(0);
    expect(await one.value('dsf_retries_total{phase="publish",code="none"}')).toBe(0);
    expect(await one.value('dsf_refills_total{phase="ingest"}')).toBeUndefined();
  });

  it('count a batch by outcome, in base units', async () => {
    const { telemetry, value } = setUp();
    telemetry.emit(batch);
    telemetry.emit(batch);
    const outcomes = ['written', 'failed', 'filtered', 'duplicate'].map((outcome) =>
      value(`dsf_records_total{phase="flatten",outcome="${outcome}"}`),
    );
    expect(await Promise.all(outcomes)).toEqual([12, 2, 4, 2]);
    expect(await value('dsf_sent_bytes_total{phase="flatten"}')).toBe(10_000);
    expect(await value('dsf_messages_sent_total{phase="flatten"}')).toBe(8);
    expect(await value('dsf_batch_duration_seconds_sum{phase="flatten"}')).toBeCloseTo(0.04);
    expect(await value('dsf_batch_records_count{phase="flatten"}')).toBe(2);
  });

  it('follow every other event', async () => {
    const { telemetry, value } = setUp();
    for (const event of everyEvent) telemetry.emit(event);
    const expected = {
      'dsf_refills_total{phase="flatten"}': 1,
      'dsf_refilled_offsets_total{phase="flatten"}': 10,
      'dsf_lanes_lost_total{phase="flatten"}': 1,
      'dsf_retries_total{phase="flatten",code="warehouse.busy"}': 1,
      'dsf_refusals_total{phase="flatten",code="flatten.not-json"}': 3,
      'dsf_requests_total{phase="flatten",kind="replay"}': 2,
      dsf_schema_tables_total: 2,
      dsf_schema_columns_total: 5,
      'dsf_catalog_version{phase="flatten"}': 12,
      'dsf_stops_total{phase="flatten",code="transport.out-of-range"}': 1,
      'dsf_ready{phase="flatten"}': 1,
    };
    for (const [series, count] of Object.entries(expected)) expect([series, await value(series)]).toEqual([series, count]);
    telemetry.emit({ name: 'service', phase: 'flatten', state: 'draining' });
    expect(await value('dsf_ready{phase="flatten"}')).toBe(0);
  });

  it('say how many lanes are owned, also when one is claimed twice', async () => {
    const { telemetry, value } = setUp();
    const tell = (name: 'lane-claimed' | 'lane-left', lane: string) => telemetry.emit({ name, phase: 'ingest', lane, seq: 1 });
    tell('lane-claimed', '1');
    tell('lane-claimed', '2');
    tell('lane-claimed', '2');
    tell('lane-left', '1');
    expect(await value('dsf_lanes_owned{phase="ingest"}')).toBe(1);
  });

  it('never have ids, offsets, lanes or messages as labels, and keep to the naming rules', async () => {
    const { telemetry, registry } = setUp();
    for (const event of everyEvent) telemetry.emit(event);
    const text = await registry.metrics();
    expect(text).not.toMatch(/77\d\d|lane-77|gone/);
    for (const metric of await registry.getMetricsAsJSON()) {
      const { name } = metric;
      expect(name).toMatch(/^dsf_[a-z_]+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, String(metric.type) === 'counter']);
    }
  });

  it('stay bounded when codes and kinds are without end', async () => {
    const { telemetry, registry, value } = setUp();
    for (let index = 0; index < 1000; index += 1) {
      telemetry.emit({ name: 'refused', phase: 'flatten', lane: '1', count: 1, code: `code-${index}`, source: 1, partition: 0, offset: 0 });
      telemetry.emit({ name: 'request', phase: 'flatten', lane: '1', kind: `kind-${index}`, count: 1 });
    }
    expect((await registry.metrics()).split('\n').length).toBeLessThan(400);
    expect(await value('dsf_refusals_total{phase="flatten",code="other"}')).toBe(900);
    expect(await value('dsf_requests_total{phase="flatten",kind="other"}')).toBe(1000);
  });

  it('ask for the lag when they are read', async () => {
    let records = 5;
    const { value } = setUp({ lag: async () => [{ phase: 'flatten', records, seconds: 1.5 }] });
    expect(await value('dsf_lag_records{phase="flatten"}')).toBe(5);
    records = 9;
    expect(await value('dsf_lag_records{phase="flatten"}')).toBe(9);
    expect(await value('dsf_lag_seconds{phase="flatten"}')).toBe(1.5);
  });

  it('leave the lag out, rather than show an old one, when it cannot be told', async () => {
    let broken = false;
    const lag = async (): Promise<readonly Lag[]> => {
      if (broken) throw new Error('the database is away');
      return [{ phase: 'flatten', records: 5, seconds: 1 }];
    };
    const { value, lines } = setUp({ lag });
    expect(await value('dsf_lag_records{phase="flatten"}')).toBe(5);
    broken = true;
    expect(await value('dsf_lag_records{phase="flatten"}')).toBeUndefined();
    expect(await value('dsf_refills_total{phase="flatten"}')).toBe(0);
    expect(lines().at(-1)).toMatchObject({ level: 'warn', event: 'lag' });
  });
});
