/**
 * Runs the four services against seeded faults: `npm run simulate -- --seeds 10000 [--from N] [--seed N] [--mutate NAME] [--lines N]`.
 * Exit code 0: no rule was broken (with `--mutate`: the missing guard was noticed); 1: otherwise.
 */
import { parseArgs } from 'node:util';
import { simulate } from '../libs/testing/src/simulator/index.ts';
import { simulatedProduct } from './simulated-product.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    failures: { type: 'string', default: '20' },
    lines: { type: 'string', default: '120' },
  },
});
const product = await simulatedProduct();
const first = Number(values.seed ?? values.from);
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first;
const startedAt = Date.now();
const totals = new Map<string, number>();
const failures: number[] = [];
let steps = 0;
for (let seed = first; seed <= last; seed += 1) {
  const run = await simulate(seed, product, { linesMax: Number(values.lines) });
  steps += run.steps;
  for (const [what, times] of run.counts) totals.set(what, (totals.get(what) ?? 0) + times);
  if (run.violation === null) continue;
  failures.push(seed);
  if (values.seed !== undefined) console.log(run.lines.join('\n'));
  console.log(`seed ${seed}: ${run.violation.rule}: ${run.violation.message.slice(0, values.seed === undefined ? 300 : 3000)}`);
  if (failures.length >= Number(values.failures)) break;
}
console.log([...totals].sort().map(([what, times]) => `${what} ${times}`).join(' · '));
console.log(`${last - first + 1} seeds, ${steps} steps, ${failures.length} failed, ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
process.exit(failures.length > 0 ? 1 : 0);
