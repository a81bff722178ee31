import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One file of a small repository that has the real rules and nothing else. */
interface Plant {
  readonly title: string;
  readonly file: string;
  readonly code: string;
}
interface Violation extends Plant {
  readonly rule: string;
}

const violation = (rule: string, title: string, file: string, code: string): Violation => ({ rule, title, file, code });
const uses = (specifier: string): string => `import { thing } from '${specifier}';\nexport const used = [thing];\n`;

const arrows: readonly Violation[] = [
  violation('dsf(arrows)', 'a phase that reads a file', 'libs/phases/flatten/src/a.ts', uses('node:fs')),
  violation('dsf(arrows)', 'a phase that reads a file by the short name', 'libs/phases/flatten/src/b.ts', uses('fs')),
  violation('dsf(arrows)', 'a phase that names an adapter', 'libs/phases/flatten/src/c.ts', uses('@dsf/database-sqlite')),
  violation('dsf(arrows)', 'a phase that names another phase', 'libs/phases/publish/src/a.ts', uses('@dsf/phase-flatten')),
  violation('dsf(arrows)', 'a phase that uses a package with I/O', 'libs/phases/ingest/src/a.ts', uses('fastify')),
  violation('dsf(arrows)', 'the shared points room that names a phase', 'libs/phases/points/src/a.ts', uses('@dsf/phase-summarise')),
  violation('dsf(arrows)', 'messages that name metadata', 'libs/messages/src/a.ts', uses('@dsf/metadata')),
  violation('dsf(arrows)', 'messages that use a package', 'libs/messages/src/b.ts', uses('zod')),
  violation('dsf(arrows)', 'metadata that names a port', 'libs/metadata/src/a.ts', uses('@dsf/ports')),
  violation('dsf(arrows)', 'metadata that reads files outside its edge', 'libs/metadata/src/b.ts', uses('node:fs/promises')),
  violation('dsf(arrows)', 'a port that names the runtime', 'libs/ports/src/a.ts', uses('@dsf/runtime')),
  violation('dsf(arrows)', 'the runtime that names an adapter', 'libs/runtime/src/a.ts', uses('@dsf/transport-local')),
  violation('dsf(arrows)', 'the runtime that names a phase', 'libs/runtime/src/b.ts', uses('@dsf/phase-ingest')),
  violation('dsf(arrows)', 'the runtime that opens a socket', 'libs/runtime/src/c.ts', uses('node:net')),
  violation('dsf(arrows)', 'the runtime that takes a timer from a module', 'libs/runtime/src/d.ts', uses('node:timers/promises')),
  violation('dsf(arrows)', 'an adapter that names another adapter', 'libs/databases/sqlite/src/a.ts', uses('@dsf/transport-local')),
  violation('dsf(arrows)', 'an adapter to come that names the runtime', 'libs/transports/kafka/src/a.ts', uses('@dsf/runtime')),
  violation('dsf(arrows)', 'wiring that names a phase', 'libs/wiring/src/a.ts', uses('@dsf/phase-flatten')),
  violation('dsf(arrows)', 'an app that names the phase of another', 'apps/flattener/src/a.ts', uses('@dsf/phase-summarise')),
  violation('dsf(arrows)', 'an app that names an adapter', 'apps/flattener/src/b.ts', uses('@dsf/database-sqlite')),
  violation('dsf(arrows)', 'an app that names another app', 'apps/publisher/src/a.ts', uses('@dsf/flattener')),
  violation('dsf(arrows)', 'the command line that names a phase', 'apps/dsf/src/a.ts', uses('@dsf/phase-publish')),
  violation('dsf(arrows)', 'the command line that names an adapter', 'apps/dsf/src/b.ts', uses('@dsf/database-sqlite')),
  violation('dsf(arrows)', 'code that uses the test kit', 'libs/wiring/src/b.ts', uses('@dsf/testing')),
  violation('dsf(arrows)', 'a spec that names an adapter', 'libs/runtime/src/e.spec.ts', uses('@dsf/database-sqlite')),
  violation('dsf(arrows)', 'code that imports a spec', 'libs/runtime/src/f.ts', uses('./e.spec.ts')),
  violation('dsf(arrows)', 'a relative path into another package', 'apps/publisher/src/b.ts', uses('../../../libs/ports/src/clock.ts')),
  violation('dsf(arrows)', 'a path inside another package', 'apps/publisher/src/c.ts', uses('@dsf/ports/src/clock.ts')),
  violation('dsf(arrows)', 'a type import', 'libs/messages/src/c.ts', `import type { T } from '@dsf/ports';\nexport type U = T;\n`),
  violation('dsf(arrows)', 'an import type', 'libs/messages/src/d.ts', `export type U = import('@dsf/ports').Clock;\n`),
  violation(
    'dsf(arrows)',
    'a dynamic import',
    'libs/messages/src/e.ts',
    `export const load = (): Promise<unknown> => import('@dsf/ports');\n`,
  ),
  violation('dsf(arrows)', 'a re-export of names', 'libs/messages/src/f.ts', `export { thing } from '@dsf/ports';\n`),
  violation('dsf(arrows)', 'a re-export of everything', 'libs/messages/src/g.ts', `export * from '@dsf/ports';\n`),
];

