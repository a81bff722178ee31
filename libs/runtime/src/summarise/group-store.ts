import type { GroupRow, Groups, Warehouse } from '@dsf/ports';
import type { Lane } from '../lane.ts';

/**
 * The current groups of one lane, read once and then kept. The memory is true as long as this worker made every transaction of the lane, so it
 * belongs to one epoch of the lane and is dropped with it (scenario 3).
 */
export interface GroupStore {
  /** Drops everything that an older epoch of the lane knew. */
  enter(): void;
  load(wanted: ReadonlyMap<string, readonly string[]>): Promise<Groups>;
  /** Remembers what was committed. */
  keep(rows: Iterable<GroupRow>): void;
}

/** A memory of at most `max` groups: what was not asked for while half as many others were is forgotten. Null: there is no such group. */
const createCache = (max: number) => {
  let young = new Map<string, GroupRow | null>();
  let old = new Map<string, GroupRow | null>();
  const set = (group: string, row: GroupRow | null): void => {
    young.set(group, row);
    if (young.size * 2 < max) return;
    old = young;
    young = new Map();
  };
  return {
    set,
    get(group: string): GroupRow | null | undefined {
      const row = young.get(group);
      if (row !== undefined) return row;
      const older = old.get(group);
      if (older !== undefined) set(group, older);
      return older;
    },
  };
};

/** @param max - groups of one driver that this lane keeps in memory */
export const createGroupStore = (warehouse: Warehouse, lane: Lane, max: number): GroupStore => {
  /** By instance. */
  const kept = new Map<string, ReturnType<typeof createCache>>();
  let epoch = -1;

  const cacheOf = (instance: string): ReturnType<typeof createCache> => {
    const known = kept.get(instance) ?? createCache(max);
    kept.set(instance, known);
    return known;
  };

  const loadInstance = async (instance: string, texts: readonly string[]): Promise<ReadonlyMap<string, GroupRow>> => {
    const cache = cacheOf(instance);
    const found = new Map<string, GroupRow>();
    const absent: string[] = [];
    for (const text of texts) {
      const row = cache.get(text);
      if (row === undefined) absent.push(text);
      else if (row !== null) found.set(text, row);
    }
    if (absent.length === 0) return found;
    for (const row of await warehouse.committed.readGroups(instance, absent)) found.set(row.group, row);
    for (const text of absent) cache.set(text, found.get(text) ?? null);
    return found;
  };

  return {
    enter() {
      if (epoch !== lane.epoch()) kept.clear();
      epoch = lane.epoch();
    },
    async load(wanted) {
      const groups = new Map<string, ReadonlyMap<string, GroupRow>>();
      for (const [instance, texts] of wanted) groups.set(instance, await loadInstance(instance, texts));
      return groups;
    },
    keep(rows) {
      for (const row of rows) cacheOf(row.instance).set(row.group, row);
    },
  };
};
