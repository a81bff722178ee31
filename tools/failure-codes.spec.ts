import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const page = 'docs/semantics.md';

/** First parts of the codes of failures and problems, so that a topic such as `dsf.raw` is not taken for one. */
const areas =
  'catalog|config|definitions|delivery|driver|expression|file|flatten|home|ingest|lane|measure|measures|metadata|name|path|publication|publish|query|sample|service|source|summarise|topic|transport|warehouse';
const codeInCode = new RegExp(`'((?:${areas})\\.[a-z][a-z0-9-]*)'`, 'g');
const codeInPage = new RegExp(`\`((?:${areas})\\.[a-z][a-z0-9-]*)\``, 'g');
/** Quoted like codes, but names of a file and of an attribute of OpenTelemetry. */
const notCodes = new Set(['definitions.md', 'service.name']);

const isProduct = (file: string): boolean => !/\.spec\.ts$|\/specs\/|libs\/testing\/|node_modules|\/dist\//.test(file);

const codesOf = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].flatMap(([, code]) => (code === undefined || notCodes.has(code) ? [] : [code]));

const used = new Set(
  globSync(['apps/*/src/**/*.ts', 'libs/**/src/**/*.ts'], { cwd: root })
    .filter(isProduct)
    .flatMap((file) => codesOf(readFileSync(`${root}/${file}`, 'utf8'), codeInCode)),
);
const failuresSection = readFileSync(`${root}/${page}`, 'utf8').split('\n## Failures\n')[1]?.split('\n## ')[0] ?? '';
const explained = new Set(codesOf(failuresSection, codeInPage));

describe('the codes of failures', () => {
  it('are found in the code at all', () => {
    expect(used).toContain('flatten.not-json');
    expect(used.size).toBeGreaterThan(100);
  });
  it(`are all explained in ${page}`, () => {
    expect(
      [...used].filter((code) => !explained.has(code)),
      `add a row for each to the section Failures of ${page}`,
    ).toEqual([]);
  });
  it(`are all in the code when ${page} explains them`, () => {
    expect([...explained].filter((code) => !used.has(code))).toEqual([]);
  });
});