const ambient = (title: string, file: string, expression: string): Violation =>
  violation('dsf(no-ambient-time)', title, file, `export const reading = (): unknown => ${expression};\n`);

const effects: readonly Violation[] = [
  ambient('Date.now() in the runtime', 'libs/runtime/src/g.ts', 'Date.now()'),
  ambient('new Date() in a phase', 'libs/phases/flatten/src/d.ts', 'new Date()'),
  ambient('Date() in a phase', 'libs/phases/flatten/src/e.ts', 'Date()'),
  ambient('Math.random() in a phase', 'libs/phases/flatten/src/f.ts', 'Math.random()'),
  ambient('setTimeout in the runtime', 'libs/runtime/src/h.ts', 'setTimeout(() => undefined, 1)'),
  ambient('setInterval of globalThis in the runtime', 'libs/runtime/src/i.ts', 'globalThis.setInterval(() => undefined, 1)'),
  ambient('Temporal.Now in a phase', 'libs/phases/summarise/src/a.ts', 'Temporal.Now.instant()'),
  ambient('performance.now() in the runtime', 'libs/runtime/src/j.ts', 'performance.now()'),
  ambient('a random id in a phase', 'libs/phases/publish/src/b.ts', 'crypto.randomUUID()'),
  ambient('Date.now() in wiring, beside its clock', 'libs/wiring/src/e.ts', 'Date.now()'),
  violation('dsf(no-ambient-time)', 'now taken out of Date', 'libs/runtime/src/k.ts', 'const { now } = Date;\nexport const at = now();\n'),
  violation('dsf(no-environment)', 'process.env in the runtime', 'libs/runtime/src/l.ts', `export const home = process.env['HOME'];\n`),
  violation(
    'dsf(no-environment)',
    'process.env in a service',
    'apps/flattener/src/service.ts',
    `export const home = process.env['HOME'];\n`,
  ),
  violation(
    'dsf(no-environment)',
    'env taken out of process',
    'libs/wiring/src/c.ts',
    'const { env } = process;\nexport const all = env;\n',
  ),
  violation('dsf(no-environment)', 'env from its module', 'libs/wiring/src/d.ts', uses('node:process')),
];

const faults: readonly Violation[] = [
  violation(
    'import(no-cycle)',
    'two files that import each other',
    'libs/config/src/hen.ts',
    `import { egg } from './egg.ts';\nexport const hen = () => egg;\n`,
  ),
  violation('typescript(no-explicit-any)', 'any', 'libs/config/src/a.ts', 'export const id = (value: any): unknown => value;\n'),
  violation(
    'typescript(no-non-null-assertion)',
    'a non-null assertion',
    'libs/config/src/b.ts',
    'export const first = (list: number[]): number => list[0]!;\n',
  ),
  violation(
    'typescript(no-floating-promises)',
    'a floating promise',
    'libs/config/src/c.ts',
    'const work = async (): Promise<void> => undefined;\nwork();\n',
  ),
  violation('import(no-default-export)', 'a default export', 'libs/config/src/d.ts', 'export default 1;\n'),
  violation('eslint(no-console)', 'console in a library', 'libs/config/src/e.ts', `console.log('here');\n`),
  violation(
    'eslint(eqeqeq)',
    'a loose comparison',
    'libs/config/src/f.ts',
    'export const same = (a: unknown, b: unknown): boolean => a == b;\n',
  ),
];

