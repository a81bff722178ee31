import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const npm = (...parameters: string[]) => spawnSync('npm', parameters, { encoding: 'utf8', maxBuffer: 64e6 });

interface Bom {
  readonly bomFormat: string;
  readonly components: readonly { readonly purl: string }[];
}
interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}
interface Audit {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly message?: string;
}

describe('the bill of materials', () => {
  it('names what is shipped, with exact versions, and nothing that only builds or tests', () => {
    const { stdout, stderr, status } = npm('run', '--silent', 'sbom');
    expect(status, stderr).toBe(0);
    const { bomFormat, components } = JSON.parse(stdout) as Bom;
    expect(bomFormat).toBe('CycloneDX');
    const named = new Set(components.map(({ purl }) => decodeURIComponent(purl)));
    const shipped = globSync('{apps,libs}/**/package.json', { exclude: (name) => name === 'node_modules' || name === 'testing' })
      .flatMap((file) => Object.entries((JSON.parse(readFileSync(file, 'utf8')) as Manifest).dependencies ?? {}))
      .map(([name, version]) => `pkg:npm/${name}@${version}`);
    expect(shipped.length).toBeGreaterThan(30);
    expect(shipped.filter((one) => !named.has(one))).toEqual([]);
    // One that is shipped only because another package needs it.
    expect([...named].some((one) => one.startsWith('pkg:npm/tedious@'))).toBe(true);
    const names = new Set([...named].map((one) => one.slice('pkg:npm/'.length).replace(/@[^@]*$/, '')));
    expect(['vitest', 'typescript', 'knip', 'oxlint', 'fast-check', '@dsf/testing'].filter((name) => names.has(name))).toEqual([]);
    expect(components.every(({ purl }) => purl.startsWith('pkg:npm/'))).toBe(true);
  });
});

const answer = JSON.parse(npm('audit', '--omit=dev', '--json').stdout || '{}') as Audit;
const why = answer.metadata === undefined ? `: the registry does not audit (${(answer.message ?? 'no answer').split(' - ')[0] ?? ''})` : '';

describe('the packages that are shipped', () => {
  it.skipIf(why !== '')(`have no known hole that is high or critical${why}`, () => {
    expect(answer.metadata?.vulnerabilities).toMatchObject({ high: 0, critical: 0 });
  });
});
