/**
 * `npm run test:properties`: all suites that need no process of their own, with another seed for what they generate than `npm test` has. It says which;
 * `npm run test:properties -- 42` runs that one. The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const seed = process.argv[2] ?? `${randomInt(1, 2 ** 31)}`;

const failed = ['libs', 'apps'].filter((folder) => {
  const { status } = spawnSync('vitest', ['run', '--dir', folder], { stdio: 'inherit', env: { ...process.env, DSF_TEST_SEED: seed } });
  return status !== 0;
});
process.stdout.write(failed.length === 0 ? `\nseed ${seed}: nothing failed\n` : `\nfailed: npm run test:properties -- ${seed}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
