import type { Snapshot } from './catalog.ts';
import type { Definitions } from './definitions.ts';

/** Keeps every number that was ever given and numbers the new names from the highest on: a number in stored rows must mean one thing. */
const numbered = (previous: Readonly<Record<string, number>>, names: readonly string[]): Readonly<Record<string, number>> => {
  const numbers = new Map(Object.entries(previous));
  let highest = Math.max(0, ...numbers.values());
  for (const name of names) {
    if (!numbers.has(name)) {
      highest += 1;
      numbers.set(name, highest);
    }
  }
  return Object.fromEntries(numbers);
};

/**
 * The snapshot that activating `definitions` would store. Removed sources go on as retired, so that what they have ingested is still
 * flattened; one that returns has its old number and goes on where it stopped.
 */
export const freshSnapshot = (previous: Snapshot | null, definitions: Definitions): Snapshot => {
  const present = new Set(definitions.sources.map((source) => source.name));
  const before = previous === null ? [] : [...previous.definitions.sources, ...previous.retiredSources];
  return {
    definitions,
    sourceIds: numbered(
      previous?.sourceIds ?? {},
      definitions.sources.map((source) => source.name),
    ),
    publicationIds: numbered(
      previous?.publicationIds ?? {},
      definitions.publications.map((publication) => publication.name),
    ),
    retiredSources: before.filter(
      (source, index) => !present.has(source.name) && before.findIndex((other) => other.name === source.name) === index,
    ),
  };
};

/** The same with another number of lanes. */
export const withLanes = (snapshot: Snapshot, lanes: number): Snapshot => ({
  ...snapshot,
  definitions: { ...snapshot.definitions, settings: { ...snapshot.definitions.settings, lanes } },
});
