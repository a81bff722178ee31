import type { PhaseName } from '@dsf/ports';

/** Which lanes this process works on. */
export interface OwnedLanes {
  /** @returns how many lanes of the phase are owned now */
  take(phase: PhaseName, lane: string): number;
  leave(phase: PhaseName, lane: string): number;
}

export const createOwnedLanes = (): OwnedLanes => {
  const owned = new Map<PhaseName, Set<string>>();
  const lanesOf = (phase: PhaseName): Set<string> => {
    const lanes = owned.get(phase) ?? new Set();
    owned.set(phase, lanes);
    return lanes;
  };
  return {
    take: (phase, lane) => lanesOf(phase).add(lane).size,
    leave: (phase, lane) => {
      const lanes = lanesOf(phase);
      lanes.delete(lane);
      return lanes.size;
    },
  };
};
