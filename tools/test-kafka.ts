/**
 * `npm run test:kafka`: everything that is about Kafka, on each version of the broker, with more and longer trouble than `npm test` has time
 * for. `npm run test:kafka -- 4.1.0` runs one version. The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['3.9.1', '4.1.0'];

/** What runs longer than in `npm test`: blows of the chaos, and how long the broker is away. */
const longer = { DSF_TEST_KAFKA_BLOWS: '30', DSF_TEST_KAFKA_AWAY_MS: '60000' };

const suites = [
  ['vitest.process.config.ts', 'libs/transports/kafka'],
  ['vitest.long.config.ts', 'libs/transports/kafka'],
  ['vitest.process.config.ts', 'apps/dsf', 'kafka'],
  ['vitest.long.config.ts', 'apps/dsf', 'kafka'],
] as const;

const failed: string[] = [];
for (const version of versions) {
  for (const [config, folder, ...filters] of suites) {
    process.stdout.write(`\nKafka ${version}: ${folder}, ${config}\n`);
    const { status } = spawnSync('vitest', ['run', '--config', config, '--dir', folder, ...filters], {
      stdio: 'inherit',
      env: { ...process.env, ...longer, DSF_TEST_KAFKA_VERSION: version },
    });
    if (status !== 0) failed.push(`${folder} (${config}) on Kafka ${version}`);
  }
}
process.stdout.write(failed.length === 0 ? '\nnothing failed\n' : `\nfailed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
