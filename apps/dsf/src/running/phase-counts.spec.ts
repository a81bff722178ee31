import { expect, it } from 'vitest';
import type { TelemetryEvent } from '@dsf/ports';
import { createPhaseCounter } from './phase-counts.ts';

const openCounter = () => {
  let time = 1_000_000;
  const said: string[] = [];
  const counter = createPhaseCounter({ now: () => time, sleep: async () => undefined }, (line) => said.push(line));
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
