import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const npm = (...parameters: string[]) => spawnSync('npm', parameters, { encoding: 'utf8', maxBuffer: 64e6 });

interface Bom {
  readonly bomFormat: string;
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
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
    const versions = new Map(components.map(({ name, version }) => [name, version]));
    const { dependencies } = JSON.parse(readFileSync('libs/observability/package.json', 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    expect(versions.get('prom-client')).toBe(dependencies['prom-client']);
    expect(versions.has('kafkajs')).toBe(true);
    expect(['vitest', 'typescript', 'knip', 'oxlint'].filter((name) => versions.has(name))).toEqual([]);
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
