import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply } from './apply.ts';
import { compile } from './compile.ts';
import { logicalPath } from './flat-paths.ts';
import { capabilities, catalogOf, flattenTexts, normalText, record, sourceOf } from './flatten-fixture.ts';
import type { Flattened } from './flatten-fixture.ts';
import { parseExact } from './parse-exact.ts';
import { valueOf } from './read-message.ts';
import { unflatten } from './unflatten.ts';

const keys = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'A',
      '',
      '__proto__',
      'constructor',
      '$key',
      'a.b',
      '\\',
      '.b',
      'value',
      '*',
      '_dsf_src',
      '];DROP TABLE',
      'é',
      'e\u0301',
      '1',
      '😀',
      'a__n',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
);
const numbers = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '1e3',
    '1e400',
    '-1E-400',
    '9007199254740993',
    '0.1234567890123',
    '123456789012345678901234567.5',
    '9223372036854775808',
    '12.50',
  ),
);
const scalars = fc.oneof(
  numbers,
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('true', 'false', 'null', '"2026-01-01T00:00:00Z"', '"12"', String.raw`"\ud800"`, String.raw`"\u0000"`),
);

const objectText = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
/** JSON as text, so that numbers keep every digit and members may repeat. */
const { json } = fc.letrec<{ json: string; list: string; object: string }>((tie) => ({
  json: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalars, tie('list'), tie('object')),
  list: fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  object: fc.array(fc.tuple(keys, tie('json')), { maxLength: 5 }).map(objectText),
}));

const policies = (
  names: readonly ('child' | 'columns' | 'child_scalar' | 'map' | 'json' | 'first' | 'count' | 'join' | 'drop' | 'last')[],
) => fc.dictionary(fc.constantFrom('a', 'b', 'a.b', 'a.*', '*.b', 'a.a.c', 'b.a', '*', '*.*'), fc.constantFrom(...names), { maxKeys: 4 });

const exact = (text: string) => {
  const parsed = parseExact(new TextEncoder().encode(text), 1000);
  if (!parsed.ok) throw new Error(parsed.detail);
  return valueOf(parsed.value);
};

const expectRoundTrip = ({ schema, effects }: Flattened, texts: readonly string[], dropEmpty: boolean): void => {
  const back = unflatten(schema, effects.rows).map(({ message }) => normalText(message, dropEmpty));
  expect(back).toStrictEqual(texts.map((text) => normalText(exact(text), dropEmpty)));
};

const batches = fc.array(json, { minLength: 1, maxLength: 4 });
const runs = { numRuns: 400 };

describe('law F1: unflatten(flatten(m)) = m', () => {
  it('holds for any messages without columns', () => {
    const rules = policies(['child', 'child_scalar', 'map', 'json']);
    fc.assert(
      fc.property(batches, rules, (texts, chosen) => expectRoundTrip(flattenTexts(sourceOf(chosen), texts), texts, false)),
      runs,
    );
  });

  it('holds with columns, where an empty object is an absent one', () => {
    const rules = policies(['child', 'columns', 'child_scalar', 'map', 'json']);
    fc.assert(
      fc.property(
        batches,
        rules,
        fc.constantFrom('columns', 'child', 'json'),
        fc.constantFrom('child', 'json'),
        (texts, chosen, objects, lists) => expectRoundTrip(flattenTexts(sourceOf(chosen, { objects, lists }), texts), texts, true),
      ),
      runs,
    );
  });

  it('holds where the table has no room and values go to _dsf_rest', () => {
    const narrow = { capabilities: { ...capabilities, columnsMax: 16 } };
    fc.assert(
      fc.property(batches, policies(['child', 'columns', 'map', 'json']), (texts, chosen) => {
        const flat = flattenTexts(sourceOf(chosen), texts, narrow);
        expect(Math.max(...flat.schema.tables.map(({ columns }) => columns.length))).toBeLessThanOrEqual(4);
        expectRoundTrip(flat, texts, true);
      }),
      runs,
    );
  });
});

const anyPolicy = policies(['child', 'columns', 'child_scalar', 'map', 'json', 'first', 'last', 'join', 'count', 'drop']);

describe('law F2: flattening again changes nothing', () => {
  it('gives the same rows, asks for nothing more, and needs few rounds', () => {
    fc.assert(
      fc.property(batches, anyPolicy, fc.boolean(), (texts, rules, detect) => {
        const source = sourceOf(rules, { detect });
        const { schema, effects, rounds } = flattenTexts(source, texts);
        const again = flattenTexts(source, texts, { schema });
        expect(again.rounds).toBe(0);
        expect(again.effects).toStrictEqual(effects);
        expect(rounds).toBeLessThanOrEqual(2);
      }),
      runs,
    );
  });

  it('does not depend on what a plan has seen before', () => {
    fc.assert(
      fc.property(batches, anyPolicy, (texts, rules) => {
        const source = sourceOf(rules);
        const { schema, effects } = flattenTexts(source, texts);
        const plan = compile(catalogOf(source), schema, capabilities);
        const records = texts.map((text, offset) => record(text, offset));
        apply(plan, records);
        expect(apply(plan, records)).toStrictEqual(effects);
      }),
      { numRuns: 100 },
    );
  });
});

/** Rows per place, whatever their cells. */
const rowsByPlace = ({ effects }: Flattened, offset: number): Readonly<Record<string, readonly unknown[]>> => {
  const places: Record<string, unknown[]> = {};
  for (const { table, rows } of effects.rows.tables) {
    for (const row of rows.filter((each) => each.offset === offset))
      (places[`/${logicalPath(table.path)}`] ??= []).push([row.listIdx, row.listIdx2, row.shape]);
  }
  return places;
};

describe('law F3: rows per table depend on the message and config alone', () => {
  it('gives a message the same rows whatever came before it', () => {
    fc.assert(
      fc.property(json, batches, anyPolicy, (text, earlier, rules) => {
        const source = sourceOf(rules);
        const alone = flattenTexts(source, [text]);
        const after = flattenTexts(source, [...earlier, text]);
        expect(rowsByPlace(after, earlier.length)).toStrictEqual(rowsByPlace(alone, 0));
      }),
      runs,
    );
  });

  it('gives each record what it gets alone, also when its neighbours are refused', () => {
    fc.assert(
      fc.property(json, json, (one, two) => {
        const source = sourceOf();
        const { schema, effects } = flattenTexts(source, [one, 'not json', two]);
        const alone = flattenTexts(source, [one], { schema });
        expect(effects.refusals.map(({ offset }) => offset)).toStrictEqual([1]);
        expect(effects.written).toBe(2);
        expect(rowsByPlace({ schema, effects, rounds: 0 }, 0)).toStrictEqual(rowsByPlace(alone, 0));
      }),
      { numRuns: 100 },
    );
  });
});
