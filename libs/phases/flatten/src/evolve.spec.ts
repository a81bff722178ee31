import { describe, expect, it } from 'vitest';
import { apply } from './apply.ts';
import { compile } from './compile.ts';
import { evolve } from './evolve.ts';
import { capabilities, catalogOf, cellsOf, emptySchema, flattenTexts, record, schemaWith, sourceOf, tableOf } from './flatten-fixture.ts';
import { readPath } from './read-path.ts';

const columnsOf = (texts: readonly string[], rules = {}, definition = {}) => {
  const { schema, effects } = flattenTexts(sourceOf(rules, definition), texts);
  return {
    columns: tableOf(schema, '').columns.map(({ name, type, role }) => `${name} ${type} ${role}`),
    cells: cellsOf(effects.rows, ''),
  };
};

describe('types of columns', () => {
  it('follow the first value', () => {
    expect(columnsOf(['{"a":1,"b":1.5,"c":"x","d":true}']).columns).toStrictEqual([
      'a bigint value',
      'b decimal value',
      'c text value',
      'd boolean value',
    ]);
  });

  it('widen from bigint to decimal, and integers stand there as text', () => {
    const first = flattenTexts(sourceOf(), ['{"a":1}']);
    const { schema, effects } = flattenTexts(sourceOf(), ['{"a":2.5}', '{"a":3}'], { schema: first.schema });
    expect(tableOf(schema, '').columns).toMatchObject([{ name: 'a', type: 'decimal' }]);
    expect(cellsOf(effects.rows, '')).toStrictEqual([{ a: '2.5' }, { a: '3' }]);
  });

  it('widen not where int64 would not fit, nor against a declared type', () => {
    const small = { ...capabilities, decimal: { precision: 20, scale: 4 } };
    const first = flattenTexts(sourceOf(), ['{"a":1}'], { capabilities: small });
    const { effects } = flattenTexts(sourceOf(), ['{"a":2.5}'], { capabilities: small, schema: first.schema });
    expect(cellsOf(effects.rows, '')).toStrictEqual([{ a__v_decimal: '2.5' }]);
    expect(columnsOf(['{"a":1}', '{"a":2.5}'], { a: { type: 'bigint' } }).cells).toStrictEqual([{ a: 1 }, { a__v_decimal: '2.5' }]);
  });

  it('have a variant for each other type, and a path is read from all of them', () => {
    const texts = ['1', '"x"', 'true', '1e30', '2.5', '"1"'].map((value) => `{"a":${value}}`);
    const { schema, effects } = flattenTexts(sourceOf(), texts);
    expect(tableOf(schema, '').columns.map(({ name, type }) => `${name} ${type}`)).toStrictEqual([
      'a decimal',
      'a__v_text text',
      'a__v_boolean boolean',
      'a__v_number text',
    ]);
    const read = effects.rows.tables[0]?.rows.map((row) => readPath(tableOf(schema, ''), row, 'a'));
    expect(read).toStrictEqual([{ n: '1' }, 'x', true, { n: '1000000000000000000000000000000' }, { n: '2.5' }, '1']);
  });

  it.each([
    ['text', ['12.50', 'true', '"x"'], ['12.5', 'true', 'x']],
    ['decimal', ['"12.50"', '3', '"1e2"', '1e30', '"007"'], ['12.5', '3', '100', undefined, undefined]],
    ['bigint', ['"12"', '1.0', '"1.5"', '9007199254740993'], [12, 1, undefined, 9007199254740993n]],
    ['double', ['0.1', '"2"', '1e400', '48.85661400000001'], [0.1, 2, undefined, 48.85661400000001]],
    ['boolean', ['true', '"false"', '1', '"yes"'], [true, false, undefined, undefined]],
    ['date', ['"2026-02-28"', '"2026-02-30"', '"2026-02-28T00:00:00Z"'], ['2026-02-28', undefined, undefined]],
    [
      'timestamp',
      ['"2026-02-28T23:30:00.120+01:00"', '"2026-02-30T00:00:00Z"', '1700000000'],
      ['2026-02-28T22:30:00.120Z', undefined, undefined],
    ],
    ['json', ['1', '"x"', 'true'], ['1', '"x"', 'true']],
  ] as const)('declared as %s take what converts without loss, and leave the rest to variants', (type, values, cells) => {
    const { columns, cells: rows } = columnsOf(
      values.map((value) => `{"a":${value}}`),
      { a: { type } },
    );
    expect(columns[0]).toBe(`a ${type} value`);
    expect(rows.map((row) => row['a'])).toStrictEqual(cells);
    expect(rows.every((row) => Object.keys(row).length === 1)).toBe(true);
  });

  it('recognise RFC 3339 where the source asks for it, and nothing that is like it', () => {
    const moment = '{"at":"2026-11-23T20:57:35Z"}';
    expect(columnsOf([moment]).columns).toStrictEqual(['at text value']);
    expect(columnsOf([moment, '{"at":"2026-11-23 20:57:35"}', '{"at":"2026-11-23T24:00:00Z"}'], {}, { detect: true }).cells).toStrictEqual([
      { at: '2026-11-23T20:57:35Z' },
      { at__v_text: '2026-11-23 20:57:35' },
      { at__v_text: '2026-11-23T24:00:00Z' },
    ]);
  });
});

describe('evolving', () => {
  const source = sourceOf();
  const records = [record('{"a":1,"b":{"c":[1,"x"]}}')];
  const plan = compile(catalogOf(source), emptySchema, capabilities);
  const { missing } = apply(plan, records);

  it('names tables before their columns and children', () => {
    expect(
      evolve(plan, missing, emptySchema).map((change) =>
        change.kind === 'table' ? change.name : change.kind === 'column' ? change.name : '',
      ),
    ).toStrictEqual(['shop_orders', 'a', 'shop_orders__b', 'c__n', 'shop_orders__b__c', 'value', 'value__v_text']);
  });

  it('is empty when others have added all of it', () => {
    const schema = schemaWith(emptySchema, evolve(plan, missing, emptySchema));
    expect(evolve(plan, missing, schema)).toStrictEqual([]);
    expect(apply(compile(catalogOf(source), schema, capabilities), records).missing).toStrictEqual([]);
  });

  it('adds only what another has left out', () => {
    const other = flattenTexts(source, ['{"a":"x","b":{"d":1}}']);
    const changes = evolve(plan, missing, other.schema);
    expect(changes.map((change) => (change.kind === 'widen' ? change.column : change.name))).toStrictEqual([
      'a__v_bigint',
      'c__n',
      'shop_orders__b__c',
      'value',
      'value__v_text',
    ]);
  });

  it('leaves a path alone that another has given to another parent meanwhile, and then finds it a table of its own', () => {
    const shapes = sourceOf({}, { objects: 'columns' });
    const empty = compile(catalogOf(shapes), emptySchema, capabilities);
    const asked = apply(empty, [record('{"a":{"b":[1]}}')]).missing;
    const { schema } = flattenTexts(shapes, ['{"a":[{"b":["x"]}]}']);
    expect(evolve(empty, asked, schema)).toMatchObject([{ kind: 'column', tablePath: '', role: 'length', path: 'a.b' }]);
    const { effects } = flattenTexts(shapes, ['{"a":{"b":[1]}}'], { schema });
    expect(cellsOf(effects.rows, 'a.b.$of')).toStrictEqual([{ value: 1 }]);
  });
});
