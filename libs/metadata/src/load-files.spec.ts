import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDefinitions } from './load-files.ts';

let folder = '';
const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
};
const codes = async (...paths: readonly string[]): Promise<readonly string[]> =>
  (await loadDefinitions(paths)).problems.map(({ code }) => code);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dsf-definitions-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('files that cannot be used', () => {
  it('are problems with a place, never exceptions', async () => {
    const missing = join(folder, 'missing.yaml');
    const { definitions, problems } = await loadDefinitions([missing]);
    expect(definitions).toBeNull();
    expect(problems).toMatchObject([
      { code: 'file.unreadable', location: { file: missing, line: 1, column: 1 }, message: expect.stringContaining('does not exist') },
    ]);
    expect(await codes(await put('binary.yaml', new Uint8Array([0xff, 0xfe, 0, 1])))).toEqual(['file.not-text']);
    expect(await codes(await put('nul.yaml', 'sources:\0'))).toEqual(['file.not-text']);
    expect(await codes(await put('empty.yaml', ''))).toEqual(['file.empty']);
    expect(await codes(await put('empty-folder/readme.txt', 'x').then(dirname))).toEqual(['file.folder-empty']);
    expect(await codes(join(await put('file.yaml', 'sources: []'), 'below'))).toEqual(['file.unreadable']);
    expect(await codes(await put('large.yaml', `# ${'x'.repeat(10_000_001)}`))).toEqual(['file.too-large']);
  });
});

describe('folders', () => {
  it('give all their YAML files, at any depth, in the order of their names', async () => {
    await put('all/b.yml', 'sources: [{ name: second }]');
    await put('all/a.yaml', 'sources: [{ name: first }]');
    await put('all/sub/c.YAML', 'sources: [{ name: third }]');
    await put('all/notes.md', 'nothing');
    const { definitions, problems } = await loadDefinitions([join(folder, 'all'), join(folder, 'all/a.yaml')]);
    expect(problems).toEqual([]);
    expect(definitions?.sources.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
  });
});

describe('samples', () => {
  it('are found beside their definition and say which paths there are', async () => {
    await put('shop/orders.jsonl', '{"id":1,"items":[{"sku":"a"}]}\n\n{"id":2,"note":null,"tags":["x"]}\n');
    const { problems, knownPaths } = await loadDefinitions([await put('shop/p.yaml', 'sources: [{ name: o, sample: orders.jsonl }]')]);
    expect(problems).toEqual([]);
    expect(Object.fromEntries([...(knownPaths.get('o') ?? [])].map(([path, kinds]) => [path, [...kinds].toSorted()]))).toEqual({
      id: ['value'],
      items: ['list', 'object'],
      'items.sku': ['value'],
      tags: ['list', 'value'],
    });
  });

  it('that are missing or wrong are problems with their place', async () => {
    const file = await put('bad/p.yaml', 'sources:\n  - name: o\n    sample: none.jsonl');
    expect((await loadDefinitions([file])).problems).toMatchObject([
      { code: 'sample.unreadable', location: { file, line: 3, column: 13 } },
    ]);
    const lines = await put('bad/none.jsonl', '{"a":1}\n{"a":\n');
    expect((await loadDefinitions([file])).problems).toMatchObject([{ code: 'sample.not-json', location: { file: lines, line: 2 } }]);
  });
});
