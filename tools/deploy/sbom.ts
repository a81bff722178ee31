/**
 * `npm run --silent sbom`: the bill of materials of what the five images ship, as CycloneDX on stdout.
 *
 * npm writes it, over a copy of the manifests and the lock file without what only builds and tests: npm's own `--omit=dev` also leaves out
 * every shipped package that a package of the root's development needs as well, which was more than half of them.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Entry {
  readonly dev?: boolean;
  readonly devDependencies?: unknown;
}
interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}

/** As the Dockerfile leaves it out. */
const isForTests = (path: string): boolean => path === 'libs/testing' || path === 'node_modules/@dsf/testing';
const isInstalled = (path: string): boolean => path.includes('node_modules/');
const withoutDev = ({ devDependencies: _dev, ...rest }: Entry): Entry => rest;
const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const root = mkdtempSync(join(tmpdir(), 'dsf-sbom-'));
// npm names the application after its folder.
const copy = join(root, 'dsf');
try {
  const lock = readJson('package-lock.json') as Lock;
  const shipped = Object.entries(lock.packages)
    .filter(([path, { dev }]) => dev !== true && !isForTests(path))
    .map(([path, entry]) => [path, isInstalled(path) ? entry : withoutDev(entry)] as const);
  for (const [path] of shipped.filter(([one]) => !isInstalled(one))) {
    mkdirSync(join(copy, path), { recursive: true });
    writeFileSync(join(copy, path, 'package.json'), JSON.stringify(withoutDev(readJson(join(path, 'package.json')) as Entry)));
  }
  writeFileSync(join(copy, 'package-lock.json'), JSON.stringify({ ...lock, packages: Object.fromEntries(shipped) }));
  const apps = globSync('apps/*/package.json').map((file) => `--workspace=${file.replace(/[/\\]package\.json$/, '')}`);
  const parameters = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only', ...apps];
  const { status, error } = spawnSync('npm', parameters, { cwd: copy, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) console.error(`npm cannot be run: ${error.message}`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(root, { recursive: true });
}
