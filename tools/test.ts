/**
 * `npm test`: every check and every suite, through nx and its cache; then what failed, what was skipped and the counts.
 * A task that left no report, or ran no test though it has specs, counts as failed, so nothing can go missing.
 * The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import { add, line, none } from './counts.ts';
import type { Counts } from './counts.ts';
import { compileCache } from '../libs/testing/src/compile-cache.ts';
import { packageFolders } from './package-graph.ts';

const results = '.results';
const checks = ['lint', 'format-check', 'typecheck', 'knip'].map((name) => `checks/${name}`);
const packages = globSync(packageFolders.map((folder) => `${folder}/package.json`))
  .map((file) => dirname(file.replaceAll('\\', '/')))
  .sort();

const countFiles = (folder: string, pattern: string): number => globSync(`${folder}/src/**/${pattern}`).length;
const withProcesses = packages.filter((folder) => countFiles(folder, '*.proc.spec.ts') > 0);
const withSpecs = packages.filter((folder) => countFiles(folder, '*.spec.ts') > countFiles(folder, '*.proc.spec.ts'));

// nx colours what it passes on unless told otherwise; a log file is to be read without escape codes. Node warns when both are set.
const { NO_COLOR: noColor, ...rest } = process.env;
const env = { ...rest, ...compileCache, FORCE_COLOR: process.stdout.isTTY && noColor === undefined ? '1' : '0' };

const runTargets = (targets: readonly string[], projects: readonly string[] = ['*']): boolean => {
  const choice = [`--targets=${targets.join(',')}`, `--projects=${projects.join(',')}`];
  const { status } = spawnSync('nx', ['run-many', '--outputStyle=static-failures-only', ...choice], { stdio: 'inherit', env });
  return status === 0;
};

const readReport = (name: string): Counts => {
  const file = `${results}/${name}.json`;
  if (!existsSync(file)) return { ...none, failed: [`${name}: left no report; its output is above`] };
  const counts = JSON.parse(readFileSync(file, 'utf8')) as Counts;
  const isEmpty = counts.passed + counts.failed.length + counts.skipped.length === 0;
  return isEmpty ? { ...none, failed: [`${name}: ran no test`] } : counts;
};

rmSync(results, { recursive: true, force: true });
const wellQuick = runTargets(['lint', 'format:check', 'typecheck', 'knip', 'boundaries', 'test']);
const wellProcess = runTargets(['test:process'], ['dsf', ...withProcesses]);

const suites = [
  'tools/boundaries',
  'tools/process',
  ...withSpecs.map((folder) => `${folder}/test`),
  ...withProcesses.map((folder) => `${folder}/process`),
];
const counted = [...checks, ...suites].map(readReport).reduce(add, none);
const unexplained = !(wellQuick && wellProcess) && counted.failed.length === 0;
const total = unexplained
  ? add(counted, { ...none, failed: ['nx reported a failure that no suite reported; its output is above'] })
  : counted;

console.log('');
for (const name of total.skipped) console.log(`  skipped: ${name}`);
for (const name of total.failed) console.log(`  failed:  ${name}`);
console.log(line(total));
process.exitCode = total.failed.length === 0 ? 0 : 1;
