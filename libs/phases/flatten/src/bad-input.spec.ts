import { describe, expect, it } from 'vitest';
import { cellsOf, flattenRecords, flattenTexts, normalText, record, sourceOf, tableOf } from './flatten-fixture.ts';
import { unflatten } from './unflatten.ts';

const refusalOf = (payload: string | Uint8Array | null, definition: Parameters<typeof sourceOf>[1] = {}) =>
  flattenRecords(sourceOf({}, definition), [record(payload)]).effects.refusals[0];

const rowOf = (text: string) => cellsOf(flattenTexts(sourceOf(), [text]).effects.rows, '')[0];

/** The message that the rows give back. */
const backOf = (text: string): string => {
  const { schema, effects } = flattenTexts(sourceOf(), [text]);
  return normalText(unflatten(schema, effects.rows)[0]?.message ?? null);
};

describe('bad input is refused with a code and words', () => {
  it('invalid UTF-8', () => {
    expect(refusalOf(new Uint8Array([0x7b, 0xff, 0x7d]))).toStrictEqual({
      phase: 'flatten',
      source: 1,
      partition: 0,
      offset: 0,
      scope: '',
      code: 'flatten.not-utf8',
      path: null,
      detail: 'the message is not UTF-8 text',
      version: 7,
    });
  });

  it.each([
    ['hello', /character 0 .*but got 'h'/],
    ['{"a":1,}', /character 7/],
    ['{"a":1', /character 6 .*end of input/],
    ['{"a":01}', /character 6/],
    ['{"a":1} {}', /character 8/],
    ['[1,2', /character 4/],
    ['{"a":NaN}', /character 5/],
    ['{"a":12345678901234567890123,}', /character 29/],
    ["{'a':1}", /character 1/],
    ['"\n"', /character 1/],
    [String.raw`"\x"`, /character 1/],
  ])('not JSON: %j', (text, place) => {
    expect(refusalOf(text)).toMatchObject({ code: 'flatten.not-json', detail: expect.stringMatching(place) as string });
  });

  it('an empty message, or one of white space', () => {
    expect(refusalOf('')).toMatchObject({ code: 'flatten.empty' });
    expect(refusalOf(' \r\n\t')).toMatchObject({ code: 'flatten.empty' });
  });

  it.each(['[', '{"a":', '[{"a":'])('nesting of %s 100,000 deep, at once', (opening) => {
    const started = process.cpuUsage();
    expect(refusalOf(opening.repeat(100_000))).toMatchObject({
      code: 'flatten.too-deep',
      detail: expect.stringContaining('200') as string,
    });
    expect(process.cpuUsage(started).user).toBeLessThan(500_000);
  });

  it('one level more than the source allows, and takes exactly as many as it allows', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(refusalOf(nested(6), { depth_max: 5 })).toMatchObject({ code: 'flatten.too-deep' });
    expect(refusalOf(nested(5), { depth_max: 5 })).toBeUndefined();
    expect(refusalOf(`"${'['.repeat(300)}\\""`, { depth_max: 5 })).toBeUndefined();
  });

  it('tombstones, which are filtered unless the source says that they fail', () => {
    expect(flattenRecords(sourceOf(), [record(null)]).effects).toMatchObject({ written: 0, filtered: 1, refusals: [] });
    expect(refusalOf(null, { tombstones: 'fail' })).toMatchObject({ code: 'flatten.tombstone' });
  });

  it('a filter that cannot be computed', () => {
    expect(refusalOf('{"total":"many"}', { filter: 'total > 5' })).toMatchObject({
      code: 'flatten.filter',
      detail: expect.stringContaining('total > 5') as string,
    });
  });

  it('and leaves the other records standing', () => {
    const records = ['{"a":1}', 'x', '', '{"a":2}'].map((text, index) => record(text, 10 + index));
    const { effects } = flattenRecords(sourceOf(), records);
    expect(effects.written).toBe(2);
    expect(effects.refusals.map(({ offset, code }) => [offset, code])).toStrictEqual([
      [11, 'flatten.not-json'],
      [12, 'flatten.empty'],
    ]);
    expect(effects.rows.tables[0]?.rows.map(({ offset }) => offset)).toStrictEqual([10, 13]);
  });
});

