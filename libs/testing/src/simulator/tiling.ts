import { sourcePartitionKey, type SourcePartition } from '@dsf/messages';
import type { LaneKey, PhaseName } from '@dsf/ports';
import { laneShelf, loadLane, partitionShelf } from '../memory-warehouse-state.ts';
import type { Actor } from './scheduler.ts';
import { violate, type World } from './world.ts';

/*
 * Ranges of a source partition tile without gap (delivery rule 2): what a process sends or hands to a lane begins where what it sent there before has
 * ended, or where the sender's own lane stood when it read it again, because somebody else had a turn, or may have had.
 */

export interface Tiling {
  /** A process has read a lane: where it stands is where its next range may begin. */
  looked(actor: Actor, lane: LaneKey): void;
  /** It has committed: to read the lane again before somebody else commits is no new beginning. */
  committed(actor: Actor, lane: LaneKey): void;
  sent(actor: Actor, range: SentRange): void;
}

interface SentRange extends SourcePartition {
  /** Phase that sends, and the lane that it sends to. */
  readonly phase: PhaseName;
  readonly lane: number;
  readonly from: number;
  readonly to: number;
}

interface Course {
  /** Null: not known, what comes begins anew. */
  to: number | null;
  /** What was sent, as `from-to`: a send that is tried again says the same once more. */
  readonly sent: Set<string>;
}

/** Records that a source removed before they were read leave nothing to send. */
const isEmpty = (world: World, at: SourcePartition, from: number, to: number): boolean =>
  from < to && !world.database.state.raw.all(partitionShelf(at)).some(({ offset }) => offset >= from && offset < to);

export const createTiling = (world: World): Tiling => {
  const known = new Map<string, number>();
  const beginnings = new Map<string, Set<number>>();
  const courses = new Map<string, Course>();

  let lanes = world.profile.lanes;

  const begin = (key: string, next: number): void => void beginnings.set(key, (beginnings.get(key) ?? new Set()).add(next));

  return {
    committed({ name }, lane) {
      known.set(`${name} ${laneShelf(lane)}`, loadLane(world.database.state, lane).seq);
    },
    looked({ name }, lane) {
      const { seq, positions } = loadLane(world.database.state, lane);
      // After an error a summariser tells only of what comes, and leaves a gap where its own turns made no change.
      if (lane.phase === 'summarise') begin(`${name} summarise 0:${lane.lane}`, seq + 1);
      const key = `${name} ${laneShelf(lane)}`;
      if (known.get(key) === seq) return;
      known.set(key, seq);
      for (const position of positions) begin(`${name} ${lane.phase} ${sourcePartitionKey(position)}`, position.next);
    },
    sent({ name }, { phase, lane, from, to, ...at }) {
      // An owner that says where it stands covers nothing. Where rows are in a store of their own, a lane that is read is also moved on: what
      // its last turn had begun is finished, and told to nobody.
      if (from === to || world.split) return;
      // A resize gives lanes to others, and some are not there for a while.
      if (world.profile.lanes !== lanes) for (const course of courses.values()) course.to = null;
      ({ lanes } = world.profile);
      const place = `${name} ${phase} ${sourcePartitionKey(at)}`;
      const key = `${place} to lane ${lane}`;
      const course = courses.get(key) ?? { to: null, sent: new Set() };
      courses.set(key, course);
      const { to: end, sent } = course;
      const text = `${from}-${to}`;
      const starts = [...(end === null ? [from] : [end]), ...(beginnings.get(place) ?? [])];
      const joinsOn = starts.some((start) => start === from || (phase === 'ingest' && isEmpty(world, at, start, from)));
      if (!joinsOn && !sent.has(text)) violate(world, 'ranges tile without gap', `${key}: [${from}, ${to}) after what ended at ${end}`);
      sent.add(text);
      course.to = Math.max(end ?? to, to);
    },
  };
};
