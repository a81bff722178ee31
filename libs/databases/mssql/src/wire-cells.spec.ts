import fc from 'fast-check';
import { TYPES } from 'tedious';
import { describe, expect, it } from 'vitest';
import type { BulkColumn } from './connection.ts';
import type { DataType } from './tedious-types.ts';
import { listWriter, writtenRows } from './wire-rows.ts';
import { exactDate, exactMoment } from './wire-types.ts';

const columnOf = (type: DataType, length?: number): BulkColumn => ({
  ...{ name: 'x', type, nullable: true },
  ...(length === undefined ? {} : { length }),
});

const ours = (column: BulkColumn, value: unknown): Buffer => Buffer.concat([...writtenRows([[value]], listWriter([column]))]);

/** What the driver's own type writes. */
const theirs = ({ type, length }: BulkColumn, value: unknown): Buffer => {
  const parts: Buffer[] = [];
  const fixed = (size: number, write: (bytes: Buffer, value: never) => void) => (number: unknown) => {
    const bytes = Buffer.alloc(size);
    write(bytes, number as never);
    parts.push(bytes);
  };
  const buffer = {
    writeUInt8: fixed(1, (bytes, number) => bytes.writeUInt8(number)),
    writeUInt16LE: fixed(2, (bytes, number) => bytes.writeUInt16LE(number)),
    writeUInt32LE: fixed(4, (bytes, number) => bytes.writeUInt32LE(number)),
    writeInt32LE: fixed(4, (bytes, number) => bytes.writeInt32LE(number)),
    writeBigInt64LE: fixed(8, (bytes, number) => bytes.writeBigInt64LE(number)),
    writeDoubleLE: fixed(8, (bytes, number) => bytes.writeDoubleLE(number)),
    writeString: (text: string) => parts.push(Buffer.from(text, 'utf16le')),
    writeBuffer: (bytes: Buffer) => parts.push(bytes),
  };
  const collation = { codepage: 'CP1252' };
  const given = type.validate(value, collation as never);
  type.writeValue(buffer as never, { value: given, length } as never, {} as never);
  return Buffer.concat(parts);
};

/** Lone halves of a pair too: a message may hold them. */
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom('', 'x'.repeat(24), 'x'.repeat(25), '\ud800', '\0'));
const anyBytes = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
const big = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('a cell of a bulk load', () => {
  it.each<[string, BulkColumn, fc.Arbitrary<unknown>]>([
    ['int', columnOf(TYPES.Int), fc.integer()],
    ['bigint from a number', columnOf(TYPES.BigInt), fc.maxSafeInteger()],
    ['bigint', columnOf(TYPES.BigInt), big],
    ['bit', columnOf(TYPES.Bit), fc.boolean()],
    ['float', columnOf(TYPES.Float), fc.double({ noNaN: true })],
    ['nvarchar(400)', columnOf(TYPES.NVarChar, 400), anyText],
    ['nvarchar(max)', columnOf(TYPES.NVarChar, Number.POSITIVE_INFINITY), anyText],
    ['varchar(20)', columnOf(TYPES.VarChar, 20), fc.string({ maxLength: 20 })],
    ['varbinary(32)', columnOf(TYPES.VarBinary, 32), anyBytes],
    ['varbinary(max)', columnOf(TYPES.VarBinary, Number.POSITIVE_INFINITY), anyBytes],
  ])('of type %s is the bytes that the driver would write, also when it is NULL', (_, column, values) => {
    fc.assert(
      fc.property(fc.option(values), (value) => {
        expect(ours(column, value).toString('hex')).toBe(theirs(column, value).toString('hex'));
      }),
    );
  });

  it('of type datetimeoffset(3) is the milliseconds of the day, the days since the year 1, and no offset', () => {
    const column = columnOf(TYPES.DateTimeOffset);
    expect([...ours(column, new Date('0001-01-02T00:00:01.001Z'))]).toEqual([9, 0xe9, 0x03, 0, 0, 1, 0, 0, 0, 0]);
    expect([...ours(column, null)]).toEqual([0]);
  });

  it.each<[DataType, number, unknown]>([
    [TYPES.Int, 0, 1.5],
    [TYPES.Int, 0, 2 ** 31],
    [TYPES.BigInt, 0, 2 ** 53],
    [TYPES.BigInt, 0, 2n ** 63n],
    [TYPES.BigInt, 0, '1'],
    [TYPES.Float, 0, Number.NaN],
    [TYPES.NVarChar, 10, 1],
    [TYPES.VarChar, 10, 'é'],
    [TYPES.VarBinary, 10, 'text'],
    [exactMoment, 0, '2026-11-29T99:99:99Z'],
    [exactMoment, 0, '2026-13-45T00:00:00Z'],
    [exactDate, 0, '2026-13-45'],
  ])('of a kind that its column does not take is refused, not written as something else', (type, length, value) => {
    expect(() => ours(columnOf(type, length), value)).toThrow(Error);
  });

  it('of a type that nobody has described is refused before anything is sent', () => {
    expect(() => listWriter([columnOf(TYPES.Xml)])).toThrow('column x');
  });
});

describe('rows of a bulk load', () => {
  const columns = [columnOf(TYPES.Int), columnOf(TYPES.NVarChar, Number.POSITIVE_INFINITY)];

  it('come in chunks, each of which begins and ends with a row', () => {
    const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(9_000), fc.constant(40_000)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const rows = lengths.map((length, index) => [index, 'x'.repeat(length)]);
        const alone = rows.map((row) => Buffer.concat([...writtenRows([row], listWriter(columns))]));
        const rest = [...alone];
        for (const chunk of writtenRows(rows, listWriter(columns))) {
          let at = 0;
          while (at < chunk.length) {
            if (at > 0) expect(chunk[at++]).toBe(0xd1);
            const row = rest.shift() ?? Buffer.alloc(0);
            expect(chunk.subarray(at, at + row.length).equals(row)).toBe(true);
            at += row.length;
          }
        }
        expect(rest).toEqual([]);
      }),
    );
  });

  it('that are none make no chunk', () => {
    expect([...writtenRows([], listWriter(columns))]).toEqual([]);
  });
});
