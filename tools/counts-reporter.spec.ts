import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { line } from './counts.ts';
import type { Counts } from './counts.ts';

const root = dirname(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'dsf-counts-'));

const suites: Readonly<Record<string, string>> = {
  'broken.spec.ts': `import './missing.ts';\n`,
  'block.spec.ts': `import { describe, it } from 'vitest';\ndescribe('a block', () => { it('has a test', () => {}); throw new Error('while collecting'); });\n`,
  'mixed.spec.ts': `import { expect, it } from 'vitest';
    it('holds', () => {});
    it('breaks', () => expect(1).toBe(2));
    it.skip('is off', () => {});
    it('needs a server', (context) => context.skip('no server here'));
    it('leaves a promise behind', () => { void Promise.reject(new Error('stray')); });\n`,
};

let exitCode: number | null = null;
let counts: Counts = { passed: -1, failed: [], skipped: [] };

beforeAll(() => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(suites)) writeFileSync(join(folder, name), text);
  const file = join(folder, 'deep', 'counts.json');
  const reporter = `--reporter=${join(import.meta.dirname, 'counts-reporter.ts')}`;
  exitCode = spawnSync('vitest', ['run', '--root', folder, reporter], { env: { ...process.env, COUNTS_FILE: file } }).status;
  counts = JSON.parse(readFileSync(file, 'utf8')) as Counts;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('counts what passed', () => expect(counts.passed).toBe(2));
it('ends with an error', () => expect(exitCode).toBe(1));
it('names a test that broke', () => expect(counts.failed).toContain('mixed.spec.ts > breaks'));
it('counts a file that does not load as failed', () => expect(counts.failed).toContain('broken.spec.ts'));
it('counts a file that breaks while its tests are collected as failed', () => expect(counts.failed).toContain('block.spec.ts'));
it('counts an error that no test waited for as failed', () => expect(counts.failed).toContain('error outside of the tests: stray'));
it('names what was skipped, with the reason', () => {
  expect(counts.skipped).toEqual(['mixed.spec.ts > is off', 'mixed.spec.ts > needs a server (no server here)']);
});
it('prints one line of counts', () => expect(line(counts)).toBe('2 passed, 4 failed, 2 skipped'));
