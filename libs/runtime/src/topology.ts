import type { LaneState } from '@dsf/ports';
import type { Lane } from './lane.ts';

/*
 * How many lanes there are, and who may work (Scale). A resize writes both as facts of the lanes: what a worker has read of its lane, and what it knows
 * of the catalog, must agree before it does anything.
 */

type Facts = LaneState['facts'];

/** Held by a resize: `intake` takes nothing new, `all` does nothing at all. Both say where they stand. */
export type Hold = 'intake' | 'all';

export const holdOf = (facts: Facts): Hold | null => {
  const held = facts['held'];
  return held === 'intake' || held === 'all' ? held : null;
};

/** Number of lanes that the lane's content was made for; null when it was never resized. */
export const lanesOf = (facts: Facts): number | null => (typeof facts['lanes'] === 'number' ? facts['lanes'] : null);

/** Number of lanes that a resize is on its way to; null when none is. */
export const targetOf = (facts: Facts): number | null => (typeof facts['target'] === 'number' ? facts['target'] : null);

export const held = (facts: Facts, hold: Hold, target: number): Facts => ({ ...facts, held: hold, target });

export const released = ({ held: _held, target: _target, published: _published, ...facts }: Facts): Facts => facts;

/** The publications, by id, that had come through when all phases were held. */
export const withPublished = (facts: Facts, ids: readonly number[]): Facts => ({ ...facts, published: ids.join() });

export const publishedOf = (facts: Facts): ReadonlySet<number> =>
  new Set(
    String(facts['published'] ?? '')
      .split(',')
      .filter((id) => id !== '')
      .map(Number),
  );

/**
 * What a lane may do. `chores` only: it takes no new ranges. `nothing`: it is held, was retired, or the catalog that the worker knows has another
 * number of lanes than the lane was made for.
 */
export const mayDo = (lane: Lane, lanes: number): 'everything' | 'chores' | 'nothing' => {
  const hold = holdOf(lane.facts());
  const madeFor = lanesOf(lane.facts());
  if (hold === 'all' || (madeFor !== null && (madeFor !== lanes || lane.key.lane >= madeFor))) return 'nothing';
  return hold === 'intake' ? 'chores' : 'everything';
};
