import { describe, expect, it } from 'vitest';
import { phaseNames } from '@dsf/ports';
import { batch, everyEvent, openTelemetry } from './specs/telemetry-events.ts';

describe('the metrics', () => {
  it('begin at zero, for the phase of the process or for all', async () => {
    const all = openTelemetry();
    for (const phase of phaseNames) expect(await all.value(`dsf_records_total{phase="${phase}",outcome="failed"}`)).toBe(0);
    const one = openTelemetry({ phase: 'publish' });
    expect(await one.value('dsf_refills_total{phase="publish"}')).toBe(0);
    expect(await one.value('dsf_retries_total{phase="publish",code="none"}')).toBe(0);
    expect(await one.value('dsf_refills_total{phase="ingest"}')).toBeUndefined();
  });

  it('count a batch by outcome, in base units', async () => {
    const { telemetry, value } = openTelemetry();
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
    const { telemetry, value } = openTelemetry();
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
      'dsf_written_bytes_total{phase="summarise"}': 640,
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
    const { telemetry, value } = openTelemetry();
    const tell = (name: 'lane-claimed' | 'lane-left', lane: string) => telemetry.emit({ name, phase: 'ingest', lane, seq: 1 });
    tell('lane-claimed', '1');
    tell('lane-claimed', '2');
    tell('lane-claimed', '2');
    tell('lane-left', '1');
    expect(await value('dsf_lanes_owned{phase="ingest"}')).toBe(1);
  });

  it('count the lanes of a source whose breaker is open, until each has closed or was left', async () => {
    const { telemetry, value } = openTelemetry();
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
    const { telemetry, registry } = openTelemetry();
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
    const { telemetry, registry, value } = openTelemetry();
    for (let index = 0; index < 1000; index += 1) {
      telemetry.emit({ name: 'refused', phase: 'flatten', lane: '1', count: 1, code: `code-${index}`, source: 1, partition: 0, offset: 0 });
      telemetry.emit({ name: 'request', phase: 'flatten', lane: '1', kind: `kind-${index}`, count: 1 });
    }
    expect((await registry.metrics()).split('\n').length).toBeLessThan(1200);
    expect(await value('dsf_refusals_total{phase="flatten",code="other"}')).toBeGreaterThan(890);
    expect(await value('dsf_requests_total{phase="flatten",kind="other"}')).toBe(1000);
  });

  it('show a record that went missing: received is not written, failed and filtered', async () => {
    const { telemetry, value } = openTelemetry();
    telemetry.emit({ ...batch, received: 12 });
    telemetry.emit(batch);
    expect(await value('dsf_accounting_difference_records{phase="flatten"}')).toBe(3);
  });

  it('count a source that stopped twice as one that stands', async () => {
    const { telemetry, value } = openTelemetry();
    const stop = (lane: string) =>
      telemetry.emit({ name: 'stopped', phase: 'ingest', lane, code: 'ingest.source-changed', message: '', facts: {} });
    stop('a');
    stop('b');
    stop('b');
    expect(await value('dsf_stopped{phase="ingest"}')).toBe(2);
    expect(await value('dsf_stops_total{phase="ingest",code="ingest.source-changed"}')).toBe(3);
  });
});
