import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDecimal, codecOf } from './cells.ts';
import type { DataType } from './tedious-types.ts';
import { listWriter, writtenRows } from './wire-rows.ts';
import { exactDecimal, exactMoment } from './wire-types.ts';

/** The bytes of a row with one cell. */
const written = (type: DataType, value: unknown, length?: number): Buffer => {
  const columns = [{ name: 'x', type, nullable: true, ...(length === undefined ? {} : { length }) }];
  return Buffer.concat([...writtenRows([[value]], listWriter(columns))]);
};

const decimalOf = (bytes: Buffer): string => {
  const magnitude = (bytes.readBigUInt64LE(10) << 64n) | bytes.readBigUInt64LE(2);
  const digits = String(magnitude).padStart(13, '0');
  const text = canonicalDecimal(`${digits.slice(0, -12)}.${digits.slice(-12)}`);
  return bytes[1] === 0 ? `-${text}` : text;
};

describe('an exact decimal on the wire', () => {
  it('is every digit of its text', () => {
    const decimal = fc
      .tuple(fc.boolean(), fc.stringMatching(/^[1-9]\d{0,25}$/), fc.option(fc.stringMatching(/^\d{0,11}[1-9]$/)))
      .map(([minus, whole, fraction]) => `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`);
    fc.assert(
      fc.property(decimal, (text) => {
        expect(decimalOf(written(exactDecimal, text))).toBe(text);
      }),
    );
  });

  it('is one byte when it is NULL', () => {
    expect(written(exactDecimal, null)).toEqual(Buffer.from([0]));
  });
});

describe('an exact moment on the wire', () => {
  it('is counted in ticks of 100 ns and days from the year 1', () => {
    expect([...written(exactMoment, '0001-01-01T00:00:00.0000001Z')]).toEqual([10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...written(exactMoment, '0001-01-02T00:00:01Z')]).toEqual([10, 0x80, 0x96, 0x98, 0, 0, 1, 0, 0, 0, 0]);
  });
});

describe('a cell', () => {
  it.each([
    ['timestamp', 'datetimeoffset(7)', '2024-02-29T23:59:59.123456789Z'],
    ['timestamp', 'datetimeoffset(7)', '2024-02-29T23:59:59.000Z'],
    ['timestamp', 'datetimeoffset(7)', '+275760-09-13T00:00:00.000Z'],
    ['decimal', 'decimal(38,12)', '9'.repeat(38)],
    ['decimal', 'bigint', '0.5'],
    ['double', 'float(53)', Number.POSITIVE_INFINITY],
    ['double', 'float(53)', 5e-324],
    ['text', 'nvarchar(400)', 'x'.repeat(401)],
    ['date', 'date', '0000-01-01'],
  ] as const)('of type %s in %s that the type cannot hold keeps its exact text: %s', (type, sqlType, cell) => {
    expect(codecOf(type, sqlType).encode(cell)).toMatchObject({ exact: String(cell) });
  });

  it.each([
    ['timestamp', 'datetimeoffset(7)', '2024-02-29T23:59:59Z', '2024-02-29 23:59:59.0000000 +00:00'],
    ['timestamp', 'datetimeoffset(7)', '2024-02-29T23:59:59.120Z', '2024-02-29 23:59:59.1200000 +00:00'],
    ['timestamp', 'datetimeoffset(7)', '2024-02-29T23:59:59.123456Z', '2024-02-29 23:59:59.1234560 +00:00'],
    ['decimal', 'decimal(38,12)', '-12.5', '-12.500000000000'],
    ['decimal', 'decimal(38,12)', '100', '100.000000000000'],
  ] as const)('of type %s in %s comes back as it was: %s', (type, sqlType, cell, answer) => {
    const codec = codecOf(type, sqlType);
    expect(codec.encode(cell)).toBe(cell);
    expect(codec.decode(answer)).toBe(cell);
  });

  it.each([
    ['bigint', 'bigint', 1.5],
    ['bigint', 'bigint', 2n ** 63n],
    ['double', 'float(53)', Number.NaN],
    ['boolean', 'bit', 'yes'],
  ] as const)('of another kind than its column is poison: %s %s %s', (type, sqlType, cell) => {
    expect(() => codecOf(type, sqlType).encode(cell)).toThrow(expect.objectContaining({ kind: 'poison', code: 'warehouse.data' }));
  });
});
