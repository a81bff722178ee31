import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDate, canonicalTimestamp } from './timestamp-text.ts';

describe('an RFC 3339 date-time', () => {
  it.each([
    ['2026-11-23T20:57:35Z', '2026-11-23T20:57:35Z'],
    ['2026-11-23T20:57:35.120000001Z', '2026-11-23T20:57:35.120000001Z'],
    ['2026-11-23T20:57:35.5+05:30', '2026-11-23T15:27:35.5Z'],
    ['2024-02-29T23:59:59-00:01', '2024-03-01T00:00:59Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['0099-12-31T23:00:00-02:00', '0100-01-01T01:00:00Z'],
  ])('%s is %s', (text, moment) => {
    expect(canonicalTimestamp(text)).toBe(moment);
  });

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-12-31T23:59:60Z',
    '2026-11-23T20:57:35',
    '2026-11-23 20:57:35Z',
    '2026-11-23t20:57:35z',
    '2026-11-23T20:57Z',
    '2026-11-23T20:57:35.1234567891Z',
    '2026-11-23T20:57:35.Z',
    '2026-11-23T20:57:35+24:00',
    '2026-11-23T20:57:35+0100',
    ' 2026-11-23T20:57:35Z',
    '2026-11-23T20:57:35Z\n',
    '0000-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
  ])('%j is none', (text) => {
    expect(canonicalTimestamp(text)).toBeNull();
  });

  it('is the moment that Date reads, for every moment', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(canonicalTimestamp(date.toISOString())).toBe(date.toISOString());
        },
      ),
    );
  });
});

describe('a date', () => {
  it('is a day of the calendar', () => {
    expect(canonicalDate('2024-02-29')).toBe('2024-02-29');
    for (const text of ['2026-02-29', '2026-2-1', '2026-11-23T00:00:00Z', '20261123', '']) expect(canonicalDate(text)).toBeNull();
  });
});
