// When the image is made: starts the app once, in a folder of its own and until it is up, so that what Node.js compiles for that is there at each later
// start, and loads what depends on settings, too. Fails when the app does not start.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const port = 18080;
const waitsMsMax = 60_000;
const app = process.env.APP;
const home = mkdtempSync(join(tmpdir(), 'dsf-warm-'));
Object.assign(process.env, {
  DSF_HOME: home,
  [`${app.toUpperCase()}_HTTP_PORT`]: `${port}`,
  [`${app.toUpperCase()}_HTTP_HOST`]: '127.0.0.1',
});
process.argv = [process.argv[0], `apps/${app}/src/main.ts`, ...(app === 'dsf' ? ['run'] : [])];

const isUp = async () => (await fetch(`http://127.0.0.1:${port}/startup`).catch(() => null))?.ok === true;
const stopWhenUp = async () => {
  const end = performance.now() + waitsMsMax;
  while (!(await isUp())) {
    if (performance.now() > end) throw new Error(`${app} did not start within ${waitsMsMax} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await fetch(`http://127.0.0.1:${port}/metrics`);
  process.kill(process.pid, 'SIGTERM');
};

const adapters = ['@dsf/database-mssql', '@dsf/database-bigquery', '@dsf/transport-kafka', '@dsf/transport-pubsub'];
await Promise.all(adapters.map((name) => import(name)));
await Promise.all([import(`../apps/${app}/src/main.ts`), stopWhenUp()]);
process.once('exit', () => rmSync(home, { recursive: true, force: true }));
