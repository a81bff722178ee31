/**
 * `npm test`: every check and every suite, through nx and its cache; then what failed, what was skipped and the counts.
 * A task that left no report counts as failed, so nothing can go missing. The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import { add, line, none } from './counts.ts';
import type { Counts } from './counts.ts';
import { packageFolders } from './package-graph.ts';

const results = '.results';
const checks = ['lint', 'format-check', 'typecheck', 'knip'];
const packages = globSync(packageFolders.map((folder) => `${folder}/package.json`)).map((file) => dirname(file.replaceAll('\\', '/')));
const withProcesses = packages.filter((folder) => globSync(`${folder}/src/**/*.proc.spec.ts`).length > 0);

const runTargets = (...targets: readonly string[]): boolean => {
  const { status } = spawnSync('nx', ['run-many', '--outputStyle=static-failures-only', '-t', ...targets], { stdio: 'inherit' });
  return status === 0;
};

const readReport = (name: string): Counts => {
  const file = `${results}/${name}.json`;
  if (!existsSync(file)) return { ...none, failed: [`${name}: left no report`] };
  return JSON.parse(readFileSync(file, 'utf8')) as Counts;
};

rmSync(results, { recursive: true, force: true });
const wellQuick = runTargets('lint', 'format:check', 'typecheck', 'knip', 'boundaries', 'test');
const wellProcess = withProcesses.length === 0 || runTargets('test:process');

const reports = [
  ...checks.map((name) => `checks/${name}`),
  'tools/boundaries',
  ...packages.map((folder) => `${folder}/test`),
  ...withProcesses.map((folder) => `${folder}/process`),
];
const counted = reports.map(readReport).reduce(add, none);
const unexplained = !(wellQuick && wellProcess) && counted.failed.length === 0;
const total = unexplained ? add(counted, { ...none, failed: ['nx reported a failure that no suite reported; see above'] }) : counted;

for (const name of total.skipped) console.log(`  skipped: ${name}`);
for (const name of total.failed) console.log(`  failed:  ${name}`);
console.log(line(total));
process.exitCode = total.failed.length === 0 ? 0 : 1;
