import type { ColumnType } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { Cell, FlatRow, FlatRows, FlatSchema, LaneTransaction, SchemaChange } from '@dsf/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childRow, everything, ordersTables, rootRow, tableOf, turn } from './room.ts';
import type { Room } from './room.ts';

const everyType: readonly ColumnType[] = ['boolean', 'bigint', 'decimal', 'double', 'text', 'timestamp', 'date', 'json'];

const digits = fc.stringMatching(/^[1-9]\d{0,25}$/);
const canonicalDecimal = fc
  .tuple(fc.boolean(), digits, fc.option(fc.stringMatching(/^\d{0,11}[1-9]$/)))
  .map(([minus, whole, fraction]) => `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`);
const canonicalInt = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map((value): Cell => (BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value));
/** Any UTF-16, lone surrogates and NUL among it. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

const cellsOf = (anyText: fc.Arbitrary<string>): Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> => ({
  boolean: fc.boolean(),
  bigint: canonicalInt,
  decimal: canonicalDecimal,
  double: fc.double({ noNaN: true }).map((value) => (value === 0 ? 0 : value)),
  text: anyText,
  timestamp: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  date: fc.constant('2024-02-29'),
  json: anyText.map((value) => JSON.stringify(value)),
});

export const flatContract = (room: Room): void => {
  const evolve = (changes: readonly SchemaChange[]): Promise<FlatSchema> => room.warehouse().evolve(() => changes);
  const inLane = <T>(source: number, work: (transaction: LaneTransaction) => Promise<T>): Promise<T> =>
    turn(room.warehouse(), { phase: 'flatten', source: 0, lane: source }, work);
  /** An adapter may give columns more room first; then, as the runtime does, decide again. */
  const write = async (rows: FlatRows, version = 1, attemptsLeft = 3): Promise<void> => {
    const schema = await room.warehouse().schema();
    try {
      await inLane(rows.source, (transaction) => transaction.writeFlat(rows, version, schema.version));
    } catch (error) {
      if (attemptsLeft === 0 || !(error instanceof Failure) || error.code !== 'warehouse.schema-changed') throw error;
      await write(rows, version, attemptsLeft - 1);
    }
  };
  const rowsOf = (
    schema: FlatSchema,
    source: number,
    rows: { readonly root?: readonly FlatRow[]; readonly items?: readonly FlatRow[] },
  ): FlatRows => ({
    source,
    partition: 0,
    tables: [
      ...(rows.root === undefined ? [] : [{ table: tableOf(schema, source, ''), rows: rows.root }]),
      ...(rows.items === undefined ? [] : [{ table: tableOf(schema, source, 'items'), rows: rows.items }]),
    ],
  });
  const idsOf = (schema: FlatSchema, source: number): readonly number[] =>
    schema.tables.filter((table) => table.source === source).map(({ id }) => id);

  describe('flat rows', () => {
    it('are refused when the schema has moved on, before anything is written', async () => {
      const source = room.fresh();
      const before = await evolve(ordersTables(source));
      await evolve([{ kind: 'column', source, tablePath: '', path: 'late', name: 'late', type: 'text', role: 'value' }]);
      const stale = inLane(source, (transaction) =>
        transaction.writeFlat(rowsOf(before, source, { root: [rootRow(1, [1, 'a'])] }), 1, before.version),
      );
      await expect(stale).rejects.toMatchObject({ kind: 'retry', code: 'warehouse.schema-changed' });
      expect((await room.warehouse().committed.readFlat(everything(source), idsOf(before, source), 10)).rows.tables).toEqual([]);
    });

    it.skipIf(room.lacks('foreign keys in bulk loads') || room.lacks('one transaction'))(
      'refuse a child without its parent row',
      async () => {
        const source = room.fresh();
        const schema = await evolve(ordersTables(source));
        await expect(write(rowsOf(schema, source, { items: [childRow(1, 0, ['a'])] }))).rejects.toMatchObject({ name: 'Failure' });
        const wrongParent = rowsOf(schema, source, { root: [rootRow(1, [1, null])], items: [childRow(1, 0, ['a'], { parentRow: 5 })] });
        await expect(write(wrongParent)).rejects.toMatchObject({ name: 'Failure' });
      },
    );

    it.skipIf(room.lacks('one transaction'))('refuse a second row with the same key, as a reason to look again', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      await write(rowsOf(schema, source, { root: [rootRow(1, [1, null])] }));
      await expect(write(rowsOf(schema, source, { root: [rootRow(1, [2, null])] }))).rejects.toMatchObject({ kind: 'retry' });
    });

    it('refuse a value that its column cannot hold, as poison', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      for (const cell of [2n ** 63n, 1.5, Number.NaN])
        await expect(write(rowsOf(schema, source, { root: [rootRow(1, [cell, null])] }))).rejects.toMatchObject({
          kind: 'poison',
          code: 'warehouse.data',
        });
    });

    it('leave nothing of their turn behind when one could not be written, even if the work catches the error', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      const work = inLane(source, async (transaction) => {
        await transaction.writeFlat(rowsOf(schema, source, { root: [rootRow(1, [1, null])] }), 1, schema.version);
        await transaction.writeFlat(rowsOf(schema, source, { root: [rootRow(2, [1.5, null])] }), 1, schema.version).catch(() => undefined);
      });
      await expect(work).rejects.toMatchObject({ kind: 'poison', code: 'warehouse.data' });
      expect((await room.warehouse().committed.readFlat(everything(source), idsOf(schema, source), 10)).rows.tables).toEqual([]);
    });

    it('come back exactly, with list places and shapes', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      const root = [
        rootRow(1, [5, 'a']),
        rootRow(2, [null, null], { time: null, ingestedAt: null }),
        rootRow(2, [7, ''], { row: 1, listIdx: 1 }),
        rootRow(3, [null, null], { shape: 'null' }),
      ];
      const items = [
        childRow(1, 0, ['x'], { listIdx: 0 }),
        childRow(1, 1, [null], { listIdx: 1, listIdx2: 4, shape: 'list' }),
        childRow(2, 0, [null], { listIdx: null, shape: 'object' }),
        childRow(2, 1, [null], { parentRow: 1, shape: 'null' }),
      ];
      const rows = rowsOf(schema, source, { root, items });
      await write(rows);
      expect(await room.warehouse().committed.readFlat(everything(source), idsOf(schema, source), 10)).toEqual({
        rows,
        next: Number.MAX_SAFE_INTEGER,
      });
    });

    it('keep the edges of every type', async () => {
      const source = room.fresh();
      const columns = everyType.map((type): SchemaChange => ({
        kind: 'column',
        source,
        tablePath: '',
        path: type,
        name: `c_${type}`,
        type,
        role: 'value',
      }));
      const schema = await evolve([{ kind: 'table', source, path: '', parentPath: null, name: `edges_${source}` }, ...columns]);
      const big = '12345678901234567890123456.123456789012';
      const all: readonly (readonly Cell[])[] = [
        [true, 2n ** 53n + 1n, big, 0.1, 'NUL \0 in the middle', '2024-02-29T23:59:59.999999999Z', '9999-12-31', '{"a":[1]}'],
        [false, -(2n ** 63n), `-${big}`, 5, '😀', null, null, null],
        [
          null,
          2n ** 63n - 1n,
          '99999999999999999999999999999999999999',
          -1.7976931348623157e308,
          'lone \ud800 and \udc00',
          null,
          null,
          null,
        ],
        [null, 9_007_199_254_740_991, '5', 5e-324, '', null, null, null],
        [null, -9_007_199_254_740_991, '0.000000000001', 1e21, '5', null, null, null],
      ];
      const cells = all.map((row) => row.map((cell) => (typeof cell === 'string' && !room.takes(cell) ? null : cell)));
      const rows: FlatRows = {
        source,
        partition: 0,
        tables: [{ table: tableOf(schema, source, ''), rows: cells.map((row, offset) => rootRow(offset, row)) }],
      };
      await write(rows);
      const { rows: read } = await room.warehouse().committed.readFlat(everything(source), idsOf(schema, source), 10);
      expect(read.tables[0]?.rows.map((row) => row.cells)).toEqual(cells);
    });

    it('round-trip any cell of any type', async () => {
      const source = room.fresh();
      const columns = everyType.map((type): SchemaChange => ({
        kind: 'column',
        source,
        tablePath: '',
        path: type,
        name: `c_${type}`,
        type,
        role: 'value',
      }));
      const schema = await evolve([{ kind: 'table', source, path: '', parentPath: null, name: `cells_${source}` }, ...columns]);
      const table = tableOf(schema, source, '');
      let next = 0;
      const cellOf = cellsOf(anyText.filter(room.takes));
      const anyRow = fc.tuple(...everyType.map((type) => fc.option(cellOf[type])));
      await fc.assert(
        fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 20 }), async (cells) => {
          const from = next;
          next += cells.length;
          await write({ source, partition: 0, tables: [{ table, rows: cells.map((row, index) => rootRow(from + index, row)) }] });
          const { rows } = await room.warehouse().committed.readFlat({ source, partition: 0, from, to: next }, [table.id], 1_000);
          expect(rows.tables[0]?.rows.map((row) => row.cells)).toEqual(cells);
        }),
        { numRuns: 40 },
      );
    });

    it('are cut between records, never inside one, and say where to go on', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      const offsets = [10, 20, 30, 40, 50];
      const root = offsets.flatMap((offset) => [rootRow(offset, [offset, null]), rootRow(offset, [offset, null], { row: 1 })]);
      const items = offsets.flatMap((offset) => [0, 1, 2].map((row) => childRow(offset, row, [`${offset}-${row}`])));
      await write(rowsOf(schema, source, { root, items }));
      const ids = idsOf(schema, source);
      const first = await room.warehouse().committed.readFlat({ ...everything(source), to: 60 }, ids, 2);
      expect(first.rows.tables.map(({ rows }) => rows.length)).toEqual([4, 6]);
      expect(first.next).toBeGreaterThan(20);
      expect(first.next).toBeLessThanOrEqual(30);
      const second = await room.warehouse().committed.readFlat({ ...everything(source), from: first.next, to: 60 }, ids, 100);
      expect(second.rows.tables.map(({ rows }) => rows.length)).toEqual([6, 9]);
      expect(second.next).toBe(60);
    });

    it('are read of the tables asked for alone', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      await write(rowsOf(schema, source, { root: [rootRow(1, [1, null])], items: [childRow(1, 0, ['a'])] }));
      const read = async (tables: readonly number[]): Promise<readonly string[]> =>
        (await room.warehouse().committed.readFlat(everything(source), tables, 10)).rows.tables.map(({ table }) => table.path);
      expect(await read([tableOf(schema, source, 'items').id])).toEqual(['items']);
      expect(await read(idsOf(schema, source))).toEqual(['', 'items']);
      expect(await read([])).toEqual([]);
      expect(await room.warehouse().committed.readFlat({ ...everything(room.fresh()), to: 9 }, idsOf(schema, source), 10)).toMatchObject({
        rows: { tables: [] },
        next: 9,
      });
    });

    it('take fewer cells than there are columns, as written before the columns came', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      await write(rowsOf(schema, source, { root: [rootRow(1, [1])] }));
      const { rows } = await room.warehouse().committed.readFlat(everything(source), idsOf(schema, source), 10);
      expect(rows.tables[0]?.rows[0]?.cells).toEqual([1, null]);
    });

    it('of one record go together, children first, and can be written again', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      const record = (offset: number): FlatRows =>
        rowsOf(schema, source, { root: [rootRow(offset, [1, null])], items: [childRow(offset, 0, ['a'])] });
      await write(record(1));
      await write(record(2));
      await inLane(source, async (transaction) => {
        await transaction.deleteFlat({ source, partition: 0, offset: 1 });
        const left = await transaction.readFlat(everything(source), idsOf(schema, source), 10);
        // Of rows in another database a turn sees what was committed before.
        const seen = room.lacks('one transaction') ? [1, 2] : [2];
        expect(left.rows.tables.map(({ rows }) => rows.map(({ offset }) => offset))).toEqual([seen, seen]);
        await transaction.writeFlat(record(1), 2, schema.version);
      });
      const { rows } = await room.warehouse().committed.readFlat(everything(source), idsOf(schema, source), 10);
      expect(rows.tables.map((table) => table.rows.map(({ offset }) => offset))).toEqual([
        [1, 2],
        [1, 2],
      ]);
    });
  });
};
