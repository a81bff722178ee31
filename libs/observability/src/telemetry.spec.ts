import { describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { phaseNames, type PhaseName, type TelemetryEvent } from '@dsf/ports';
import { declarations } from './declarations.ts';
import { createLogger } from './logger.ts';
import type { Reading } from './readings.ts';
import { createTelemetry } from './telemetry.ts';

const setUp = (options: { readonly level?: string; readonly phase?: PhaseName; readonly read?: () => Promise<Reading> } = {}) => {
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
  received: 9,
  written: 6,
  failed: 1,
  filtered: 2,
  duplicates: 1,
  sent: 4,
  bytes: 5000,
  writtenBytes: 900,
  ms: 20,
  stages: { decide: 4, write: 10, send: 6 },
  latencyMs: 1500,
};

/** One of each, with values that must never become labels. */
const everyEvent: readonly TelemetryEvent[] = [
  batch,
  { name: 'delivery', phase: 'flatten', lane: 'lane-77', messages: 3, bytes: 700, receiveMs: 50, ackMs: 2 },
  { name: 'groups', phase: 'summarise', lane: 'lane-77', reason: 'update', open: 2, ended: 3, running: 5 },
  { name: 'database', operation: 'transact', result: 'retry', code: 'warehouse.busy', ms: 12.5 },
  { name: 'reload-failed', phase: 'flatten', code: 'catalog.unreadable', message: 'gone' },
  { name: 'refill', phase: 'flatten', lane: 'lane-77', source: 7701, partition: 7702, from: 7703, to: 7713 },
  { name: 'lane-claimed', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'lane-lost', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'lane-left', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'retry', phase: 'flatten', lane: 'lane-77', attempt: 2, waitMs: 40, code: 'warehouse.busy', message: 'busy' },
  {
    ...{ name: 'breaker-opened', phase: 'flatten', lane: 'lane-78', source: 'dsf.raw', failures: 8 },
    ...{ code: 'warehouse.away', message: 'gone' },
  },
  { name: 'breaker-closed', phase: 'flatten', lane: 'lane-78', source: 'dsf.raw' },
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
      'reload-failed warn',
      'refill warn',
      'lane-claimed info',
      'lane-lost warn',
      'lane-left info',
      'retry warn',
      'breaker-opened warn',
      'breaker-closed info',
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
    expect(await value('dsf_records_received_total{phase="flatten"}')).toBe(9);
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
    expect(await value('dsf_written_bytes_total{phase="flatten"}')).toBe(1800);
    expect(await value('dsf_stage_duration_seconds_sum{phase="flatten",stage="write"}')).toBeCloseTo(0.02);
    expect(await value('dsf_end_to_end_latency_seconds_sum')).toBeCloseTo(3);
    expect(await value('dsf_end_to_end_latency_seconds_bucket{le="1"}')).toBe(0);
    expect(await value('dsf_end_to_end_latency_seconds_bucket{le="2.5"}')).toBe(2);
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
      'dsf_received_bytes_total{phase="flatten"}': 700,
      'dsf_stage_duration_seconds_sum{phase="flatten",stage="receive"}': 0.05,
      'dsf_groups_changed_total{reason="update",window="running"}': 5,
      'dsf_groups_changed_total{reason="update",window="ended"}': 3,
      'dsf_database_retries_total{code="warehouse.busy"}': 1,
      'dsf_database_operation_duration_seconds_count{operation="transact",result="retry"}': 1,
      'dsf_catalog_reload_failures_total{phase="flatten",code="catalog.unreadable"}': 1,
      'dsf_rebalances_total{phase="flatten",change="claimed"}': 1,
      'dsf_stopped{phase="flatten"}': 1,
      'dsf_breaker_openings_total{phase="flatten",source="dsf.raw"}': 1,
      'dsf_breakers_open{phase="flatten",source="dsf.raw"}': 0,
      'dsf_accounting_difference_records{phase="flatten"}': 0,
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

  it('count the lanes of a source whose breaker is open, until each has closed or was left', async () => {
    const { telemetry, value } = setUp();
    const about = (lane: string, source = 'shop.orders') => ({ phase: 'ingest', lane, source }) as const;
    const open = (lane: string, source?: string): void =>
      telemetry.emit({ name: 'breaker-opened', ...about(lane, source), failures: 8, code: 'transport.away', message: '' });
    const close = (lane: string): void => telemetry.emit({ name: 'breaker-closed', ...about(lane) });
    const opened = () => value('dsf_breakers_open{phase="ingest",source="shop.orders"}');
    open('ingest/1/0');
    open('ingest/1/1');
    expect(await opened()).toBe(2);
    // An attempt within an attempt.
    open('ingest/1/1');
    close('ingest/1/1');
    expect(await opened()).toBe(2);
    close('ingest/1/1');
    expect(await opened()).toBe(1);
    open('ingest/2/0', 'shop.returns');
    telemetry.emit({ name: 'lane-left', phase: 'ingest', lane: 'ingest/1/0', seq: 0 });
    expect([await opened(), await value('dsf_breakers_open{phase="ingest",source="shop.returns"}')]).toEqual([0, 1]);
    expect(await value('dsf_breaker_openings_total{phase="ingest",source="shop.orders"}')).toBe(3);
  });

  it('never have ids, offsets, lanes or messages as labels, and keep to the naming rules', async () => {
    const { telemetry, registry } = setUp();
    for (const event of everyEvent) telemetry.emit(event);
    const text = await registry.metrics();
    expect(text).not.toMatch(/77\d\d|lane-7|gone/);
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
    expect((await registry.metrics()).split('\n').length).toBeLessThan(1200);
    expect(await value('dsf_refusals_total{phase="flatten",code="other"}')).toBeGreaterThan(890);
    expect(await value('dsf_requests_total{phase="flatten",kind="other"}')).toBe(1000);
  });

  it('show a record that went missing: received is not written, failed and filtered', async () => {
    const { telemetry, value } = setUp();
    if (batch.name === 'batch') telemetry.emit({ ...batch, received: 12 });
    telemetry.emit(batch);
    expect(await value('dsf_accounting_difference_records{phase="flatten"}')).toBe(3);
  });

  it('count a source that stopped twice as one that stands', async () => {
    const { telemetry, value } = setUp();
    const stop = (lane: string) =>
      telemetry.emit({ name: 'stopped', phase: 'ingest', lane, code: 'ingest.source-changed', message: '', facts: {} });
    stop('a');
    stop('b');
    stop('b');
    expect(await value('dsf_stopped{phase="ingest"}')).toBe(2);
    expect(await value('dsf_stops_total{phase="ingest",code="ingest.source-changed"}')).toBe(3);
  });
});

