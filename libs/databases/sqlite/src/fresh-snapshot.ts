import type { Definitions, Snapshot } from '@dsf/metadata';

/** Numbers of the names that had one, and the next free numbers for new names; from 1, because 0 means "no source". */
const numberNames = (before: Readonly<Record<string, number>>, names: readonly string[]): Readonly<Record<string, number>> => {
  let highest = Math.max(0, ...Object.values(before));
  const added = names.filter((name) => !Object.hasOwn(before, name)).map((name) => [name, (highest += 1)] as const);
  return { ...before, ...Object.fromEntries(added) };
};

/** The snapshot that follows `previous` when `definitions` are activated: no name loses its number, no removed source its definition. */
export const freshSnapshot = (previous: Snapshot | null, definitions: Definitions): Snapshot => {
  const names = new Set(definitions.sources.map(({ name }) => name));
  const before = previous === null ? [] : [...previous.retiredSources, ...previous.definitions.sources];
  return {
    definitions,
    sourceIds: numberNames(previous?.sourceIds ?? {}, [...names]),
    publicationIds: numberNames(
      previous?.publicationIds ?? {},
      definitions.publications.map(({ name }) => name),
    ),
    retiredSources: before.filter(({ name }) => !names.has(name)),
  };
};
