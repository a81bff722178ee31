import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCustomMeasures } from './custom-measures.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsf-measures-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const longest = 'export const measures = { longest: { zero: null, lift: (a) => a, combine: (a, b) => a ?? b, lower: (s) => s } };';

describe('loadCustomMeasures', () => {
  it('has nothing to do without modules', async () => {
    expect((await loadCustomMeasures(null)).size).toBe(0);
  });

  it('finds measures by the names under which a module exports them', async () => {
    const measures = await loadCustomMeasures(write('a.mjs', longest));
    expect([...measures.keys()]).toEqual(['longest']);
  });

  it.each([
    ['is not there', null, 'measures.unreadable'],
    ['does not parse', 'export const measures = {', 'measures.unreadable'],
    ['throws', 'throw new Error("no")', 'measures.unreadable'],
    ['exports something else', 'export const other = 1', 'measures.missing'],
    ['exports half a measure', 'export const measures = { half: { zero: null, lift: (a) => a } }', 'measures.not-a-measure'],
  ])('refuses a module that %s', async (_, text, code) => {
    const path = text === null ? join(folder, 'absent.mjs') : write('bad.mjs', text);
    await expect(loadCustomMeasures(path)).rejects.toMatchObject({ kind: 'fatal', code, facts: { path } });
  });

  it('refuses two measures of one name', async () => {
    await expect(loadCustomMeasures(`${write('a.mjs', longest)}, ${write('b.mjs', longest)}`)).rejects.toMatchObject({
      code: 'measures.twice',
    });
  });
});
