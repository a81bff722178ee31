import { describe, expect, it } from 'vitest';
import type { TelemetryEvent } from '@dsf/ports';
import { createPhaseCounter } from './phase-counts.ts';

const openCounter = (hopeless: readonly string[] = []) => {
  let time = 1_000_000;
  const said: string[] = [];
  const counter = createPhaseCounter({ now: () => time, sleep: async () => undefined }, (line) => said.push(line), hopeless);
  const batch = (received: number, failed = 0): TelemetryEvent => ({
    name: 'batch',
    phase: 'flatten',
    lane: '0',
    received,
    written: received - failed,
    failed,
    filtered: 0,
    duplicates: 0,
    sent: 0,
    bytes: 0,
    ms: 1,
    stages: { decide: 0, write: 1, send: 0 },
  });
  return { counter, said, batch, pass: (ms: number) => (time += ms) };
};

it('adds batches up per phase', () => {
  const { counter, batch } = openCounter();
  counter.telemetry.emit(batch(10, 2));
  counter.telemetry.emit(batch(5));
  expect(counter.counts('flatten')).toMatchObject({ received: 15, written: 13, failed: 2 });
  expect(counter.counts('ingest')).toMatchObject({ received: 0, rate: 0 });
});

it('tells the rate of the last three seconds, and 0 when nothing comes any more', () => {
  const { counter, batch, pass } = openCounter();
  for (let step = 0; step < 100; step += 1) {
    counter.telemetry.emit(batch(10));
    pass(100);
  }
  expect(counter.counts('flatten').rate).toBeGreaterThan(90);
  expect(counter.counts('flatten').rate).toBeLessThan(110);
  pass(3000);
  expect(counter.counts('flatten').rate).toBe(0);
});

it('says what stopped, with the code, and lets others know', () => {
  const { counter, said } = openCounter();
  expect(counter.stopped.aborted).toBe(false);
  counter.telemetry.emit({
    name: 'stopped',
    phase: 'ingest',
    lane: 'shop.orders',
    code: 'source.recreated',
    message: 'the topic was made anew',
    facts: {},
  });
  expect(said).toEqual(['ingest of shop.orders stopped: the topic was made anew (source.recreated)']);
  expect(counter.stopped.aborted).toBe(true);
});

describe('a broker that is away', () => {
  const retry = (code: string, attempt: number, lane = 'shop.orders'): TelemetryEvent => ({
    ...{ name: 'retry', phase: 'ingest', lane, attempt },
    ...{ waitMs: 10, code, message: 'nobody listens' },
  });

  it('is told of when it lasts, once for all lanes, and again after a while', () => {
    const { counter, said, pass } = openCounter();
    for (const attempt of [1, 2]) counter.telemetry.emit(retry('transport.unavailable', attempt));
    expect(said).toEqual([]);
    for (const lane of ['0', '1']) counter.telemetry.emit(retry('transport.unavailable', 3, lane));
    expect(said).toEqual(['ingest of 0 waits: nobody listens (transport.unavailable); it goes on by itself']);
    pass(60_000);
    counter.telemetry.emit(retry('transport.unavailable', 9));
    expect(said).toHaveLength(2);
    expect(counter.stopped.aborted).toBe(false);
  });

  it('is a stop where waiting is hopeless', () => {
    const { counter, said } = openCounter(['transport.host-unknown']);
    counter.telemetry.emit(retry('transport.host-unknown', 3));
    expect(said).toEqual(['ingest of shop.orders stopped: nobody listens (transport.host-unknown)']);
    expect([counter.stopped.aborted, counter.stopCode()]).toEqual([true, 'transport.host-unknown']);
  });
});
