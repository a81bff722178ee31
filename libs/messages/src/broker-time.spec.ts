import { expect, it } from 'vitest';
import { brokerTime } from './broker-time.ts';

it('keeps every time that a calendar has', () => {
  for (const time of [0, -1, 1_767_225_600_000, 253_402_300_800_000, 8.64e15, -8.64e15]) expect(brokerTime(time)).toBe(time);
});

it('brings what no calendar has to the nearest that one has, so that it can be stored, read and shown', () => {
  for (const time of [8.64e15 + 1, 1_767_225_600_000_000_000, 2 ** 63, Infinity]) expect(brokerTime(time)).toBe(8.64e15);
  for (const time of [-8.64e15 - 1, -(2 ** 63), -Infinity]) expect(brokerTime(time)).toBe(-8.64e15);
  expect(new Date(brokerTime(2 ** 63)).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
});
