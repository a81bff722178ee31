import { describe, expect, it } from 'vitest';
import { declarations } from './declarations.ts';
import type { Reading } from './readings.ts';
import { batch, everyEvent, openTelemetry } from './specs/telemetry-events.ts';

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
    const { registry } = openTelemetry({
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
    const { telemetry, registry } = openTelemetry({ read: async () => reading() });
    for (const event of everyEvent) telemetry.emit(event);
    // What opens and closes, or is owned and left, within the list; and an account that does not add up.
    telemetry.emit({ name: 'lane-claimed', phase: 'flatten', lane: 'a', seq: 1 });
    telemetry.emit({
      ...{ name: 'breaker-opened', phase: 'flatten', lane: 'a', source: 'dsf.raw', failures: 8 },
      ...{ code: 'warehouse.away', message: '' },
    });
    telemetry.emit({ ...batch, received: 12 });
    const text = await registry.metrics();
    const moves = (name: string): boolean =>
      [...text.matchAll(new RegExp(`^${name}(_count)?(\\{.*\\})? (\\S+)$`, 'gm'))].some(([, , , value]) => Number(value) !== 0);
    expect(Object.values(declarations).filter(({ name }) => !moves(name))).toEqual([]);
  });

  it('has no values before the first reading, nor where there is no pool', async () => {
    expect(await openTelemetry().value('dsf_failures_open')).toBeUndefined();
    const { value } = openTelemetry({ read: async () => reading({ pool: null }) });
    expect(await value('dsf_database_pool_connections{state="max"}')).toBeUndefined();
    const notOpen = openTelemetry({ read: async () => null });
    expect(await notOpen.value('dsf_failures_open')).toBeUndefined();
    expect(await notOpen.value('dsf_refills_total{phase="flatten"}')).toBe(0);
    expect(notOpen.lines()).toEqual([]);
  });

  it('is left out, rather than shown as it was, when it cannot be told; the rest goes out', async () => {
    let broken = false;
    const { value, lines } = openTelemetry({
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
    const { value } = openTelemetry({ read: () => new Promise(() => undefined) });
    expect(await value('dsf_refills_total{phase="flatten"}')).toBe(0);
  });

  it('keeps sources without end to a bounded number of series', async () => {
    const [one] = reading().sources;
    const sources = Array.from({ length: 1000 }, (_, index) => ({ ...(one ?? reading().sources[1]), source: `s${index}` }));
    const { registry } = openTelemetry({ read: async () => reading({ sources: sources as Reading['sources'] }) });
    expect((await registry.metrics()).match(/dsf_lag_records\{/g)?.length).toBe(201);
  });
});
