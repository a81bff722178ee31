/**
 * `npm run test:pubsub`: everything that is about Pub/Sub, against Google's fake for Go programs and Google's emulator, with more and longer
 * trouble than `npm test` has time for. `npm run test:pubsub -- pstest` runs with one of them. The exit code is 0 only if nothing failed.
 */
import { spawnSync } from 'node:child_process';

const servers = process.argv.length > 2 ? process.argv.slice(2) : ['pstest', 'emulator'];

/** What runs longer than in `npm test`: blows of the chaos, freezes beyond the deadline of an acknowledgement, a server that is away. */
const longer = { DSF_TEST_PUBSUB_BLOWS: '12', DSF_TEST_PUBSUB_LONG: 'true' };

const suites = [
  ['vitest.config.ts', 'libs/transports/pubsub'],
  ['vitest.process.config.ts', 'libs/transports/pubsub'],
  ['vitest.process.config.ts', 'apps/dsf', 'pubsub'],
  ['vitest.long.config.ts', 'apps/dsf', 'pubsub'],
] as const;

const failed: string[] = [];
for (const server of servers) {
  for (const [config, folder, ...filters] of suites) {
    process.stdout.write(`\nPub/Sub (${server}): ${folder}, ${config}\n`);
    const { status } = spawnSync('vitest', ['run', '--config', config, '--dir', folder, ...filters], {
      stdio: 'inherit',
      env: { ...process.env, ...longer, DSF_TEST_PUBSUB: server },
    });
    if (status !== 0) failed.push(`${folder} (${config}) with ${server}`);
  }
}
process.stdout.write(failed.length === 0 ? '\nnothing failed\n' : `\nfailed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
