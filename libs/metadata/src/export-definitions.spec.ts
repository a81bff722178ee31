import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnTypes, definitionsSchema, policyKinds } from './definitions.ts';
import type { Definitions } from './definitions.ts';
import { exportDefinitions } from './export-definitions.ts';
import { parseDefinitions } from './parse-definitions.ts';

const read = (text: string): Definitions | null => {
  const { definitions, problems } = parseDefinitions([{ name: 'export.yaml', text }]);
  expect(problems).toEqual([]);
  return definitions;
};

const given = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 2 });
const text = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ minLength: 1, maxLength: max }),
    fc.string({ minLength: 1, maxLength: max, unit: 'binary' }),
    fc.constantFrom('yes', 'null', '~', '1.0', '0x10', '<<', '- a', 'a: b', '# c', '"', '*x', '&y', '|', 'a\n b\n', ' ', '2026-01-01'),
  );
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}(\.[A-Za-z][A-Za-z0-9_-]{0,8})?$/);
const column = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/);
const rule = fc.record({
  policy: given(fc.constantFrom(...policyKinds)),
  separator: given(fc.string({ maxLength: 10 })),
  name: given(text(20)),
  type: given(fc.constantFrom(...columnTypes)),
});
const source = fc.record({
  name,
  topic: given(text(20)),
  partitions: given(fc.integer({ min: 1, max: 1000 })),
  start: given(fc.constantFrom('earliest', 'latest', '2026-01-31T00:00:00Z')),
  filter: given(text(40)),
  headers: given(fc.dictionary(text(10), text(10), { maxKeys: 3 })),
  key: given(text(10)),
  names: given(fc.constantFrom('snake', 'exact')),
  detect: given(fc.boolean()),
  objects: given(fc.constantFrom('child', 'columns', 'json')),
  paths: given(fc.dictionary(text(10), fc.oneof(fc.constantFrom(...policyKinds), rule), { maxKeys: 3 })),
});
const measure = fc.oneof(
  text(30),
  fc.record({
    function: text(10),
    of: given(text(30)),
    max: given(fc.integer({ min: 1, max: 10_000 })),
    type: given(fc.constantFrom(...columnTypes)),
  }),
);
const input = fc.record({
  source: name,
  table: given(fc.string({ maxLength: 10 })),
  filter: given(text(30)),
  expressions: given(fc.dictionary(text(8), fc.option(text(20)), { maxKeys: 3 })),
});
const driver = fc.record({
  name,
  inputs: fc.array(input, { minLength: 1, maxLength: 3 }),
  key: fc.dictionary(column, text(30), { maxKeys: 3 }),
  event_time: given(text(20)),
  window: given(fc.constantFrom('none', { tumbling: '15m' })),
  measures: fc.dictionary(column, measure, { maxKeys: 3 }),
});
const publication = fc.record({
  name,
  driver: name,
  topic: given(text(10)),
  body: given(fc.jsonValue({ maxDepth: 3 })),
  numbers: given(fc.constantFrom('string', 'number')),
  type: given(fc.string({ maxLength: 10 })),
});

const unique = <T extends { readonly name: string }>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.uniqueArray(arbitrary, { maxLength: 3, selector: (definition) => definition.name.toLowerCase() });

/** Definitions as the config tables hold them: parsed, with all defaults. */
const definitions = fc
  .record({
    settings: given(fc.record({ lanes: fc.integer({ min: 1, max: 1024 }) })),
    sources: unique(source),
    drivers: unique(driver),
    publications: unique(publication),
  })
  .map((made) => definitionsSchema.parse(JSON.parse(JSON.stringify(made))));

describe('an export', () => {
  it('reads back as the same definitions, whatever they hold', () => {
    fc.assert(
      fc.property(definitions, (made) => {
        expect(read(exportDefinitions(made))).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves out what is a default and tells the editor its schema', () => {
    const made = definitionsSchema.parse({ sources: [{ name: 'shop.orders', partitions: 8, paths: { tags: { policy: 'join' } } }] });
    expect(exportDefinitions(made)).toBe(
      '# yaml-language-server: $schema=definitions.schema.json\nsources:\n  - name: shop.orders\n    partitions: 8\n    paths:\n      tags:\n        policy: join\n',
    );
  });

  it('of nothing is a file that can be read', () => {
    const nothing = definitionsSchema.parse({});
    expect(read(exportDefinitions(nothing))).toEqual(nothing);
  });
});
