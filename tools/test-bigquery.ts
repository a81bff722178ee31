/**
 * `npm run test:bigquery`: everything that needs a BigQuery: the contract of the warehouse, folds, what the commands and the services do, and
 * deployments with Pub/Sub and Kafka. Against an emulator that pip fetches; or, where `DSF_TEST_GCP_PROJECT` names a project, against the service,
 * in datasets that are made for the run and deleted after it. The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';

const suites = [
  ['libs/wiring', 'bigquery'],
  ['apps/summariser', 'bigquery'],
  ['apps/dsf', 'bigquery'],
  // Deployments that have their rows in BigQuery and their messages elsewhere.
  ['apps/dsf', 'pubsub-deployments', '-t', 'BigQuery'],
] as const;

/** An emulator needs no credentials, and those of the service may come from the metadata server. */
const which = process.env['DSF_TEST_GCP_PROJECT'] ? {} : { DSF_TEST_BIGQUERY: 'emulator', METADATA_SERVER_DETECTION: 'none' };

const failed = suites.filter(([folder, ...filters]) => {
  process.stdout.write(`\nBigQuery: ${folder}\n`);
  const { status } = spawnSync('vitest', ['run', '--config', 'vitest.long.config.ts', '--dir', folder, ...filters], {
    stdio: 'inherit',
    env: { ...process.env, ...which },
  });
  return status !== 0;
});
process.stdout.write(failed.length === 0 ? '\nnothing failed\n' : `\nfailed: ${failed.map(([folder]) => folder).join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
