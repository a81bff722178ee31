import type { Catalog } from '@dsf/metadata';
import { readableAt, type Catalogs } from '../catalogs.ts';

/**
 * Tells which of a catalog's driver instances the sender of a range knew, by the version that made it: those that this version has, and all since. One
 * that was gone in between has begun anew. While it was gone, a replay had no reason to ask for its groups; so what was sent of such a record before is
 * not what its rows are.
 */
export const createKnownInstances = (catalogs: Pick<Catalogs, 'at'>) => {
  const instancesAt = async (version: number): Promise<ReadonlySet<string>> =>
    new Set((await readableAt(catalogs, version))?.drivers.map(({ instance }) => instance));
  let current = -1;
  /** By version, down to the oldest that was asked for; each is read once for a catalog. */
  let known: ReadonlySet<string>[] = [];

  return async ({ version: newest, drivers }: Catalog, version: number): Promise<ReadonlySet<string>> => {
    if (current !== newest) {
      current = newest;
      known = [new Set(drivers.map(({ instance }) => instance))];
    }
    let oldest = known.at(-1) ?? new Set<string>();
    for (let before = newest - known.length; before >= version; before -= 1) {
      const since = oldest;
      oldest = since.size === 0 ? since : since.intersection(await instancesAt(before));
      known.push(oldest);
    }
    return known[Math.max(0, newest - version)] ?? oldest;
  };
};
