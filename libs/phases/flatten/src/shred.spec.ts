import { describe, expect, it } from 'vitest';
import { cellsOf, flattenRecords, flattenTexts, record, sourceOf, tableOf } from './flatten-fixture.ts';

const rowsOf = (rules: Parameters<typeof sourceOf>[0], message: unknown, definition: Parameters<typeof sourceOf>[1] = {}) => {
  const { schema, effects } = flattenTexts(sourceOf(rules, definition), [JSON.stringify(message)]);
  return {
    schema,
    rows: effects.rows,
    cells: (path: string) => cellsOf(effects.rows, path),
    tables: effects.rows.tables.map(({ table }) => table.name),
  };
};

describe('what a policy does with an object or a list', () => {
  it('gives scalars to the root, and objects and lists to child tables with the parent row', () => {
    const { rows, cells, tables } = rowsOf({}, { id: 7, buyer: { name: 'Ada' }, items: [{ sku: 'a', notes: ['x', 'y'] }, { sku: 'b' }] });
    expect(tables).toStrictEqual(['shop_orders', 'shop_orders__buyer', 'shop_orders__items', 'shop_orders__items__notes']);
    expect(cells('')).toStrictEqual([{ id: 7, items__n: 2 }]);
    expect(cells('buyer')).toStrictEqual([{ name: 'Ada' }]);
    expect(cells('items')).toStrictEqual([{ sku: 'a', notes__n: 2 }, { sku: 'b' }]);
    expect(rows.tables[3]?.rows).toMatchObject([
      { offset: 0, row: 0, parentRow: 0, listIdx: 0, listIdx2: null, time: null, cells: ['x'] },
      { offset: 0, row: 1, parentRow: 0, listIdx: 1, cells: ['y'] },
    ]);
    expect(rows.tables[0]?.rows).toMatchObject([{ row: 0, parentRow: null, listIdx: null, time: 1_000, ingestedAt: 2_000 }]);
  });

  it('columns: members of the object are columns of its owner', () => {
    const { cells, tables } = rowsOf({ address: 'columns' }, { address: { city: 'Paris', geo: { lat: 1.5 }, lines: ['a'] } });
    expect(cells('')).toStrictEqual([{ address__city: 'Paris', address__geo__lat: '1.5', address__lines__n: 1 }]);
    expect(tables).toStrictEqual(['shop_orders', 'shop_orders__address__lines']);
  });

  it('map: a row per entry, with key and value', () => {
    const { cells } = rowsOf({ attrs: 'map' }, { attrs: { color: 'red', size: { w: 2 }, none: null, all: [1] } });
    expect(cells('')).toStrictEqual([{ attrs__n: 4 }]);
    expect(cells('attrs')).toStrictEqual([
      { key: 'color', value: 'red' },
      { key: 'size', w: 2 },
      { key: 'none' },
      { key: 'all', item__n: 1 },
    ]);
    expect(cells('attrs.$item')).toStrictEqual([{ value: 1 }]);
  });

  it('json, first, last, join, count and drop', () => {
    const list = [{ x: 1 }, 'b', null, 2.5];
    const message = { json: list, first: list, last: list, join: list, count: list, drop: list };
    const rules = {
      json: 'json',
      first: 'first',
      last: 'last',
      join: { policy: 'join', separator: '; ' },
      count: 'count',
      drop: 'drop',
    } as const;
    expect(rowsOf(rules, message).cells('')).toStrictEqual([
      { json: '[{"x":1},"b",null,2.5]', first__x: 1, last: '2.5', join: '{"x":1}; b; 2.5', count: 4 },
    ]);
  });

  it('json keeps numbers exact', () => {
    const { effects } = flattenTexts(sourceOf({ raw: 'json' }), ['{"raw":{"n":12345678901234567890.5,"m":1.0}}']);
    expect(cellsOf(effects.rows, '')).toStrictEqual([{ raw: '{"n":12345678901234567890.5,"m":1}' }]);
  });

  it('is inherited by everything below, until a longer rule says otherwise', () => {
    const { cells, tables } = rowsOf({ a: 'columns', 'a.b': 'child', 'a.c': 'json' }, { a: { b: { x: { y: 1 } }, c: [1], d: { e: 2 } } });
    expect(tables).toStrictEqual(['shop_orders', 'shop_orders__a__b', 'shop_orders__a__b__x']);
    expect(cells('')).toStrictEqual([{ a__c: '[1]', a__d__e: 2 }]);
  });

  it('* matches one member, and a member by name goes before it', () => {
    const { cells } = rowsOf(
      { '*.x': 'json', 'b.x': 'columns', 'b.*': 'drop' },
      { a: { x: { y: 1 } }, b: { x: { y: 2 }, z: { y: 3 } } },
      { objects: 'columns' },
    );
    expect(cells('')).toStrictEqual([{ a__x: '{"y":1}', b__x__y: 2 }]);
  });

  it('defaults of the source hold where no rule speaks', () => {
    expect(rowsOf({}, { o: { x: 1 }, l: [1, 2] }, { objects: 'columns', lists: 'count' }).cells('')).toStrictEqual([{ o__x: 1, l: 2 }]);
    expect(rowsOf({}, { o: { x: 1 }, l: [1, 2] }, { objects: 'json', lists: 'drop' }).cells('')).toStrictEqual([{ o: '{"x":1}' }]);
  });
});

