import { expect, it } from 'vitest';
import type { TelemetryEvent } from '@dsf/ports';
import { fakeClock } from '@dsf/testing';
import { createHealth } from './health.ts';

const setUp = () => {
  const clock = fakeClock();
  const health = createHealth({ clock, phases: ['ingest', 'flatten'], stallMs: 1000 });
  const tell = (name: 'lane-claimed' | 'lane-left' | 'lane-lost', lane: string): void =>
    health.emit({ name, phase: 'flatten', lane, seq: 1 });
  const beat = (lane: string): void => health.emit({ name: 'beat', phase: 'flatten', lane });
  const become = (phase: 'ingest' | 'flatten', state: Extract<TelemetryEvent, { name: 'service' }>['state']): void =>
    health.emit({ name: 'service', phase, state });
  return { pass: (ms: number) => clock.advance(ms), health, tell, beat, become };
};

it('lives while it owns nothing, however long', async () => {
  const { pass, health, beat } = setUp();
  beat('flatten');
  await pass(1_000_000);
  expect(health.live()).toEqual({ ok: true, why: [] });
});

it('lives while each of its lanes comes round', async () => {
  const { pass, health, tell, beat } = setUp();
  tell('lane-claimed', '1');
  tell('lane-claimed', '2');
  for (let round = 0; round < 5; round += 1) {
    await pass(900);
    beat('1');
    beat('2');
  }
  expect(health.live().ok).toBe(true);
});

it('does not live when one lane hangs, and says which', async () => {
  const { pass, health, tell, beat } = setUp();
  tell('lane-claimed', '1');
  tell('lane-claimed', '2');
  await pass(900);
  beat('1');
  await pass(101);
  expect(health.live()).toEqual({ ok: false, why: ['flatten lane 2 has not come round for 1001 ms'] });
  tell('lane-left', '2');
  expect(health.live().ok).toBe(true);
});

it('has started when all phases have begun, whether or not there are definitions', () => {
  const { health, become } = setUp();
  become('ingest', 'starting');
  expect(health.startup()).toEqual({ ok: false, why: ['flatten is not started'] });
  become('flatten', 'starting');
  expect(health.startup()).toEqual({ ok: true, why: [] });
  expect(health.ready().ok).toBe(false);
  become('ingest', 'draining');
  expect(health.startup().ok).toBe(true);
});

it('says what keeps a phase from starting, and lives meanwhile', () => {
  const { health, become } = setUp();
  const retry = { name: 'retry', phase: 'ingest', lane: 'ingest', attempt: 1, waitMs: 20, message: 'sql.example:1433 is away' } as const;
  health.emit({ ...retry, code: 'warehouse.away' });
  const why = ['ingest is not started: it is tried again after warehouse.away, see the log', 'flatten is not started'];
  expect(health.startup()).toEqual({ ok: false, why });
  expect(health.ready()).toEqual({ ok: false, why });
  expect(health.live().ok).toBe(true);
  become('ingest', 'starting');
  become('flatten', 'starting');
  expect(health.startup()).toEqual({ ok: true, why: [] });
  expect(health.ready().why).toEqual(['ingest is starting', 'flatten is starting']);
});

it('is ready when all phases are, until it is told to stop', () => {
  const { health, become } = setUp();
  expect(health.ready()).toEqual({ ok: false, why: ['ingest is not started', 'flatten is not started'] });
  become('ingest', 'ready');
  become('flatten', 'starting');
  expect(health.ready()).toEqual({ ok: false, why: ['flatten is starting'] });
  become('flatten', 'ready');
  expect(health.ready()).toEqual({ ok: true, why: [] });
  become('ingest', 'draining');
  expect(health.ready()).toEqual({ ok: false, why: ['ingest is draining'] });
});
