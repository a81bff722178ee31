import { expect, it } from 'vitest';
import { payloadBytes, startStages } from './stages.ts';

const setUp = () => {
  let now = 1000;
  const stages = startStages({ now: () => now, sleep: async () => undefined });
  return { stages, pass: (ms: number) => void (now += ms) };
};

it('gives each part the time since the part before', () => {
  const { stages, pass } = setUp();
  pass(5);
  stages.end('decide');
  pass(7);
  stages.end('write');
  pass(1);
  stages.end('decide');
  pass(2);
  stages.end('send');
  expect(stages.times()).toEqual({ decide: 6, write: 7, send: 2 });
  expect(stages.ms()).toBe(15);
});

it('counts a clock that was set back as no time, never as less', () => {
  const { stages, pass } = setUp();
  pass(-500);
  stages.end('decide');
  pass(3);
  stages.end('write');
  expect(stages.times()).toEqual({ decide: 0, write: 3, send: 0 });
  expect(stages.ms()).toBe(0);
});

it('adds up payloads, with tombstones as nothing', () => {
  expect(payloadBytes([{ payload: new Uint8Array(3) }, { payload: null }, { payload: new Uint8Array(4) }])).toBe(7);
});
