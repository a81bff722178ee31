import fc from 'fast-check';
import type { ColumnType } from '@dsf/metadata';
import type { Cell } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { decodeCell, encodeCell } from './cells.ts';

/** What the service would answer for what stands in a column. */
const answer = (type: ColumnType, value: ReturnType<typeof encodeCell>['value']): string | null =>
  value === null ? null : type === 'date' ? new Date(Number(value) * 86_400_000).toISOString().slice(0, 10) : String(value);

const roundTrip = (type: ColumnType, cell: Cell): Cell => {
  const { value, exact } = encodeCell(type, cell, 12);
  return exact === undefined ? decodeCell(type, answer(type, value)) : exact;
};

describe('a cell of BigQuery', () => {
  it.each([
    ['decimal', '0'],
    ['decimal', '-12345678901234567890123456.123456789012'],
    ['decimal', '1.50'],
    ['decimal', '0.0000000000001'],
    ['decimal', '1e400'],
    ['decimal', '-0'],
    ['timestamp', '2026-01-02T03:04:05Z'],
    ['timestamp', '1969-12-31T23:59:59.5Z'],
    ['timestamp', '2026-01-02T03:04:05.123456789Z'],
    ['timestamp', '2026-01-02T03:04:05.120Z'],
    ['timestamp', '2026-01-02T03:04:05+02:00'],
    ['timestamp', '2026-02-30T00:00:00Z'],
    ['date', '2026-02-28'],
    ['date', '2026-02-30'],
    ['date', '0001-01-01'],
    ['text', '\ud800'],
    ['text', 'a\0b'],
    ['bigint', 2n ** 63n - 1n],
    ['bigint', -(2n ** 63n)],
    ['boolean', false],
    ['double', Number.POSITIVE_INFINITY],
    ['double', -5e-324],
    ['json', '{"a":1.0}'],
  ] as const)('of type %s keeps %s', (type, cell) => {
    expect(roundTrip(type, cell)).toBe(cell);
  });

  it.each([
    ['double', 'inf', Number.POSITIVE_INFINITY],
    ['double', '-inf', Number.NEGATIVE_INFINITY],
    ['double', '-Infinity', Number.NEGATIVE_INFINITY],
    ['decimal', '-100.500000000000', '-100.5'],
    ['decimal', '100', '100'],
  ] as const)('of type %s is known in each way of writing: %s', (type, shown, cell) => {
    expect(decodeCell(type, shown)).toBe(cell);
  });

  it('keeps every text and every integer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), (text, integer) => {
        expect(roundTrip('text', text)).toBe(text);
        expect(roundTrip('decimal', text)).toBe(text);
        expect(roundTrip('timestamp', text)).toBe(text);
        expect(roundTrip('bigint', integer)).toBe(integer);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['bigint', 2n ** 63n],
    ['bigint', 1.5],
    ['bigint', '1'],
    ['text', 1],
    ['boolean', 1],
    ['double', Number.NaN],
  ] as const)('of type %s refuses %s', (type, cell) => {
    expect(() => encodeCell(type, cell, 12)).toThrow(expect.objectContaining({ kind: 'poison', code: 'warehouse.data' }));
  });
});