describe('lists', () => {
  it('tells absent, null and empty apart', () => {
    const texts = ['{"items":[1]}', '{"items":[]}', '{"items":null}', '{}'];
    const { effects } = flattenTexts(sourceOf({ items: 'child' }), texts);
    expect(cellsOf(effects.rows, '')).toStrictEqual([{ items__n: 1 }, { items__n: 0 }, { items__n: -1 }, {}]);
  });

  it('of mixed items go to one table, with the shape where cells do not tell', () => {
    const { rows } = rowsOf({}, { l: [1, { a: 2 }, null, {}, [], [3, [4]]] });
    expect(rows.tables[1]?.rows.map(({ listIdx, listIdx2, shape, cells }) => [listIdx, listIdx2, shape, ...cells])).toStrictEqual([
      [0, null, null, 1, null, null],
      [1, null, null, null, 2, null],
      [2, null, 'null', null, null, null],
      [3, null, 'object', null, null, null],
      [4, null, 'list', null, null, null],
      [5, 0, null, 3, null, null],
      [5, 1, null, null, null, 1],
    ]);
    expect(rows.tables[2]).toMatchObject({
      table: { path: 'l.$item', name: 'shop_orders__l__item' },
      rows: [{ parentRow: 6, listIdx: 0, cells: [4] }],
    });
  });

  it('of roots give a root row per item', () => {
    const { rows } = rowsOf({}, [{ id: 1 }, 5, []]);
    expect(rows.tables[0]?.rows.map(({ row, listIdx, shape, cells }) => [row, listIdx, shape, ...cells])).toStrictEqual([
      [0, 0, null, 1, null],
      [1, 1, null, null, 5],
      [2, 2, 'list', null, null],
    ]);
  });
});

describe('shape changes never fail and never drop', () => {
  it('a scalar where config has a list is one row; elsewhere it is a cell of its owner', () => {
    const rules = { tags: 'child_scalar' } as const;
    const { effects } = flattenTexts(sourceOf(rules), ['{"tags":["a"],"notes":["b"]}', '{"tags":"c","notes":"d"}']);
    expect(cellsOf(effects.rows, 'tags')).toStrictEqual([{ value: 'a' }, { value: 'c' }]);
    expect(cellsOf(effects.rows, '')).toStrictEqual([{ tags__n: 1, notes__n: 1 }, { notes: 'd' }]);
  });

  it('a path whose rows have two parents has two tables', () => {
    const texts = ['{"a":[{"b":[1]}]}', '{"a":{"b":[2]}}'];
    const { schema, effects } = flattenTexts(sourceOf({}, { objects: 'columns' }), texts);
    expect(schema.tables.map(({ path }) => path)).toStrictEqual(['', 'a', 'a.b', 'a.b.$of']);
    expect(tableOf(schema, 'a.b.$of').name).toMatch(/^shop_orders__a__b_[0-9a-f]{8}$/);
    expect(cellsOf(effects.rows, 'a.b.$of')).toStrictEqual([{ value: 2 }]);
  });
});

describe('the envelope', () => {
  const envelope = { headers: { 'x-tenant': 'tenant', absent: 'absent' }, key: 'message_key' };
  const utf8 = new TextEncoder();

  it('gives key and headers to each root row, the last of several headers of a name', () => {
    const headers = [
      ['x-tenant', utf8.encode('a')],
      ['x-tenant', utf8.encode('b')],
    ] as const;
    const { effects } = flattenRecords(sourceOf({ '*': 'drop' }, envelope), [
      { ...record('[{"id":1},{"id":2}]'), key: utf8.encode('k1'), headers },
    ]);
    expect(cellsOf(effects.rows, '')).toStrictEqual([
      { tenant: 'b', message_key: 'k1' },
      { tenant: 'b', message_key: 'k1' },
    ]);
  });

  it('keeps bytes that are no text as hexadecimal digits', () => {
    const { effects } = flattenRecords(sourceOf({}, envelope), [{ ...record('{}'), key: new Uint8Array([0xff, 0x01]) }]);
    expect(cellsOf(effects.rows, '')).toStrictEqual([{ message_key: String.raw`\xff01` }]);
    const marked = { ...record('{}'), key: new Uint8Array([0xef, 0xbb, 0xbf, 0x6b]) };
    expect(cellsOf(flattenRecords(sourceOf({}, envelope), [marked]).effects.rows, '')).toStrictEqual([{ message_key: '\ufeffk' }]);
  });
});

describe('a filter', () => {
  it('keeps the records for which it is true, and counts the others', () => {
    const source = sourceOf({}, { filter: 'status == "paid" && total > 10' });
    const { effects } = flattenTexts(source, [
      '{"status":"paid","total":12.5}',
      '{"status":"paid","total":9}',
      '{"status":"open","total":99}',
      '{}',
    ]);
    expect([effects.written, effects.filtered]).toStrictEqual([1, 3]);
    expect(effects.rows.tables[0]?.rows.map(({ offset }) => offset)).toStrictEqual([0]);
  });
});
