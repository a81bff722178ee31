import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flattenTexts, sourceOf, tableOf } from './flatten-fixture.ts';
import { foldName, freeName, segmentName } from './names.ts';

describe('the name that a member asks for', () => {
  it.each([
    ['orderId', 'order_id'],
    ['OrderID', 'order_id'],
    ['HTTPStatus', 'http_status'],
    ['line2Total', 'line2_total'],
    ['unit-price (EUR)', 'unit_price_eur'],
    ['_id', '_id'],
    ['@type', 'type'],
    ['Größe', 'größe'],
    [String.raw`a\.b`, 'a_b'],
    [String.raw`\$ref`, 'ref'],
    [String.raw`\e`, 'field'],
    ['😀', 'field'],
    ['2026', '2026'],
  ])('snake: %s is %s', (segment, name) => {
    expect(segmentName(segment, 'snake')).toBe(name);
  });

  it.each([
    ['orderId', 'orderId'],
    ['];DROP TABLE', '];DROP TABLE'],
    ['a\u0000b', 'a_b'],
    ['\ud800', '_'],
    ['   ', 'field'],
  ])('exact: %j is %j', (segment, name) => {
    expect(segmentName(segment, 'exact')).toBe(name);
  });
});

describe('a free name', () => {
  it('is short enough, not reserved, and nobody else has it, whatever is asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 30 }),
        fc.constantFrom('', '__n', '__v_boolean'),
        (members, ending) => {
          const taken = new Set<string>();
          for (const [index, member] of members.entries()) {
            const name = freeName({ wanted: segmentName(member, 'exact'), ending, identity: String(index), taken, lengthMax: 30 });
            expect(name.length).toBeLessThanOrEqual(30);
            expect(name.endsWith(ending)).toBe(true);
            expect(name).not.toMatch(/^_dsf_/i);
            expect(name.isWellFormed()).toBe(true);
            expect(taken.has(foldName(name))).toBe(false);
            taken.add(foldName(name));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('names of tables and columns', () => {
  it('are those that rules give, for exactly their path', () => {
    const rules = { items: { name: 'lines' }, 'items.sku': { name: 'Article No' }, total: { name: '_dsf_off' } };
    const { schema } = flattenTexts(sourceOf(rules), ['{"total":1,"items":[{"sku":"a","tags":["x"]}]}']);
    expect(schema.tables.map(({ name }) => name)).toStrictEqual(['shop_orders', 'lines', 'shop_orders__items__tags']);
    expect(tableOf(schema, '').columns.map(({ name }) => name)).toStrictEqual(['x_dsf_off', 'lines__n']);
    expect(tableOf(schema, 'items').columns.map(({ name }) => name)).toStrictEqual(['Article No', 'tags__n']);
  });

  it('stay as they were given when config asks for others later', () => {
    const before = flattenTexts(sourceOf(), ['{"orderId":1,"items":[1]}']);
    const renamed = sourceOf({ orderId: { name: 'other' } }, { table: 'elsewhere', names: 'exact' });
    const { schema } = flattenTexts(renamed, ['{"orderId":2,"newId":3,"items":[1],"tags":[1]}'], { schema: before.schema });
    expect(schema.tables.map(({ name }) => name)).toStrictEqual(['shop_orders', 'shop_orders__items', 'shop_orders__tags']);
    expect(tableOf(schema, '').columns.map(({ name }) => name)).toStrictEqual(['order_id', 'items__n', 'newId', 'tags__n']);
  });

  it('are unique among all tables, and cut where the engine allows less', () => {
    const { schema } = flattenTexts(
      sourceOf({}, { table: 'o' }),
      ['{"a":{"b":{"x":1}},"a__b":{"x":1},"aVeryLongNameThatNoEngineWouldTakeLikeThis":{"anotherLongMember":[1]}}'],
      {
        capabilities: { nameLengthMax: 30, columnsMax: 100, decimal: { precision: 38, scale: 12 } },
      },
    );
    const names = schema.tables.map(({ name }) => name);
    expect(names.slice(0, 4)).toStrictEqual(['o', 'o__a', 'o__a__b', expect.stringMatching(/^o__a__b_[0-9a-f]{8}$/)]);
    expect(names.every((name) => name.length <= 30)).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });
});
