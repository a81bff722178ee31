import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { SimulateOptions } from '../libs/testing/src/simulator/index.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/**
 * Guards that do each other's work: without one the other hides it, so they are taken out together. All pairs: `npm run simulate:pairs`.
 */
export const pairs: readonly (readonly [string, string])[] = [
  ['ack-after-send', 'join-on'],
  ['catch-up-at-claim', 'catch-up'],
  ['resize-own-ranges', 'resize-topology'],
  ['request-waits', 'old-groups'],
  ['recover-seq', 'recover-old-revisions'],
];

/** Which seed noticed it the last time, by the names of the guards: `npm run simulate:seeds` writes them. */
export const seedsFile = new URL('./mutation-seeds.json', import.meta.url);
export const readSeeds = (): Readonly<Record<string, number>> => JSON.parse(readFileSync(seedsFile, 'utf8')) as Record<string, number>;
export const rememberedSeed = (names: string): number | undefined => readSeeds()[names];

/** Several guards at once. @returns null when two of them are the same text */
export const together = (names: readonly string[]): Mutation | null => {
  const all = names.map((name) => {
    const found = mutations[name];
    if (found === undefined) throw new Error(`there is no mutation ${name}; there are ${Object.keys(mutations).join(' ')}`);
    return found;
  });
  const edits = all.flatMap((one) => one.edits);
  const clash = edits.some((one, index) =>
    edits.some((other, at) => at > index && one.file === other.file && (one.find.includes(other.find) || other.find.includes(one.find))),
  );
  if (clash) return null;
  const layout = all.every((one) => one.layout === 'drawn') ? ({ layout: 'drawn' } as const) : {};
  const [first] = all;
  const deeds = all.length > 1 || first?.deeds === undefined ? {} : { deeds: first.deeds };
  return {
    guard: all.map(({ guard }) => guard).join('; '),
    edits,
    seeds: Math.max(...all.map(({ seeds }) => seeds)),
    split: all.some(({ split }) => split === true),
    ...layout,
    ...deeds,
  };
};

/** Where a missing guard is looked for: services have a process each, and deeds are of all kinds, where it does not say otherwise. */
export const circumstancesOf = ({ layout, deeds, split = false }: Mutation): SimulateOptions => ({
  apart: layout !== 'drawn',
  split,
  ...(deeds === undefined ? {} : { deeds }),
});

/** Loads the product without a guard, from now on. @returns throws when a text is not found once in its file */
export const mutate = ({ edits }: Mutation): void => {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const mine = edits.filter(({ file }) => url.endsWith(file));
      if (mine.length === 0) return loaded;
      const source = mine.reduce(
        (text, { file, find, put }) => {
          if (text.split(find).length !== 2) throw new Error(`${file} does not have this once: ${find}`);
          return text.replace(find, () => put);
        },
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source ?? new Uint8Array()),
      );
      return { ...loaded, source };
    },
  });
};
