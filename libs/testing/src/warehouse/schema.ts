import type { FlatSchema, FlatTable, SchemaChange } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { everything, ordersTables, rootRow, tableOf, turn } from './room.ts';
import type { Room } from './room.ts';

export const schemaContract = (room: Room): void => {
  const evolve = (changes: readonly SchemaChange[]): Promise<FlatSchema> => room.warehouse().evolve(() => changes);
  const note = (source: number, name: string): SchemaChange => ({
    kind: 'column',
    source,
    tablePath: '',
    path: name,
    name,
    type: 'text',
    role: 'value',
  });

  describe('the path catalog', () => {
    it('refuses a table name that is taken, in any spelling, and keeps nothing of that change', async () => {
      const source = room.fresh();
      const before = await evolve(ordersTables(source));
      const other = room.fresh();
      const changes: readonly SchemaChange[] = [
        { kind: 'table', source: other, path: '', parentPath: null, name: `free_${other}` },
        { kind: 'table', source: other, path: 'a', parentPath: '', name: `ORDERS_${source}` },
      ];
      await expect(evolve(changes)).rejects.toMatchObject({ kind: 'fatal', code: 'warehouse.name-taken' });
      expect(await room.warehouse().schema()).toEqual(before);
    });

    it('rolls back when the plan throws', async () => {
      const before = await room.warehouse().schema();
      await expect(
        room.warehouse().evolve(() => {
          throw new Error('cannot plan');
        }),
      ).rejects.toThrow('cannot plan');
      expect(await room.warehouse().schema()).toEqual(before);
    });

    it('gives tables and columns in the order of their coming, parents first, under a higher version', async () => {
      const source = room.fresh();
      const before = await room.warehouse().schema();
      const schema = await evolve(ordersTables(source));
      expect(schema.version).toBeGreaterThan(before.version);
      const [root, items] = schema.tables.filter((table) => table.source === source);
      expect(root).toMatchObject({
        path: '',
        parent: null,
        name: `orders_${source}`,
        columns: [
          { path: 'total', type: 'bigint' },
          { path: 'note', type: 'text' },
        ],
      });
      expect(items).toMatchObject({ path: 'items', parent: root?.id, columns: [{ path: 'items.sku', name: 'sku', role: 'value' }] });
      expect(await room.warehouse().schema()).toEqual(schema);
    });

    it('does not change when a change is asked for again', async () => {
      const source = room.fresh();
      const schema = await evolve(ordersTables(source));
      expect(await evolve(ordersTables(source))).toEqual(schema);
      expect(await evolve([])).toEqual(schema);
    });

    it('keeps several columns of one path apart by role and, for variants, type and name', async () => {
      const source = room.fresh();
      await evolve(ordersTables(source));
      const variant = (type: 'text' | 'decimal', name = `total__v_${type}`): SchemaChange => ({
        kind: 'column',
        source,
        tablePath: '',
        path: 'total',
        name,
        type,
        role: 'variant',
      });
      const length: SchemaChange = {
        kind: 'column',
        source,
        tablePath: '',
        path: 'items',
        name: 'items__n',
        type: 'bigint',
        role: 'length',
      };
      const exact = variant('text', 'total__v_number');
      const schema = await evolve([variant('text'), variant('decimal'), length, variant('text'), exact, length, exact]);
      expect(tableOf(schema, source, '').columns.map(({ name }) => name)).toEqual([
        'total',
        'note',
        'total__v_text',
        'total__v_decimal',
        'items__n',
        'total__v_number',
      ]);
    });

    it('takes any name and any path: quotes, reserved words, other scripts, lone surrogates in the path', async () => {
      const source = room.fresh();
      const names = ['select', 'a"b', "c'd", '];DROP TABLE', 'größe', '数量', 'with space', '[e]', '?1', ':x', '$y'].filter(
        (name) => !room.lacks('brackets in names') || !name.includes(']'),
      );
      const paths = names.map((_, index) => (room.takes('\ud800') ? `p\ud800${index}` : `p😀${index}`));
      const columns = names.map((name, index): SchemaChange => ({
        kind: 'column',
        source,
        tablePath: '',
        path: paths[index] ?? '',
        name,
        type: 'text',
        role: 'value',
      }));
      const schema = await evolve([
        { kind: 'table', source, path: '', parentPath: null, name: `odd "${source}"${room.lacks('brackets in names') ? '' : ' ]'};--` },
        ...columns,
      ]);
      const table = tableOf(schema, source, '');
      expect(table.columns.map(({ name, path }) => [name, path])).toEqual(names.map((name, index) => [name, paths[index]]));
      await turn(room.warehouse(), { phase: 'flatten', source: 0, lane: source }, (transaction) =>
        transaction.writeFlat({ source, partition: 0, tables: [{ table, rows: [rootRow(1, names)] }] }, 1, schema.version),
      );
      const { rows } = await room.warehouse().committed.readFlat(everything(source), [table.id], 1);
      expect(rows.tables[0]?.rows[0]?.cells).toEqual(names);
    });

    it('lets planners take turns: each sees what the one before it added', async () => {
      const source = room.fresh();
      await evolve(ordersTables(source));
      const other = await room.open();
      const addNext = (schema: FlatSchema): readonly SchemaChange[] => [note(source, `note_${tableOf(schema, source, '').columns.length}`)];
      await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? room.warehouse() : other).evolve(addNext)));
      const names = tableOf(await room.warehouse().schema(), source, '').columns.map(({ name }) => name);
      expect(names).toEqual(['total', 'note', ...Array.from({ length: 10 }, (_, index) => `note_${index + 2}`)]);
      await other.close();
    });

    it('shows other handles a new version at once', async () => {
      const source = room.fresh();
      const other = await room.open();
      await other.schema();
      const schema = await evolve(ordersTables(source));
      expect(await other.schema()).toEqual(schema);
      await other.close();
    });
  });

  describe('widening bigint to decimal', () => {
    const widen = (source: number): SchemaChange => ({ kind: 'widen', source, tablePath: '', column: 'total', type: 'decimal' });
    const writeRoot = async (
      table: FlatTable,
      source: number,
      rows: readonly (readonly [number, readonly (number | bigint | string | null)[]])[],
    ): Promise<void> => {
      const { version } = await room.warehouse().schema();
      await turn(room.warehouse(), { phase: 'flatten', source: 0, lane: source }, (transaction) =>
        transaction.writeFlat(
          { source, partition: 0, tables: [{ table, rows: rows.map(([offset, cells]) => rootRow(offset, cells)) }] },
          1,
          version,
        ),
      );
    };

    it('keeps every value, the column’s place and its id, and is done once', async () => {
      const source = room.fresh();
      const before = await evolve(ordersTables(source));
      await writeRoot(tableOf(before, source, ''), source, [
        [1, [2n ** 63n - 1n, 'a']],
        [2, [-5, null]],
        [3, [null, 'c']],
      ]);
      const after = await evolve([widen(source)]);
      expect(after.version).toBeGreaterThan(before.version);
      expect(tableOf(after, source, '').columns.map(({ id, name }) => [id, name])).toEqual(
        tableOf(before, source, '').columns.map(({ id, name }) => [id, name]),
      );
      expect(tableOf(after, source, '').columns[0]).toMatchObject({ name: 'total', type: 'decimal' });
      await writeRoot(tableOf(after, source, ''), source, [[4, ['0.000000000001', null]]]);
      const { rows } = await room.warehouse().committed.readFlat(everything(source), [tableOf(after, source, '').id], 10);
      expect(rows.tables[0]?.rows.map(({ cells }) => cells)).toEqual([
        ['9223372036854775807', 'a'],
        ['-5', null],
        [null, 'c'],
        ['0.000000000001', null],
      ]);
      expect(await evolve([widen(source)])).toEqual(after);
    });

    it('does not narrow again when an older planner asks for the bigint column', async () => {
      const source = room.fresh();
      await evolve(ordersTables(source));
      const after = await evolve([widen(source)]);
      expect(await evolve(ordersTables(source))).toEqual(after);
    });
  });
};
