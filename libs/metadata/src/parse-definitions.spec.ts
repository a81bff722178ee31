import { describe, expect, it } from 'vitest';
import { buildCatalog } from './build-catalog.ts';
import { formatProblem } from './format-problem.ts';
import { freshSnapshot } from './fresh-snapshot.ts';
import { parseDefinitions } from './parse-definitions.ts';
import type { Problem } from './problem.ts';

const place = ({ location, code }: Problem): string => `${location?.file ?? ''}:${location?.line ?? 0}:${location?.column ?? 0} ${code}`;
const problemsOf = (text: string): readonly Problem[] => parseDefinitions([{ name: 'a.yaml', text }]).problems;
const lines = (...parts: readonly string[]): string => parts.join('\n');

describe('a file that is wrong', () => {
  it.each([
    ['nothing', '', 'a.yaml:1:1 file.empty', /starts? with/],
    ['a comment', '# todo', 'a.yaml:1:1 file.empty', /sources/],
    ['tabs', 'sources:\n\t- name: a', 'a.yaml:2:1 file.syntax', /spaces/],
    ['an open bracket', 'sources: [\n', 'a.yaml:2:1 file.syntax', /closed/],
    ['a field twice', 'sources:\n  - name: a\n    name: b', 'a.yaml:3:5 file.duplicate-key', /once/],
    ['an unknown section', 'sourcs: []', 'a.yaml:1:1 definitions.unknown-field', /did you mean `sources`/],
    ['a scalar', 'hello', 'a.yaml:1:1 definitions.wrong-type', /`sources`/],
    ['a list of scalars', '- hello', 'a.yaml:1:3 definitions.wrong-type', /`sources`/],
    ['a section that is no list', 'sources: { name: a }', 'a.yaml:1:10 definitions.wrong-type', /- name/],
    ['an entry that is no mapping', 'sources: [a]', 'a.yaml:1:11 definitions.wrong-type', /docs/],
    ['an unknown field', lines('sources:', '  - name: a', '    topc: t'), 'a.yaml:3:5 definitions.unknown-field', /did you mean `topic`/],
    [
      'an unknown field deep down',
      lines('drivers:', '  - name: d', '    inputs: [{ source: a, tabel: t }]', '    key: {}', '    measures: {}'),
      'a.yaml:3:27 definitions.unknown-field',
      /did you mean `table`/,
    ],
    ['a missing field', 'sources:\n  - topic: t', 'a.yaml:2:5 definitions.missing-field', /add `name`/],
    [
      'an unknown type',
      lines('sources:', '  - name: a', '    paths: { total: { type: deciml } }'),
      'a.yaml:3:29 definitions.unknown-value',
      /did you mean `decimal`/,
    ],
    [
      'an unknown policy',
      lines('sources:', '  - name: a', '    paths: { b: colums }'),
      'a.yaml:3:17 definitions.unknown-value',
      /did you mean `columns`/,
    ],
    [
      'a number in quotes',
      lines('sources:', '  - { name: a, partitions: "4" }'),
      'a.yaml:2:28 definitions.wrong-type',
      /remove the quotes: 4/,
    ],
    [
      'a text that is none',
      lines('drivers:', '  - name: d', '    inputs: [{ source: a }]', '    key: { k: 5 }', '    measures: {}'),
      'a.yaml:4:15 definitions.wrong-type',
      /in quotes: "5"/,
    ],
    ['a number out of range', 'settings: { lanes: 0 }', 'a.yaml:1:20 definitions.bad-value', /docs/],
    ['a bad name', 'sources: [{ name: 1a }]', 'a.yaml:1:19 definitions.bad-value', /letter/],
    ['a bad time', 'sources: [{ name: a, start: now }]', 'a.yaml:1:29 definitions.bad-value', /earliest.*2026.*0:120/],
    ['a bad offset', 'sources: [{ name: a, start: "0:-1" }]', 'a.yaml:1:29 definitions.bad-value', /0:120/],
    [
      'a bad window',
      lines(
        'drivers:',
        '  - name: d',
        '    inputs: [{ source: a }]',
        '    key: {}',
        '    window: { tumbling: 1 hour }',
        '    measures: {}',
      ),
      'a.yaml:5:25 definitions.bad-value',
      /15m/,
    ],
    [
      'a bad column name',
      lines('drivers:', '  - name: d', '    inputs: [{ source: a }]', '    key: { a b: c }', '    measures: {}'),
      'a.yaml:4:12 definitions.bad-name',
      /./,
    ],
    ['an unknown alias', 'sources: [*nowhere]', 'a.yaml:1:11 file.aliases', /write out/],
  ])('for %s says where and what to do', (_, text, where, hint) => {
    const problems = problemsOf(text);
    expect(problems.map(place)).toContain(where);
    expect(problems.map((problem) => problem.hint).join()).toMatch(hint);
    expect(parseDefinitions([{ name: 'a.yaml', text }]).definitions).toBeNull();
  });

  it('may not lead back into themselves', () => {
    expect(problemsOf(lines('sources: &s', '  - name: a', '    paths: *s')).map(place)).toContain('a.yaml:3:12 definitions.wrong-type');
  });

  it('never lose a name in silence', () => {
    const text = lines('sources:', '  - name: a', '    paths:', '      __proto__: json', '    headers:', '      __proto__: p');
    expect(problemsOf(text).map(place)).toEqual(['a.yaml:4:7 definitions.bad-value', 'a.yaml:6:7 definitions.bad-value']);
  });

  it('cannot blow up by aliases', () => {
    const bomb = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x]',
      ...Array.from(
        { length: 9 },
        (_, level) => `a${level + 1}: &a${level + 1} [${Array.from({ length: 9 }, () => `*a${level}`).join(', ')}]`,
      ),
    ];
    expect(problemsOf(bomb.join('\n')).map(place)).toEqual(['a.yaml:1:1 file.aliases']);
  });

  it('shows all of its problems, from top to bottom', () => {
    const problems = problemsOf(
      lines('drivers:', '  - nam: d', 'sources:', '  - name: a', '    topc: t', '  - name: b', '    names: snak'),
    );
    const places = problems.map(({ location }) => location?.line ?? 0);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(problems.map(place)).toEqual(
      expect.arrayContaining([
        'a.yaml:2:5 definitions.unknown-field',
        'a.yaml:5:5 definitions.unknown-field',
        'a.yaml:7:12 definitions.unknown-value',
      ]),
    );
  });
});

