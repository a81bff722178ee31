import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** An input of nx, as far as it is read here: the name of others, a file, or a variable of the environment. */
type Input = string | { readonly env?: string };

interface Nx {
  readonly namedInputs: Readonly<Record<string, readonly Input[]>>;
  readonly targetDefaults: Readonly<Record<string, { readonly inputs: readonly Input[] }>>;
}

const { namedInputs, targetDefaults } = JSON.parse(read('nx.json')) as Nx;
const { nx: own } = JSON.parse(read('package.json')) as { readonly nx: { readonly targets: Nx['targetDefaults'] } };

const variablesOf = (inputs: readonly Input[]): readonly string[] =>
  inputs.flatMap((input) => {
    if (typeof input === 'string') return variablesOf(namedInputs[input] ?? []);
    return input.env === undefined ? [] : [input.env];
  });

/** What sources read, and not what the scripts of tools set. */
const variables = [
  ...new Set(
    globSync('{libs,apps,tools}/**/*.ts', { cwd: root, exclude: ['**/node_modules', '**/dist'] }).flatMap((file) =>
      [...read(file).matchAll(/\[?'(DSF_TEST_[A-Z_]+)'\]|\.(DSF_TEST_[A-Z_]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
    ),
  ),
].sort();

describe('a result that nx keeps', () => {
  it.each([
    ['test', targetDefaults['test']],
    ['test:process', targetDefaults['test:process']],
    ['boundaries', own.targets['boundaries']],
    ['test:process of tools', own.targets['test:process']],
  ])('of %s is one of all settings that tests read', (_, target) => {
    expect(variables).toContain('DSF_TEST_KAFKA');
    expect([...variablesOf(target?.inputs ?? [])].sort()).toEqual(variables);
  });
});
