/**
 * Runs the four services against seeded faults: `npm run simulate -- --seeds 10000 [--from N] [--seed N] [--mutate NAME,NAME] [--split] [--deeds DEED,DEED] [--lines N]`.
 * Exit code 0: no rule was broken (with `--mutate`: the missing guard was noticed); 1: otherwise.
 */
import { parseArgs } from 'node:util';
import { circumstancesOf, mutate, rememberedSeed, together } from './mutate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutate: { type: 'string' },
    split: { type: 'boolean', default: false },
    deeds: { type: 'string' },
    failures: { type: 'string', default: '20' },
    lines: { type: 'string', default: '120' },
  },
});
/** Seeds are drawn anew whenever the simulator learns something: a guard gets so many times those that it usually needs. */
const patience = 3;
const mutation = values.mutate === undefined ? undefined : together(values.mutate.split(','));
if (mutation === null) throw new Error('these guards are one text: take them out alone');
if (mutation !== undefined) mutate(mutation);
// Only now, so that the mutation is in what they load.
const { deeds, simulate } = await import('../libs/testing/src/simulator/index.ts');
const { simulatedProduct } = await import('./simulated-product.ts');
const product = await simulatedProduct();
const first = Number(values.seed ?? values.from);
const last =
  values.seed === undefined ? first + Number(values.seeds ?? (mutation === undefined ? 1000 : mutation.seeds * patience)) - 1 : first;
/** The seed that noticed it the last time comes first: mostly it does so again. */
const remembered = values.seed === undefined && values.mutate !== undefined ? rememberedSeed(values.mutate) : undefined;
const seeds = function* (): Generator<number> {
  if (remembered !== undefined) yield remembered;
  for (let seed = first; seed <= last; seed += 1) if (seed !== remembered) yield seed;
};
const wanted = values.deeds?.split(',') ?? [];
const some = deeds.filter((deed) => wanted.includes(deed));
if (some.length < wanted.length) throw new Error(`there are these deeds: ${deeds.join(' ')}`);
const circumstances = {
  ...(mutation === undefined ? {} : circumstancesOf(mutation)),
  ...(values.split ? { split: true } : {}),
  ...(some.length > 0 ? { deeds: some } : {}),
};
const startedAt = Date.now();
const totals = new Map<string, number>();
const failures: number[] = [];
let steps = 0;
for (const seed of seeds()) {
  const run = await simulate(seed, product, { linesMax: Number(values.lines), ...circumstances });
  steps += run.steps;
  for (const [what, times] of run.counts) totals.set(what, (totals.get(what) ?? 0) + times);
  if (run.violation === null) continue;
  failures.push(seed);
  if (values.seed !== undefined) console.log(run.lines.join('\n'));
  console.log(`seed ${seed}: ${run.violation.rule}: ${run.violation.message.slice(0, values.seed === undefined ? 300 : 3000)}`);
  if (mutation !== undefined || failures.length >= Number(values.failures)) break;
}
console.log(
  [...totals]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, times]) => `${what} ${times}`)
    .join(' · '),
);
console.log(
  `${last - first + 1} seeds at most, ${steps} steps, ${failures.length} failed, ${((Date.now() - startedAt) / 1000).toFixed(1)} s`,
);
process.exit(failures.length > 0 === (mutation !== undefined) ? 0 : 1);