describe('several files', () => {
  it('are merged, whatever their documents look like', () => {
    const { definitions, problems } = parseDefinitions([
      { name: 'a.yaml', text: 'settings: { lanes: 8 }\nsources: [{ name: a }]\n---\nsources: [{ name: b }]' },
      { name: 'b.yml', text: '- sources: [{ name: c }]\n- drivers:\n' },
    ]);
    expect(problems).toEqual([]);
    expect(definitions).toMatchObject({ settings: { lanes: 8 }, sources: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
  });

  it('must not define a name twice, and both places are named', () => {
    const { problems, definitions } = parseDefinitions([
      { name: 'a.yaml', text: 'sources:\n  - name: shop' },
      { name: 'b.yaml', text: 'sources:\n  - topic: t\n    name: Shop' },
    ]);
    expect(definitions).toBeNull();
    expect(problems.map(place)).toEqual(['b.yaml:3:11 name.duplicate']);
    expect(problems[0]?.message).toContain('a.yaml:2:11');
  });

  it('must not give settings twice', () => {
    const { problems } = parseDefinitions([
      { name: 'a.yaml', text: 'settings: { lanes: 8 }' },
      { name: 'b.yaml', text: '\nsettings: { lanes: 4 }' },
    ]);
    expect(problems.map(place)).toEqual(['b.yaml:2:11 definitions.settings-twice']);
    expect(problems[0]?.message).toContain('a.yaml:1:11');
  });
});

describe('problems of the catalog', () => {
  const withDriver = (...measures: readonly string[]): string =>
    lines('sources:', '  - name: a', 'drivers:', '  - name: d', '    inputs: [{ source: a }]', '    key: {}', '    measures:', ...measures);
  const located = (text: string): readonly string[] => {
    const parsed = parseDefinitions([{ name: 'a.yaml', text }]);
    if (parsed.definitions === null) throw new Error(JSON.stringify(parsed.problems));
    const facts = { paths: new Map([['a', new Map([['price', new Set(['value'] as const)]])]]) };
    return buildCatalog(freshSnapshot(null, parsed.definitions), 1, facts).problems.map((problem) => place(parsed.withLocation(problem)));
  };

  it.each([
    ['plain', ['      m: sum(1 + prise)'], 'a.yaml:8:18 driver.path-unknown'],
    ['double quoted', [String.raw`      m: "sum(\"é\" + prise)"`], 'a.yaml:8:23 driver.path-unknown'],
    ['single quoted', ["      m: 'sum(''x'' + prise)'"], 'a.yaml:8:23 driver.path-unknown'],
    ['literal', ['      m: |', '        sum(1 +', '          prise)'], 'a.yaml:10:11 driver.path-unknown'],
    ['folded', ['      m: >-', '        sum(1 +', '        prise)'], 'a.yaml:10:9 driver.path-unknown'],
    ['plain over two lines', ['      m: sum(1 +', '        prise)'], 'a.yaml:9:9 driver.path-unknown'],
    ['long form', ['      m: { function: sum, of: price + prise }'], 'a.yaml:8:39 driver.path-unknown'],
    ['syntax', ['      m: sum(price +)'], 'a.yaml:8:21 expression.invalid'],
    ['function', ['      m: summ(price)'], 'a.yaml:8:10 measure.unknown'],
  ])('point into the text of a %s scalar', (_, measures, where) => {
    expect(located(withDriver(...measures))).toEqual([where]);
  });

  it('point at the name of a field when the name is what is wrong', () => {
    const text = lines('sources:', '  - name: a', '    paths:', '      b..c: json');
    expect(located(text)).toEqual(['a.yaml:4:7 path.malformed']);
  });

  it('point through aliases and merges, or at the nearest place that is written down', () => {
    const text = lines(
      'sources:',
      '  - &base',
      '    name: a',
      '    paths: { "b..c": json }',
      '  - <<: *base',
      '    name: b',
      '    table: t',
    );
    expect(located(text)).toEqual(['a.yaml:4:14 path.malformed', 'a.yaml:5:5 path.malformed']);
  });
});

describe('a problem in print', () => {
  it('shows the place, the line with a caret, and what to do', () => {
    const text = 'sources:\n  - name: a\n    topc: t\n';
    const [problem] = problemsOf(text);
    expect(problem && formatProblem(problem, text)).toBe(
      lines(
        'a.yaml:3:5 error definitions.unknown-field  `topc` is not a field of a source',
        '  |     topc: t',
        '  |     ^',
        '  hint: did you mean `topic`?',
      ),
    );
  });

  it('without a file shows the place in the definitions', () => {
    expect(formatProblem({ code: 'x.y', message: 'is\nwrong', at: ['drivers', 0, 'key'], severity: 'warning' })).toBe(
      'drivers.0.key warning x.y  is wrong',
    );
  });
});