const allowed: readonly Plant[] = [
  { title: 'a phase that names its contracts', file: 'libs/phases/flatten/src/good.ts', code: uses('@dsf/ports') },
  {
    title: 'a phase that makes a date of a number',
    file: 'libs/phases/flatten/src/good-date.ts',
    code: 'export const at = (ms: number): Date => new Date(ms);\n',
  },
  {
    title: 'a phase spec that uses the test kit and reads a file',
    file: 'libs/phases/flatten/src/good.spec.ts',
    code: uses('@dsf/testing') + uses('node:fs').replaceAll(/thing|used/g, '$&2'),
  },
  { title: 'the flattener that names its phase', file: 'apps/flattener/src/good.ts', code: uses('@dsf/phase-flatten') },
  { title: 'the flattener that names the points room', file: 'apps/flattener/src/good-points.ts', code: uses('@dsf/phase-points') },
  { title: 'main.ts that reads the environment', file: 'apps/flattener/src/main.ts', code: `export const home = process.env['HOME'];\n` },
  { title: 'metadata that reads files at its edge', file: 'libs/metadata/src/load-files.ts', code: uses('node:fs') },
  { title: 'wiring that names an adapter', file: 'libs/wiring/src/good.ts', code: uses('@dsf/database-sqlite') },
  { title: 'the clock of the machine', file: 'libs/wiring/src/system-clock.ts', code: 'export const now = (): number => Date.now();\n' },
  { title: 'an adapter that opens its database', file: 'libs/databases/sqlite/src/good.ts', code: uses('node:sqlite') },
];

const support: readonly Plant[] = [
  {
    title: 'the other half of a cycle',
    file: 'libs/config/src/egg.ts',
    code: `import { hen } from './hen.ts';\nexport const egg = () => hen;\n`,
  },
];

const root = dirname(import.meta.dirname);
const house = mkdtempSync(join(tmpdir(), 'dsf-arrows-'));
const found = new Map<string, readonly string[]>();

const plantAll = (): void => {
  for (const name of ['tools', 'oxlint.config.ts', 'tsconfig.json', 'tsconfig.base.json'])
    cpSync(join(root, name), join(house, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
  for (const { file, code } of [...arrows, ...effects, ...faults, ...allowed, ...support]) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), code);
  }
};

beforeAll(() => {
  plantAll();
  const { stdout, stderr } = spawnSync('oxlint', ['--format=json', 'libs', 'apps'], { cwd: house, encoding: 'utf8' });
  const report: unknown = stdout.startsWith('{') ? JSON.parse(stdout) : undefined;
  if (report === undefined) throw new Error(`oxlint did not report: ${stdout}${stderr}`);
  const { diagnostics } = report as { readonly diagnostics: readonly { readonly code: string; readonly filename: string }[] };
  for (const { code, filename } of diagnostics) found.set(filename, [...(found.get(filename) ?? []), code]);
});
afterAll(() => rmSync(house, { recursive: true, force: true }));

describe('the arrows', () => {
  it.each(arrows)('catch $title', ({ file, rule }) => expect(found.get(file)).toContain(rule));
});
describe('effects at the edge', () => {
  it.each(effects)('catch $title', ({ file, rule }) => expect(found.get(file)).toContain(rule));
});
describe('the rules that find faults', () => {
  it.each(faults)('catch $title', ({ file, rule }) => expect(found.get(file)).toContain(rule));
});
describe('what the architecture allows', () => {
  it.each(allowed)('lets pass $title', ({ file }) => expect(found.get(file)?.filter((rule) => rule.startsWith('dsf')) ?? []).toEqual([]));
});