describe('strange input is kept', () => {
  it('a message of 12 MB', () => {
    const items = Array.from({ length: 100_000 }, (_, index) => `{"sku":"${'x'.repeat(100)}","qty":${index}}`);
    const { effects } = flattenTexts(sourceOf(), [`{"items":[${items.join(',')}]}`]);
    const rows = effects.rows.tables[1]?.rows ?? [];
    expect([rows.length, rows.at(-1)?.row, rows.at(-1)?.cells[1]]).toStrictEqual([100_000, 99_999, 99_999]);
  });

  it('nesting 1,000 deep, where the source allows it', () => {
    const deep = `${'{"a":'.repeat(999)}{}${'}'.repeat(999)}`;
    const risky = `${'['.repeat(999)}1e999${']'.repeat(999)}`;
    for (const objects of ['child', 'columns', 'json'] as const) {
      expect(flattenTexts(sourceOf({}, { depth_max: 1000, objects }), [deep, risky]).effects).toMatchObject({ written: 2, refusals: [] });
    }
  });

  it.each(['{"a":1,"a":"x","b":2}', '{"a":1e400,"a":"x","b":2}', '{"a":{"c":1},"a":"x","b":2}'])(
    'duplicate keys, of which the last counts: %s',
    (text) => {
      expect(backOf(text)).toBe('{"a":"x","b":2}');
    },
  );

  it.each([
    '{"__proto__":{"x":1},"constructor":{"prototype":2},"toString":3}',
    '{"__proto__":{"x":12345678901234567890},"constructor":{"prototype":2},"toString":3}',
  ])('__proto__ and constructor as members: %s', (text) => {
    expect(backOf(text)).toBe(
      `{"__proto__":{"x":${text.includes('x":1}') ? 1 : '12345678901234567890'}},"constructor":{"prototype":2},"toString":3}`,
    );
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('NUL and lone surrogates in strings and names', () => {
    const text = String.raw`{"\udc00":"\ud800","a\u0000":"b\u0000c"}`;
    expect(backOf(text)).toBe(JSON.stringify(JSON.parse(text)));
  });

  it.each([
    ['9007199254740993', { a: 9007199254740993n }],
    ['9223372036854775807', { a: 9223372036854775807n }],
    ['-9223372036854775808', { a: -9223372036854775808n }],
    ['9223372036854775808', { a: '9223372036854775808' }],
    ['1.0', { a: 1 }],
    ['-0.0', { a: 0 }],
    ['1e3', { a: 1000 }],
    ['0.1', { a: '0.1' }],
    ['48.85661400000001', { a__v_number: '48.85661400000001' }],
    ['48.856614000001', { a: '48.856614000001' }],
    ['1.10', { a: '1.1' }],
    ['1E-3', { a: '0.001' }],
    ['99999999999999999999999999', { a: '99999999999999999999999999' }],
    ['999999999999999999999999999', { a__v_number: '999999999999999999999999999' }],
    ['1e400', { a__v_number: `1${'0'.repeat(400)}` }],
    ['-1e-400', { a__v_number: `-0.${'0'.repeat(399)}1` }],
    ['1.5e999999999', { a__v_number: '1.5e999999999' }],
    ['1e-99999999999999999999', { a__v_number: '1e-99999999999999999999' }],
  ])('the number %s exactly', (number, row) => {
    expect(rowOf(`{"a":${number}}`)).toStrictEqual(row);
  });

  it('1,100 keys, of which those without room go to _dsf_rest', () => {
    const text = `{${Array.from({ length: 1100 }, (_, index) => `"k${index}":${index}`).join(',')}}`;
    const { schema, effects, rounds } = flattenTexts(sourceOf(), [text]);
    const { columns } = tableOf(schema, '');
    expect([columns.length, rounds]).toStrictEqual([1012, 1]);
    expect(columns.at(-1)).toMatchObject({ name: '_dsf_rest', role: 'rest', type: 'json' });
    expect(String(effects.rows.tables[0]?.rows[0]?.cells.at(-1))).toMatch(/^\{"k1011":1011,"k1012":1012,/);
  });

  it('100,000 keys, whose columns are not looked for one behind the other', () => {
    const text = `{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":${index}`).join(',')}}`;
    const started = process.cpuUsage();
    expect(flattenTexts(sourceOf(), [text]).effects).toMatchObject({ written: 1, missing: [] });
    // About 1.2 s; looking through 1,000 columns for each took 10.
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });

  it('keys that differ in case or Unicode form only, each in a column of its own', () => {
    const text = '{"Total":1,"total":2,"TOTAL":3,"caf\u00e9":4,"cafe\u0301":5}';
    const { schema, effects } = flattenTexts(sourceOf(), [text]);
    const names = tableOf(schema, '').columns.map(({ name }) => name);
    expect(names.slice(0, 4)).toStrictEqual([
      'total',
      expect.stringMatching(/^total_[0-9a-f]{8}$/),
      expect.stringMatching(/^total_[0-9a-f]{8}$/),
      'café',
    ]);
    expect(new Set(names.map((name) => name.normalize('NFC').toLowerCase())).size).toBe(5);
    expect(effects.rows.tables[0]?.rows[0]?.cells).toStrictEqual([1, 2, 3, 4, 5]);
  });

  it('reserved words, SQL, an empty key, an emoji and 300 letters as keys', () => {
    const long = 'k'.repeat(300);
    const text = JSON.stringify({ select: 1, '];DROP TABLE x;--': 2, '': 3, '😀': 4, [long]: 5, _dsf_row: 6 });
    const { schema } = flattenTexts(sourceOf(), [text]);
    const names = tableOf(schema, '').columns.map(({ name }) => name);
    expect(names.slice(0, 3)).toStrictEqual(['select', 'drop_table_x', 'field']);
    expect(names[3]).toMatch(/^field_[0-9a-f]{8}$/);
    expect(names[4]).toMatch(/^k{119}_[0-9a-f]{8}$/);
    expect(names[5]).toBe('x_dsf_row');
    expect(backOf(text)).toBe(normalText(unflatten(schema, flattenTexts(sourceOf(), [text], { schema }).effects.rows)[0]?.message ?? null));
  });
});