describe('what only the database tells', () => {
  const reading = (more: Partial<Reading> = {}): Reading => ({
    sources: [
      {
        ...{ phase: 'flatten', source: 'shop.orders', lagRecords: 5, backlog: 8 },
        ...{ lagSeconds: 1.5, oldestSeconds: 2.5, difference: 0 },
      },
      { phase: 'flatten', source: 'b', lagRecords: 1, backlog: 1, lagSeconds: 9, oldestSeconds: 7, difference: -2 },
    ],
    openFailures: 3,
    openRequests: 4,
    pool: { used: 2, idle: 1, waiting: 0, max: 10 },
    ...more,
  });

  it('is asked when the metrics are read, once for all of them', async () => {
    let asked = 0;
    const { registry } = setUp({
      read: async () => {
        asked += 1;
        return reading();
      },
    });
    const text = await registry.metrics();
    expect(asked).toBe(1);
    for (const line of [
      'dsf_lag_records{phase="flatten",source="shop.orders"} 5',
      'dsf_backlog_records{phase="flatten",source="shop.orders"} 8',
      'dsf_lag_seconds{phase="flatten",source="b"} 9',
      'dsf_oldest_unprocessed_seconds{phase="flatten"} 7',
      'dsf_position_difference_records{phase="flatten",source="b"} -2',
      'dsf_failures_open 3',
      'dsf_requests_open 4',
      'dsf_database_pool_connections{state="max"} 10',
    ])
      expect(text).toContain(`${line}\n`);
  });

  it('and the events together move every metric that is declared', async () => {
    const { telemetry, registry } = setUp({ read: async () => reading() });
    for (const event of everyEvent) telemetry.emit(event);
    // What opens and closes, or is owned and left, within the list; and an account that does not add up.
    telemetry.emit({ name: 'lane-claimed', phase: 'flatten', lane: 'a', seq: 1 });
    telemetry.emit({
      ...{ name: 'breaker-opened', phase: 'flatten', lane: 'a', source: 'dsf.raw', failures: 8 },
      ...{ code: 'warehouse.away', message: '' },
    });
    if (batch.name === 'batch') telemetry.emit({ ...batch, received: 12 });
    const text = await registry.metrics();
    const moves = (name: string): boolean =>
      [...text.matchAll(new RegExp(`^${name}(_count)?(\\{.*\\})? (\\S+)$`, 'gm'))].some(([, , , value]) => Number(value) !== 0);
    expect(Object.values(declarations).filter(({ name }) => !moves(name))).toEqual([]);
  });

  it('has no values before the first reading, nor where there is no pool', async () => {
    expect(await setUp().value('dsf_failures_open')).toBeUndefined();
    const { value } = setUp({ read: async () => reading({ pool: null }) });
    expect(await value('dsf_database_pool_connections{state="max"}')).toBeUndefined();
  });

  it('is left out, rather than shown as it was, when it cannot be told; the rest goes out', async () => {
    let broken = false;
    const { value, lines } = setUp({
      read: async () => {
        if (broken) throw new Error('the database is away');
        return reading();
      },
    });
    expect(await value('dsf_failures_open')).toBe(3);
    broken = true;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await value('dsf_failures_open')).toBeUndefined();
    expect(await value('dsf_lag_records{phase="flatten",source="b"}')).toBeUndefined();
    expect(await value('dsf_refills_total{phase="flatten"}')).toBe(0);
    expect(lines().at(-1)).toMatchObject({ level: 'warn', event: 'reading' });
  });

  it('does not hold up a scrape when the database never answers', async () => {
    const { value } = setUp({ read: () => new Promise(() => undefined) });
    expect(await value('dsf_refills_total{phase="flatten"}')).toBe(0);
  });

  it('keeps sources without end to a bounded number of series', async () => {
    const [one] = reading().sources;
    const sources = Array.from({ length: 1000 }, (_, index) => ({ ...(one ?? reading().sources[1]), source: `s${index}` }));
    const { registry } = setUp({ read: async () => reading({ sources: sources as Reading['sources'] }) });
    expect((await registry.metrics()).match(/dsf_lag_records\{/g)?.length).toBe(201);
  });
});
