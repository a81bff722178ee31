/**
 * Finds for each guard, and each pair, a seed that notices that it is missing, and writes it to `mutation-seeds.json`, so that the build looks there
 * first: `npm run simulate:seeds [-- NAME …]`. To be run when the simulator draws otherwise than before; it takes up to an hour, `--at-once` guards, two by default.
 * Exit code 0: each has one.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compileCache } from '../libs/testing/src/compile-cache.ts';
import { pairs, readSeeds, seedsFile } from './mutate.ts';
import { mutations } from './mutations.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { 'at-once': { type: 'string', default: '2' } } });
const noticed = Object.entries(mutations).flatMap(([name, { unnoticed }]) => (unnoticed === undefined ? [name] : []));
const all = [...noticed, ...pairs.map((pair) => pair.join())];
const wanted = positionals.length === 0 ? all : positionals;
const found = new Map(Object.entries(readSeeds()).filter(([name]) => all.includes(name)));
const without: string[] = [];

const look = (name: string): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--conditions=@dsf/source', 'tools/simulate.ts', '--mutate', name], {
      env: { ...process.env, ...compileCache },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('close', () => resolve(output));
  });

const waiting = wanted.values();
const work = async (): Promise<void> => {
  for (const name of waiting) {
    const output = await look(name);
    const seed = /^seed (\d+): /m.exec(output)?.[1];
    if (seed === undefined) without.push(name);
    else found.set(name, Number(seed));
    console.log(`${name}: ${seed === undefined ? 'not noticed' : `seed ${seed}`}, ${output.trim().split('\n').at(-1) ?? ''}`);
    writeFileSync(seedsFile, `${JSON.stringify(Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`);
  }
};
await Promise.all(Array.from({ length: Number(values['at-once']) }, work));
process.exit(without.length === 0 ? 0 : 1);
