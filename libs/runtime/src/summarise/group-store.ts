import type { GroupRow, Groups, Warehouse } from '@dsf/ports';
import type { Lane } from '../lane.ts';

/** Groups of one driver that a lane keeps in memory; the instance that grows over it starts again empty. */
const groupsCachedMax = 50_000;

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

export const createGroupStore = (warehouse: Warehouse, lane: Lane): GroupStore => {
  /** By instance, then group; null remembers that there is no such group. */
  const kept = new Map<string, Map<string, GroupRow | null>>();
  let epoch = -1;

  const groupsOf = (instance: string): Map<string, GroupRow | null> => {
    const groups = kept.get(instance);
    if (groups !== undefined && groups.size < groupsCachedMax) return groups;
    const fresh = new Map<string, GroupRow | null>();
    kept.set(instance, fresh);
    return fresh;
  };

  const loadInstance = async (instance: string, texts: readonly string[]): Promise<ReadonlyMap<string, GroupRow>> => {
    const groups = groupsOf(instance);
    const absent = texts.filter((text) => !groups.has(text));
    if (absent.length > 0) {
      const rows = await warehouse.committed.readGroups(instance, absent);
      for (const text of absent) groups.set(text, null);
      for (const row of rows) groups.set(row.group, row);
    }
    const found = new Map<string, GroupRow>();
    for (const text of texts) {
      const row = groups.get(text);
      if (row !== undefined && row !== null) found.set(text, row);
    }
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
      for (const row of rows) kept.get(row.instance)?.set(row.group, row);
    },
  };
};
