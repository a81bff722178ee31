import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

interface Document {
  readonly key: { readonly language: string };
  readonly measures: Readonly<Record<string, string>>;
}

let place: Workplace;
const write = (name: string, text: string): void => writeFileSync(join(place.folder, name), text);

beforeEach(() => {
  place = openWorkplace({ DSF_MEASURES: 'measures.mjs' });
  write(
    'pipeline.yaml',
    `sources:
  - name: words
drivers:
  - name: longest_word
    inputs: [{ source: words }]
    key: { language: language }
    measures:
      words: count
      longest: { function: longest, of: word, type: text }
publications:
  - { name: longest, driver: longest_word }
`,
  );
});
afterEach(() => place.clear());

/** The longest text; of two that are as long, the one that sorts first. */
const longest = `
const better = (a, b) => (a.length !== b.length ? (a.length > b.length ? a : b) : a < b ? a : b);
export const measures = {
  longest: {
    zero: null,
    lift: (amount) => (typeof amount === 'string' ? amount : JSON.stringify(amount)),
    combine: (a, b) => (a === null ? b : b === null ? a : better(a, b)),
    lower: (state) => state,
  },
};
`;

describe('a measure of the user’s own', () => {
  it('is used by name like one that is built in', async () => {
    write('measures.mjs', longest);
    await place.must(['apply', 'pipeline.yaml']);
    const words = ['tree', 'a', 'mountain', 'sea'].map((word) => JSON.stringify({ language: 'en', word }));
    await place.must(['produce', 'words'], [...words, JSON.stringify({ language: 'de', word: 'Haus' })].join('\n'));
    const account = JSON.parse(await place.must(['run', '--until-idle', '--json'])) as { readonly ended: string; readonly run: unknown };
    expect(account).toMatchObject({
      ended: 'idle',
      run: { ingest: { written: 5 }, summarise: { written: 5, failed: 0 } },
    });
    const rows = await place.must(['query', 'select language, words, longest from longest_word order by 1', '--csv']);
    expect(rows.trim().split(/\r?\n/)).toEqual(['language,words,longest', 'de,1,Haus', 'en,4,mountain']);
    // Batches decide how many documents a group has; its last one has its numbers.
    const documents = jsonLines(await place.must(['consume', 'longest', '--from-beginning', '--until-end', '--json']));
    expect(Object.fromEntries(documents.map(({ body }) => [(body as Document).key.language, (body as Document).measures]))).toEqual({
      de: { words: '1', longest: 'Haus' },
      en: { words: '4', longest: 'mountain' },
    });
  });

  it('is refused when its result depends on order', async () => {
    write(
      'measures.mjs',
      longest.replace('combine: (a, b) => (a === null ? b : b === null ? a : better(a, b))', 'combine: (a, b) => b ?? a'),
    );
    const { code, stderr } = await place.dsf(['apply', 'pipeline.yaml']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('longest');
    expect(stderr).toContain('summarise.measure-laws');
  });

  it('is unknown without its module, and the refusal is JSON for programs', async () => {
    write('measures.mjs', 'export const measures = {};');
    const { code, stdout, stderr } = await place.dsf(['apply', 'pipeline.yaml', '--json']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/pipeline\.yaml:9:\d+ error /);
    const refused = JSON.parse(stdout) as { readonly kind: string; readonly problems: readonly unknown[] };
    expect(refused.kind).toBe('refused');
    expect(refused.problems[0]).toMatchObject({ severity: 'error', code: 'measure.unknown', location: { line: 9 } });
  });
});
