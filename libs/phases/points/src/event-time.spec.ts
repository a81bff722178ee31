import { expect, it } from 'vitest';
import * as fc from 'fast-check';
import { eventTime, windowStart } from './event-time.ts';

it.each([
  '',
  'yesterday',
  '2026-01-02',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:00',
  '1700000000000',
  '2026-01-01T00:00:00Z[UTC]',
])('takes the text %j for no time', (text) => {
  expect(eventTime(text)).toBeNull();
});

it('takes neither booleans nor lists nor numbers beyond the calendar for times', () => {
  expect([true, { l: [] }, { m: {} }, null, { n: '253402300800000' }, { n: '-62167219200001' }].map(eventTime)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

it('reads RFC 3339 with offsets, fractions, small letters and leap seconds', () => {
  expect(eventTime('2026-01-02T03:04:05Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  expect(eventTime('2026-01-02t03:04:05.6789+05:30')).toBe(Date.UTC(2026, 0, 1, 21, 34, 5, 678));
  expect(eventTime('2028-02-29T00:00:00Z')).toBe(Date.UTC(2028, 1, 29));
  expect(eventTime('2016-12-31T23:59:60Z')).toBe(Date.UTC(2016, 11, 31, 23, 59, 59));
  expect(eventTime('1969-12-31T23:59:59.9999Z')).toBe(-1);
});

it('reads milliseconds and cuts fractions towards the past', () => {
  expect(eventTime({ n: '1700000000000' })).toBe(1_700_000_000_000);
  expect(eventTime({ n: '-0.5' })).toBe(-1);
  expect(eventTime({ n: '-62167219200000' })).toBe(Date.parse('0000-01-01T00:00:00Z'));
  expect(eventTime({ n: '253402300799999' })).toBe(Date.parse('9999-12-31T23:59:59.999Z'));
});

it('reads back every moment that it is given as text', () => {
  fc.assert(
    fc.property(
      fc.date({ noInvalidDate: true, min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') }),
      (date) => {
        expect(eventTime(date.toISOString())).toBe(date.getTime());
      },
    ),
  );
});

it('puts every time into the one window that holds it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
      fc.integer({ min: 1, max: 86_400_000_000 }),
      (time, width) => {
        const start = windowStart(time, width);
        expect(start).toBeLessThanOrEqual(time);
        expect(time - start).toBeLessThan(width);
        expect(Math.abs(start % width)).toBe(0);
      },
    ),
  );
});
