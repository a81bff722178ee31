import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pairs } from './mutate.ts';
import { mutations } from './mutations.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Runs the simulator without a guard, in a process of its own, because the guard is taken out of what the process loads. */
const simulateWithout = (name: string): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=@dsf/source', 'tools/simulate.ts', '--mutate', name], { cwd: root });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: output.join('') }));
  });

/** Some need a thousand seeds and more: `DSF_TEST_MUTATIONS=all` proves them, too. */
const seedsMax = process.env['DSF_TEST_MUTATIONS'] === 'all' ? Infinity : 600;

/** One that has no seed for it says why. */
const noticed = Object.entries(mutations).flatMap(([name, { guard, seeds, unnoticed }]) =>
  unnoticed === undefined && seeds <= seedsMax ? [{ name, guard }] : [],
);

/** The rarest need some hundred seeds. */
const patienceMs = 600_000;

describe('the simulator notices that a guard is missing', () => {
  it.each(noticed)('$name: $guard', { timeout: patienceMs }, async ({ name }) => {
    const { code, output } = await simulateWithout(name);
    expect(code, output).toBe(0);
  });

  it.each(pairs)('%s and %s, which do each other’s work', { timeout: patienceMs }, async (one, other) => {
    const { code, output } = await simulateWithout(`${one},${other}`);
    expect(code, output).toBe(0);
  });
});
