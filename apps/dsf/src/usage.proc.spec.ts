import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, repository, type Workplace } from './specs/dsf-process.ts';

let place: Workplace;
beforeAll(() => {
  place = openWorkplace();
});
afterAll(() => place.clear());

describe('a command line that is wrong', () => {
  it('ends with 2 and names the command that was meant', async () => {
    const { code, stdout, stderr } = await place.dsf(['tabels']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown command 'tabels'");
    expect(stderr).toContain('Did you mean tables?');
  });

  it('ends with 2 and names the option that was meant', async () => {
    const { code, stderr } = await place.dsf(['status', '--jsn']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean --json?');
  });

  it.each([
    [['query'], "missing required argument 'sql'"],
    [['query', 'SELECT 1', '--max', 'many'], 'It must be a whole number'],
    [['query', 'SELECT 1', '--json', '--csv'], 'cannot be used with'],
    [['run', '--phases', 'ingest,flaten'], '"flaten" is no phase'],
    [['run', '--http-port', '70000'], 'It must be a port'],
    [['produce', 'x', '--header', 'no-value'], 'Write it as name=value'],
    [['produce', 'x', '--key', 'a..b'], 'Write a path'],
    [['failures', 'show', 'seven'], 'It must be a whole number'],
    [['rollback', '-1'], 'It must be a whole number'],
  ])('ends with 2 for %j', async (args, said) => {
    const { code, stdout, stderr } = await place.dsf(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('ends with 2 and lists the commands when there is none', async () => {
    const { code, stderr } = await place.dsf([]);
    expect(code).toBe(2);
    for (const command of ['demo', 'apply', 'run', 'query', 'failures']) expect(stderr).toContain(command);
  });
});

it('prints help to standard output and ends with 0', async () => {
  const { code, stdout, stderr } = await place.dsf(['produce', '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('--key <path>');
});

describe('without an installation', () => {
  it.each([[['status']], [['tables']], [['run']], [['export']], [['produce', 'x']], [['failures', 'list']]])(
    '%j says how to make one, and makes none',
    async (args) => {
      const { code, stdout, stderr } = await place.dsf(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('there is no installation in ./.dsf');
      expect(stderr).toContain('dsf apply');
    },
  );
});

it('says every problem of the environment at once and ends with 2', async () => {
  const other = openWorkplace({ DSF_BATCH_RECORDS_MAX: 'many', DSF_DRAIN: '5' });
  try {
    mkdirSync(join(other.folder, '.dsf'));
    const { code, stderr } = await other.dsf(['run']);
    expect(code).toBe(2);
    expect(stderr).toContain('DSF_BATCH_RECORDS_MAX is "many"');
    expect(stderr).toContain('DSF_DRAIN is "5"');
  } finally {
    other.clear();
  }
});

it('says in one line that the home cannot be used, and shows more with DSF_DEBUG', async () => {
  for (const [env, shows] of [
    [{ DSF_HOME: '/dev/null/x' }, false],
    [{ DSF_HOME: '/dev/null/x', DSF_DEBUG: '1' }, true],
  ] as const) {
    const other = openWorkplace(env);
    const { code, stderr } = await other.dsf(['apply', join(repository, 'examples/shop')]);
    other.clear();
    expect(code).toBe(1);
    expect(stderr).toContain('/dev/null/x');
    expect(/^\s+at /m.test(stderr)).toBe(shows);
  }
});

it('uses no colours where they are not wanted', async () => {
  const { stderr } = await place.dsf(['status']);
  expect(stderr).not.toContain('\u001b');
  const painted = openWorkplace({ FORCE_COLOR: '1' });
  expect((await painted.dsf(['status'])).stderr).toContain('\u001b[');
  painted.clear();
  const plain = openWorkplace({ FORCE_COLOR: '1', NO_COLOR: '1' });
  expect((await plain.dsf(['status'])).stderr).not.toContain('\u001b');
  plain.clear();
});

it('runs through a link in the way that npx makes one', async () => {
  const link = join(place.folder, 'dsf');
  symlinkSync(join(repository, 'apps/dsf/bin/dsf.mjs'), link);
  const { status, stdout } = spawnSync(link, ['validate', join(repository, 'examples/shop'), '--json'], {
    env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` },
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toContain('"sources":2');
});

it('tells an older Node.js what is missing', () => {
  const older = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); await import(process.argv[1]);";
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', older, join(repository, 'apps/dsf/bin/dsf.mjs')], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('dsf needs Node.js 26 or newer, and this is 20.20.2');
});

it('ends quietly when nobody reads its output any more', async () => {
  const { must, start } = place;
  await must(['apply', join(repository, 'examples/shop')]);
  const { child, ended } = start(
    'query',
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i, '${'x'.repeat(100)}' AS pad FROM n`,
    '--max',
    '200000',
    '--csv',
  );
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
