import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './hostile/command.ts';

let folder = '';
let home = '';
const put = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};
const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;

/** What is wrong, and what the user must be told: place and code, something that was meant, and what to do. */
interface Wrong {
  readonly name: string;
  readonly text: string | Uint8Array;
  readonly says: RegExp;
  readonly hint: RegExp;
}

const driver = (input: string, key: string): readonly string[] => [
  'drivers:',
  '  - name: d',
  `    inputs: [${input}]`,
  `    key: { k: ${key} }`,
  '    measures: { m: count }',
];
const sampled = ['sources:', '  - name: a', '    sample: a.jsonl'];
const bomb = (of: (before: string) => string): readonly string[] =>
  Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} ${of(Array.from({ length: 9 }, () => `*a${level}`).join(', '))}`);

const wrongs: readonly Wrong[] = [
  {
    name: 'an unknown field',
    text: lines('sources:', '  - name: a', '    tombstone: fail'),
    says: /:3:5 error definitions\.unknown-field/,
    hint: /did you mean `tombstones`/,
  },
  {
    name: 'an unknown type',
    text: lines('sources:', '  - name: a', '    paths:', '      x: { type: bigit }'),
    says: /:4:18 error definitions\.unknown-value/,
    hint: /did you mean `bigint`/,
  },
  {
    name: 'an unknown policy',
    text: lines('sources:', '  - name: a', '    paths: { x: childs }'),
    says: /:3:17 error definitions\.unknown-value/,
    hint: /did you mean `child`/,
  },
  {
    name: 'a name twice, in other letters',
    text: lines('sources:', '  - name: a', '  - name: A'),
    says: /:3:11 error name\.duplicate/,
    hint: /rename or remove/,
  },
  {
    name: 'two drivers of one name',
    text: lines(...sampled, ...driver('{ source: a }', 'customer'), ...driver('{ source: a }', 'customer').slice(1)),
    says: /:9:11 error name\.duplicate/,
    hint: /rename or remove/,
  },
  {
    name: 'a source that does not exist',
    text: lines(...sampled, ...driver('{ source: aa }', 'customer')),
    says: /:6:\d+ error \S+unknown/,
    hint: /did you mean `a`/,
  },
  {
    name: 'a table that does not exist',
    text: lines(...sampled, ...driver('{ source: a, table: itms }', 'customer')),
    says: /:6:34 error driver\.path-unknown/,
    hint: /did you mean `items`/,
  },
  {
    name: 'a key that does not exist',
    text: lines(...sampled, ...driver('{ source: a }', 'custmer')),
    says: /:7:\d+ error driver\.path-unknown/,
    hint: /did you mean `customer`/,
  },
  {
    name: 'a cycle',
    text: lines(
      'sources:',
      '  - { name: a, topic: loop }',
      ...driver('{ source: a }', 'k'),
      'publications:',
      '  - { name: p, driver: d, topic: loop }',
    ),
    says: /:9:\d+ error catalog\.cycle .*`p` → source `a` → driver `d`/,
    hint: /publish to another topic/,
  },
  {
    name: 'an expression that never ends',
    text: lines('sources:', '  - name: a', `    filter: "${'('.repeat(1900)}x${')'.repeat(1900)}"`),
    says: /:3:\d+ error expression\.invalid/,
    hint: /nothing was changed/,
  },
  {
    name: 'a table that SQLite reserves',
    text: lines('sources:', '  - { name: a, table: sqlite_a }'),
    says: /:2:\d+ error name\.reserved/,
    hint: /choose another name/,
  },
  {
    name: '__proto__ as a path',
    text: lines('sources:', '  - name: a', '    paths: { __proto__: json }'),
    says: /:3:14 error definitions\.bad-value/,
    hint: /use `\*`/,
  },
  {
    name: '__proto__ as a field',
    text: lines('__proto__: { sources: [] }', 'sources: [{ name: a }]'),
    says: /:1:1 error definitions\.unknown-field/,
    hint: /known: /,
  },
  {
    name: 'control sequences',
    text: lines('sources:', '  - name: "\\e[31mred"', '    "\\e[2J": 1'),
    says: /:2:11 error definitions\.bad-value/,
    hint: /letters, digits/,
  },
  { name: 'a field twice', text: lines('sources:', '  - name: a', '    name: b'), says: /:3:5 error file\.duplicate-key/, hint: /once/ },
  { name: 'a tab', text: lines('sources:', '\t- name: a'), says: /:2:1 error file\.syntax/, hint: /spaces/ },
  { name: 'code', text: lines('sources: !!js/function "function(){}"'), says: /:1:\d+ error definitions\.wrong-type/, hint: /- name: …/ },
  { name: 'an empty file', text: '', says: /:1:1 error file\.empty/, hint: /start with `sources:`/ },
  { name: 'a file of comments', text: '# nothing\n---\n', says: /:1:1 error file\.empty/, hint: /start with `sources:`/ },
  {
    name: 'a picture',
    text: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0),
    says: /:1:1 error file\.not-text/,
    hint: /UTF-8/,
  },
  { name: 'UTF-16', text: Buffer.from('\ufeffsources: []', 'utf16le'), says: /:1:1 error file\.not-text/, hint: /UTF-8/ },
  { name: 'NUL', text: 'sources:\0 []', says: /:1:1 error file\.not-text/, hint: /right file/ },
  {
    name: 'a bomb of aliases',
    text: lines('a0: &a0 [x]', ...bomb((all) => `[${all}]`), 'sources: *a9'),
    says: /:1:1 error file\.aliases/,
    hint: /write out/,
  },
  {
    name: 'a bomb of merges',
    text: lines('a0: &a0 { name: x }', ...bomb((all) => `{ <<: [${all}] }`), 'sources: [*a9]'),
    says: /:1:1 error file\.aliases/,
    hint: /write out/,
  },
  {
    name: 'an alias of itself',
    text: lines('sources: &s', '  - *s'),
    says: /:2:5 error definitions\.wrong-type/,
    hint: /docs\/definitions\.md/,
  },
  { name: 'lists 100,000 deep', text: `sources: ${'['.repeat(100_000)}`, says: /:1:\d+ error file\.syntax/, hint: /not closed/ },
  { name: 'entries 20,000 deep', text: `sources:\n${'- '.repeat(20_000)}x\n`, says: /:2:\d+ error file\.syntax/, hint: /indentation/ },
  { name: 'a line of 9 MB', text: `sources: "${'x'.repeat(9_000_000)}"\n`, says: /:1:10 error definitions\.wrong-type/, hint: /- name: …/ },
  { name: '11 MB', text: `# ${'x'.repeat(11_000_000)}\n`, says: /:1:1 error file\.too-large/, hint: /right file/ },
  {
    name: '5,000 mistakes',
    text: lines('sources:', ...Array.from({ length: 5000 }, (_, index) => `  - nam: a${index}`)),
    says: /:2:5 error definitions\.unknown-field/,
    hint: /and 9,?900 more problems/,
  },
];

