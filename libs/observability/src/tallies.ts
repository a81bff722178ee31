import type { PhaseName } from '@dsf/ports';

/** What the metrics of a process add up over its events. */
export interface Tallies {
  /** @returns how many lanes of the phase are owned now */
  take(phase: PhaseName, lane: string): number;
  leave(phase: PhaseName, lane: string): number;
  /** @returns how many sources and services of the phase stand stopped */
  stop(phase: PhaseName, name: string): number;
  /** @returns the sum of all differences of the phase so far */
  account(phase: PhaseName, difference: number): number;
}

/** Names per phase, each once. */
const createSets = () => {
  const sets = new Map<PhaseName, Set<string>>();
  return (phase: PhaseName): Set<string> => {
    const names = sets.get(phase) ?? new Set();
    sets.set(phase, names);
    return names;
  };
};

export const createTallies = (): Tallies => {
  const [owned, stopped] = [createSets(), createSets()];
  const differences = new Map<PhaseName, number>();
  return {
    take: (phase, lane) => owned(phase).add(lane).size,
    leave(phase, lane) {
      owned(phase).delete(lane);
      return owned(phase).size;
    },
    stop: (phase, name) => stopped(phase).add(name).size,
    account(phase, difference) {
      const sum = (differences.get(phase) ?? 0) + difference;
      differences.set(phase, sum);
      return sum;
    },
  };
};
