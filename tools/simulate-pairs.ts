/**
 * Takes out every pair of guards, one pair after the other, and says which the simulator does not notice: `npm run simulate:pairs [-- --from NAME]`.
 * It takes hours; `tools/mutations.ts` names the pairs that every build tries. Exit code 0: all were noticed.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { together } from './mutate.ts';
import { mutations } from './mutations.ts';

const { values } = parseArgs({ options: { from: { type: 'string' } } });
const names = Object.keys(mutations);
const first = values.from === undefined ? 0 : names.indexOf(values.from);
if (first < 0) throw new Error(`there is no mutation ${values.from}; there are ${names.join(' ')}`);
const unnoticed: string[] = [];
let tried = 0;
for (const [index, one] of names.entries()) {
  if (index < first) continue;
  for (const other of names.slice(index + 1)) {
    if (together([one, other]) === null) continue;
    tried += 1;
    const run = spawnSync(process.execPath, ['--conditions=@dsf/source', 'tools/simulate.ts', '--mutate', `${one},${other}`], {
      encoding: 'utf8',
    });
    const isNoticed = run.status === 0;
    if (!isNoticed) unnoticed.push(`${one}, ${other}`);
    console.log(`${isNoticed ? 'noticed  ' : 'UNNOTICED'} ${one}, ${other}: ${run.stdout.trim().split('\n').at(-1) ?? ''}`);
  }
}
console.log(`${tried} pairs, ${unnoticed.length} unnoticed${unnoticed.map((pair) => `\n  ${pair}`).join('')}`);
process.exit(unnoticed.length === 0 ? 0 : 1);
