import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../server-process.ts';

/*
 * BigQuery for tests: `bqemulator` of PyPI, REST and Storage Write over DuckDB, in an environment of its own that pip fills. It takes no notice of
 * offsets and quotas, keeps five digits of a BIGNUMERIC after the point, and reads nothing that it would charge for.
 */

export interface BigQueryEmulator {
  /** What chooses it: DSF_WAREHOUSE and DSF_BIGQUERY_…, but for the dataset. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const packages = ['bqemulator==1.4.0', 'numpy==2.4.6'];
const folder = join(tmpdir(), 'dsf-bqemulator-1.4.0');
const python = join(folder, 'bin', 'python');

/**
 * Starts the emulator without what stands in the way here:
 * - DuckDB's spatial extension comes from a server of its own, which a machine may not reach; nothing here needs geography;
 * - each open stream holds a thread of a pool that has as many as the machine has cores, and four: the streams of a few tables wait for ever;
 * - of a table that was changed it keeps the columns in mind that the table had, and appends with those;
 * - appends run in threads of their own on the one connection of DuckDB that statements use, too ("connection is busy"): they take turns.
 */
const launcher = `import asyncio, re, sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from bqemulator.catalog.ddl_sync import _introspect_schema
from bqemulator.jobs import executor
from bqemulator.grpc_api.write_servicer import BigQueryWriteHandler
from bqemulator.storage.engine import DuckDBEngine

DuckDBEngine._load_spatial = lambda self: None

server = grpc.aio.server
grpc.aio.server = lambda **rest: server(ThreadPoolExecutor(1000), **rest)

start = DuckDBEngine.start
append = BigQueryWriteHandler._perform_append

async def start_here(self):
    self.loop = asyncio.get_running_loop()
    await start(self)

def append_in_turn(self, *args, **named):
    async def turn():
        async with self._ctx.engine.write_lock():
            return append(self, *args, **named)
    return asyncio.run_coroutine_threadsafe(turn(), self._ctx.engine.loop).result()

synchronise = executor.sync_created_schema

def synchronise_altered(sql, project, context):
    synchronise(sql, project, context)
    altered = re.match(r'ALTER TABLE .([^.]+).\\..([^ ]+). ', sql)
    if altered:
        dataset, table = altered.groups()
        known = context.catalog.get_table(project, dataset, table)
        columns = _introspect_schema(project, dataset, table, context)
        context.catalog.update_table(known.model_copy(update={'schema_': columns}))

executor.sync_created_schema = synchronise_altered
DuckDBEngine.start = start_here
BigQueryWriteHandler._perform_append = append_in_turn

from bqemulator.cli import main
sys.exit(main())
`;

const run = (command: string, ...rest: readonly string[]): string | null => {
  const { status, error, stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 300_000 });
  return status === 0 ? null : `${command} ${rest[0] ?? ''}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? 'failed'}`;
};

/** Why there is no emulator; null when there is. Installs what it needs where `DSF_TEST_BIGQUERY` is `emulator`. */
export const whyNoEmulator = (environment: Readonly<Record<string, string | undefined>>): string | null => {
  if (environment['DSF_TEST_BIGQUERY'] !== 'emulator')
    return 'DSF_TEST_BIGQUERY is not emulator, and DSF_TEST_GCP_PROJECT names no project: npm run test:bigquery';
  if (existsSync(join(folder, 'ready'))) return null;
  const problem = run('python3', '-m', 'venv', folder) ?? run(python, '-m', 'pip', 'install', '--quiet', ...packages);
  if (problem !== null) return problem;
  writeFileSync(join(folder, 'ready'), '');
  return null;
};

/** How long it may take to start on a busy machine. */
const startMsMax = 180_000;

const isUp = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.on('close', () => resolve());
    child.kill('SIGKILL');
  });

export const startBigQueryEmulator = async (): Promise<BigQueryEmulator> => {
  const [rest = 0, write = 0] = await freePorts(2);
  const home = mkdtempSync(join(tmpdir(), 'dsf-bqemulator-run-'));
  const script = join(home, 'launch.py');
  writeFileSync(script, launcher);
  const ports = ['--rest-port', String(rest), '--grpc-port', String(write)];
  const child = spawn(python, [script, 'start', ...ports, '--project', 'dsf-test', '--log-level', 'error'], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${rest}`;
  const giveUpAt = Date.now() + startMsMax;
  while (!(await isUp(`${url}/bigquery/v2/projects/dsf-test/datasets`))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      await end(child);
      throw new Error('the BigQuery emulator did not start');
    }
    await sleep(200);
  }
  return {
    environment: {
      DSF_WAREHOUSE: 'bigquery',
      DSF_BIGQUERY_PROJECT: 'dsf-test',
      DSF_BIGQUERY_LOCATION: 'EU',
      DSF_BIGQUERY_EMULATOR_REST: url,
      DSF_BIGQUERY_EMULATOR_GRPC: `127.0.0.1:${write}`,
      // Google's libraries would look for the metadata server of a machine of Google's.
      METADATA_SERVER_DETECTION: 'none',
    },
    async stop() {
      await end(child);
      rmSync(home, { recursive: true, force: true });
    },
  };
};
