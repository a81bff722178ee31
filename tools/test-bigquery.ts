/**
 * `npm run test:bigquery`: everything that needs a BigQuery, against an emulator that pip fetches: the contract of the warehouse, and what the
 * commands and the services do. The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';

const suites = [
  ['libs/wiring', 'bigquery'],
  ['apps/dsf', 'bigquery'],
] as const;

const failed = suites.filter(([folder, ...filters]) => {
  process.stdout.write(`\nBigQuery: ${folder}\n`);
  const { status } = spawnSync('vitest', ['run', '--config', 'vitest.long.config.ts', '--dir', folder, ...filters], {
    stdio: 'inherit',
    env: { ...process.env, DSF_TEST_BIGQUERY: 'emulator', METADATA_SERVER_DETECTION: 'none' },
  });
  return status !== 0;
});
process.stdout.write(failed.length === 0 ? '\nnothing failed\n' : `\nfailed: ${failed.map(([folder]) => folder).join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