const inForce = async (): Promise<unknown> => JSON.parse((await runCommand(home, ['versions', '--json'])).stdout.split('\n')[0] ?? '');
let before: unknown;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dsf-hostile-'));
  home = join(folder, '.dsf');
  put('a.jsonl', '{"items":[{"sku":"x"}],"customer":"c"}\n');
  expect((await runCommand(home, ['apply', put('good.yaml', lines(...sampled, ...driver('{ source: a }', 'customer')))])).code).toBe(0);
  before = await inForce();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('definitions that are wrong', () => {
  it.each(wrongs)(
    'are refused with place, reason and hint, and leave the last good version in force: $name',
    async ({ text, says, hint }) => {
      const file = put('wrong.yaml', text);
      const { code, stdout, stderr } = await runCommand(home, ['apply', file]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toContain(`${file}:`);
      expect(stderr).toMatch(says);
      expect(stderr).toMatch(hint);
      expect(stderr).toContain('nothing was changed');
      expect(stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      expect(stderr.length).toBeLessThan(100_000);
      expect(await inForce()).toEqual(before);
    },
  );

  it('are refused when they cannot be read', async () => {
    symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
    mkdirSync(join(folder, 'empty'));
    const closed = put('closed.yaml', 'sources: []');
    chmodSync(closed, 0);
    const isRoot = process.getuid?.() === 0;
    for (const [name, says] of [
      ['missing.yaml', 'does not exist'],
      ['loop.yaml', 'is a link that leads back to itself'],
      ['good.yaml/below', 'leads through a file'],
      ['empty', 'holds no YAML file'],
      // Nothing is closed to root: then it is the file itself that defines nothing new.
      ...(isRoot ? [] : [['closed.yaml', 'may not be read'] as const]),
    ] as const) {
      const { code, stderr } = await runCommand(home, ['apply', join(folder, name)]);
      expect({ name, code }).toEqual({ name, code: 3 });
      expect(stderr).toContain(`${join(folder, name)}:1:1 error file.`);
      expect(stderr).toContain(says);
    }
    expect(await inForce()).toEqual(before);
  });

  it('are all refused for one that is wrong among many', async () => {
    const good = put('new.yaml', lines('sources:', '  - name: b'));
    const wrong = put('wrong.yaml', lines('sources:', '  - nam: c'));
    expect((await runCommand(home, ['apply', good, wrong])).code).toBe(3);
    expect(await inForce()).toEqual(before);
  });
});
