import type { PhaseName } from '@dsf/ports';

/** What the metrics of a process add up over its events. */
export interface Tallies {
  /** @returns how many lanes of the phase are owned now */
  take(phase: PhaseName, lane: string): number;
  leave(phase: PhaseName, lane: string): number;
  /** @returns how many sources and services of the phase stand stopped */
  stop(phase: PhaseName, name: string): number;
  /** An operation within another may open the breaker of the same lane too: each opening wants its closing. @returns how many lanes of the source have an open breaker */
  openBreaker(phase: PhaseName, source: string, lane: string): number;
  closeBreaker(phase: PhaseName, source: string, lane: string): number;
  /** Closes what a lane leaves open. @returns the sources that had an open breaker in it, with how many lanes have one now */
  leaveBreakers(phase: PhaseName, lane: string): ReadonlyMap<string, number>;
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

/** How many openings of each phase, source and lane have not been closed. */
const createBreakers = (): Pick<Tallies, 'openBreaker' | 'closeBreaker' | 'leaveBreakers'> => {
  const sources = new Map<string, Map<string, number>>();
  const lanesOf = (phase: PhaseName, source: string): Map<string, number> => {
    const key = JSON.stringify([phase, source]);
    const lanes = sources.get(key) ?? new Map<string, number>();
    sources.set(key, lanes);
    return lanes;
  };
  return {
    openBreaker(phase, source, lane) {
      const lanes = lanesOf(phase, source);
      lanes.set(lane, (lanes.get(lane) ?? 0) + 1);
      return lanes.size;
    },
    closeBreaker(phase, source, lane) {
      const lanes = lanesOf(phase, source);
      const left = (lanes.get(lane) ?? 0) - 1;
      if (left > 0) lanes.set(lane, left);
      else lanes.delete(lane);
      return lanes.size;
    },
    leaveBreakers(phase, lane) {
      const changed = new Map<string, number>();
      for (const [key, lanes] of sources) {
        const [itsPhase, source] = JSON.parse(key) as [PhaseName, string];
        if (itsPhase === phase && lanes.delete(lane)) changed.set(source, lanes.size);
      }
      return changed;
    },
  };
};

export const createTallies = (): Tallies => {
  const [owned, stopped] = [createSets(), createSets()];
  const differences = new Map<PhaseName, number>();
  return {
    ...createBreakers(),
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
