import type { GroupRow } from '@dsf/ports';

/**
 * Groups of one lane in memory. True as long as this worker made every transaction of the lane, so it belongs to one epoch of the lane's memory
 * and is dropped with it (scenario 3). Bounded: the instance that grew over the bound starts again empty.
 */
export interface GroupCache {
  /** Drops everything that an older epoch knew. */
  enter(epoch: number): void;
  get(instance: string, group: string): GroupRow | null | undefined;
  /** `null` remembers that there is no such group. */
  put(instance: string, group: string, row: GroupRow | null): void;
  drop(instance: string): void;
}

export const createGroupCache = (groupsMax: number): GroupCache => {
  const byInstance = new Map<string, Map<string, GroupRow | null>>();
  let known = -1;
  return {
    enter(epoch) {
      if (epoch !== known) byInstance.clear();
      known = epoch;
    },
    get: (instance, group) => byInstance.get(instance)?.get(group),
    put(instance, group, row) {
      const groups = byInstance.get(instance) ?? new Map<string, GroupRow | null>();
      if (groups.size >= groupsMax) groups.clear();
      groups.set(group, row);
      byInstance.set(instance, groups);
    },
    drop: (instance) => {
      byInstance.delete(instance);
    },
  };
};
