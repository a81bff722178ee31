import { rawLane, sourcePartitionKey } from '@dsf/messages';
import type { LaneState, PhaseName, Position, StoredLane } from '@dsf/ports';
import { addCounts, noCounts } from '../lane.ts';
import { publishedOf } from '../topology.ts';

type Facts = LaneState['facts'];

/** The facts of a new lane: what the lanes had in common, and who they are now. */
const factsFor = (facts: Facts, lanes: number): Facts => ({ ...facts, lanes, held: 'all', target: lanes });

/** Facts about source partitions, which move with them. */
const isOfPartition = (name: string): boolean => name.startsWith('horizon:');
const belongsTo = (name: string, at: Position): boolean => name.endsWith(`:${sourcePartitionKey(at)}`);

const flattenLane = (all: readonly StoredLane[], number: number, lanes: number): Pick<StoredLane, 'positions' | 'facts'> => {
  const mine = all.flatMap(({ facts, positions }) =>
    positions
      .filter((at) => rawLane(at, lanes) === number)
      .map((at) => ({ at, facts: Object.entries(facts).filter(([name]) => isOfPartition(name) && belongsTo(name, at)) })),
  );
  const own = Object.fromEntries(
    Object.entries(all.find(({ lane }) => lane === number)?.facts ?? {}).filter(([name]) => !isOfPartition(name)),
  );
  return { positions: mine.map(({ at }) => at), facts: { ...own, ...Object.fromEntries(mine.flatMap(({ facts }) => facts)) } };
};

/**
 * Positions of a lane when every lane stands at the same places: its own, or those of another with nothing counted. What lanes that are no more have
 * counted goes on in the first.
 */
const samePositions = (all: readonly StoredLane[], number: number, lanes: number): readonly Position[] => {
  const [template] = all;
  const own = all.find(({ lane }) => lane === number)?.positions ?? [];
  const lost = number === 0 ? all.filter(({ lane }) => lane >= lanes).flatMap(({ positions }) => positions) : [];
  return (template?.positions ?? []).map((place) => {
    const isHere = (at: Position): boolean =>
      at.source === place.source && (place.partition === at.partition || template?.phase === 'publish');
    const before = own.find(isHere)?.counters ?? noCounts;
    const counters = lost.filter(isHere).reduce((sum, at) => addCounts(sum, at.counters), before);
    return { ...place, partition: template?.phase === 'publish' ? number : place.partition, counters };
  });
};

/**
 * The lanes of flatten, summarise and publish as they are when there are `lanes` of them. All of them get a seq above every seq and revision that
 * there has been, so that revisions go on rising whichever lane a group came from. Lanes that are no more keep a row that nobody may begin anew.
 */
export const movedLanes = (all: readonly StoredLane[], lanes: number): readonly StoredLane[] => {
  const seq = Math.max(0, ...all.map((lane) => lane.seq)) + 1;
  const highest = Math.max(lanes, ...all.map(({ lane }) => lane + 1));
  const of = (phase: PhaseName): readonly StoredLane[] => all.filter((lane) => lane.phase === phase).toSorted((a, b) => a.lane - b.lane);
  const phases = ['flatten', 'summarise', 'publish'] as const;
  return phases.flatMap((phase) =>
    Array.from({ length: highest }, (_, number): StoredLane => {
      const mine = of(phase);
      const key = { phase, source: 0, lane: number, seq };
      if (number >= lanes) return { ...key, positions: [], facts: factsFor({}, lanes), live: [] };
      if (phase === 'flatten') {
        const { positions, facts } = flattenLane(mine, number, lanes);
        return { ...key, positions, facts: factsFor(facts, lanes), live: [] };
      }
      const positions = samePositions(mine, number, lanes);
      const facts = factsFor(mine[0]?.facts ?? {}, lanes);
      const published = publishedOf(facts);
      if (phase === 'summarise') return { ...key, positions, facts, live: mine[0]?.live ?? [] };
      // Everything below was published; the first revision that may come is the next. Of a publication that was not looked at, because it was not in
      // force, nobody knows: should it return, it begins anew.
      const known = positions.map((at) => ({ ...at, next: published.has(at.source) ? seq + 1 : 0 }));
      return { ...key, positions: known, facts, live: [] };
    }),
  );
};
