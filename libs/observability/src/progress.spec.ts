import { expect, it } from 'vitest';
import type { TelemetryEvent } from '@dsf/ports';
import { fanOut } from './fan-out.ts';
import { createProgress } from './progress.ts';

const batch = {
  name: 'batch',
  phase: 'ingest',
  lane: '0',
  received: 5,
  written: 3,
  failed: 1,
  filtered: 0,
  duplicates: 1,
  sent: 2,
  bytes: 100,
  ms: 7,
  stages: { decide: 1, write: 4, send: 2 },
} as const;

it('keeps totals per phase', () => {
  const progress = createProgress();
  progress.emit(batch);
  progress.emit(batch);
  progress.emit({ name: 'refill', phase: 'flatten', lane: '0', source: 1, partition: 0, from: 0, to: 9 });
  progress.emit({ name: 'retry', phase: 'flatten', lane: '0', attempt: 1, waitMs: 1, code: 'x', message: 'x' });
  progress.emit({ name: 'schema-changed', tables: 1, columns: 1, version: 1 });
  progress.emit({ name: 'service', phase: 'publish', state: 'draining' });
  const { ingest, flatten, summarise, publish } = progress.totals();
  expect(ingest).toMatchObject({
    received: 10,
    written: 6,
    failed: 2,
    filtered: 0,
    duplicates: 2,
    sent: 4,
    bytes: 200,
    batches: 2,
    state: null,
  });
  expect(flatten).toMatchObject({ received: 0, refills: 1, retries: 1 });
  expect(summarise).toEqual(createProgress().totals().summarise);
  expect(publish.state).toBe('draining');
});

it('gives totals that do not change afterwards', () => {
  const progress = createProgress();
  const before = progress.totals();
  progress.emit(batch);
  expect(before.ingest.received).toBe(0);
});

it('can be told together with other sinks', () => {
  const progress = createProgress();
  const events: TelemetryEvent[] = [];
  fanOut([progress, { emit: (event) => void events.push(event) }]).emit(batch);
  expect(progress.totals().ingest.received).toBe(5);
  expect(events).toEqual([batch]);
});
