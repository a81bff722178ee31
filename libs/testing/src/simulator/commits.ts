import { groupText } from '@dsf/messages';
import type { LaneKey, Position } from '@dsf/ports';
import { laneShelf, loadLane, partitionShelf } from '../memory-warehouse-state.ts';
import type { MemoryCommit } from '../memory-warehouse-database.ts';
import { followFrozen, followHorizons, horizonOf } from './horizons.ts';
import { flattenLane, foldLane, positionOf, recordState, summariseLane } from './oracle.ts';
import { tell, violate, type World } from './world.ts';

/*
 * What must hold at every commit.
 */

export interface Commits {
  check(commit: MemoryCommit): void;
  /** Everything, whatever has been checked before. */
  checkAll(): void;
  /** Seqs and positions of an older database are another story. */
  forget(): void;
}

const covered = ({ counters }: Position): number => counters.written + counters.failed + counters.filtered + counters.absent;

/** Groups that a request will fold again: until then they may differ. */
const pendingGroups = (world: World, lane: number): { readonly groups: ReadonlySet<string>; readonly instances: ReadonlySet<string> } => {
  const requests = world.database.state.requests.all(laneShelf(summariseLane(lane)));
  const groups = new Set<string>();
  const instances = new Set<string>();
  for (const { body } of requests) {
    if (body.kind === 'recompute') groups.add(`${body.instance} ${groupText(body.key, body.window)}`);
    if (body.kind === 'rebuild') instances.add(body.instance);
  }
  return { groups, instances };
};

const checkInstance = (world: World, instance: string, lane: number): void => {
  // Between the rows of a replay and its requests, nothing asks for its groups yet.
  if (world.unsettled.size > 0) return;
  const pending = pendingGroups(world, lane);
  if (pending.instances.has(instance)) return;
  const wanted = foldLane(world, instance, lane);
  const stored = new Map(
    world.database.state.groups
      .all(instance)
      .filter((group) => group.lane === lane && group.row.status !== 'gone')
      .map(({ row }) => [row.group, row]),
  );
  for (const group of new Set([...wanted.keys(), ...stored.keys()])) {
    if (pending.groups.has(`${instance} ${group}`) || world.loose.has(`${instance} ${group}`)) continue;
    const row = stored.get(group);
    const has =
      row === undefined
        ? 'nothing'
        : row.status === 'live'
          ? JSON.stringify(row.measures.map((value) => (value as { n?: string } | null)?.n))
          : row.status;
    const want = wanted.has(group) ? JSON.stringify(wanted.get(group)) : 'nothing';
    if (has !== want)
      violate(world, 'state = fold of the rows below the positions', `lane ${lane}, ${instance} ${group} has ${has}, must have ${want}`);
  }
};

const checkSummarise = (world: World, lane: number): void => {
  const { state } = world.database;
  for (const position of loadLane(state, summariseLane(lane)).positions) {
    const before = positionOf(world, flattenLane(world, position), position)?.next ?? 0;
    if (position.next > before)
      violate(
        world,
        'no phase passes the one before',
        `summarise ${lane} is at ${position.next} of ${partitionShelf(position)}, flatten at ${before}`,
      );
  }
  for (const instance of state.live.all(String(lane))) checkInstance(world, instance, lane);
};

/** Records of [from, to) by how they stand. */
const checkRecords = (world: World, { source, partition }: Position, from: number, to: number) => {
  const counts = { written: 0, failed: 0, filtered: 0 };
  for (const [key, { offset }] of world.inputAt) {
    if (offset < from || offset >= to || !key.startsWith(`${source}:${partition}:`) || world.maybeLost.has(key)) continue;
    const state = recordState(world, { source, partition, offset });
    if (state.kind === 'wrong') violate(world, 'rows are what the record makes', state.why);
    else counts[state.kind] += 1;
  }
  return counts;
};

const checkFlatten = (world: World, lane: LaneKey, isWhole: boolean, known: ReadonlyMap<string, Position>): void => {
  for (const position of loadLane(world.database.state, lane).positions) {
    const at = partitionShelf(position);
    const { source, partition, start, next, counters } = position;
    const ingested = positionOf(world, { phase: 'ingest', source, lane: partition }, position)?.next ?? 0;
    if (next > ingested) violate(world, 'no phase passes the one before', `flatten is at ${next} of ${at}, ingest at ${ingested}`);
    if (covered(position) !== next - start)
      violate(
        world,
        'offsets covered = written + failed + filtered + absent',
        `flatten ${at}: ${next - start} covered, ${JSON.stringify(counters)}`,
      );
    const from = isWhole ? start : (known.get(`${laneShelf(lane)} ${at}`)?.next ?? start);
    const found = checkRecords(world, position, from, next);
    if (!isWhole) continue;
    for (const kind of ['written', 'failed', 'filtered'] as const)
      if (counters[kind] !== found[kind])
        violate(world, 'counters count records', `flatten ${at}: ${counters[kind]} ${kind} by its counters, ${found[kind]} in the tables`);
  }
};

const sameBytes = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : Buffer.compare(a, b) === 0;

const checkIngest = (world: World, lane: LaneKey): void => {
  for (const position of loadLane(world.database.state, lane).positions) {
    const { source, partition, start, next } = position;
    const at = partitionShelf(position);
    if (covered(position) !== next - start)
      violate(
        world,
        'offsets covered = written + failed + filtered + absent',
        `ingest ${at}: ${next - start} covered, ${JSON.stringify(position.counters)}`,
      );
    const rows = world.database.state.raw.all(at);
    // What somebody had read before it was removed is not lost.
    for (const { offset } of rows) world.maybeLost.delete(`${at}:${offset}`);
    if (world.grown.has(at))
      for (const [key, { offset }] of world.inputAt)
        if (key.startsWith(`${at}:`) && offset < start && !world.maybeLost.has(key))
          violate(world, 'a partition that comes later is read from its beginning', `${at} begins at ${start}, ${offset} is before it`);
    const wanted = [...world.inputAt].filter(
      ([key, { offset }]) => key.startsWith(`${source}:${partition}:`) && offset >= start && offset < next && !world.maybeLost.has(key),
    );
    const horizon = horizonOf(world, 'raw', position);
    // Rows of an intent that is not finished lie above the position.
    const until = world.split ? next : Number.MAX_SAFE_INTEGER;
    const kept = [wanted.map(([, message]) => message), rows].map(
      (some) => some.filter(({ offset }) => offset >= horizon && offset < until).length,
    );
    if (kept[0] !== kept[1])
      violate(world, 'raw rows are the input up to the position', `${at} has ${kept[1]} raw rows in [${horizon}, ${next}), not ${kept[0]}`);
    for (const row of rows) {
      const message = world.inputAt.get(`${at}:${row.offset}`);
      if (message === undefined || !sameBytes(message.delivery.body, row.payload) || !sameBytes(message.delivery.key, row.key))
        violate(world, 'raw rows are the input up to the position', `${at}:${row.offset} is not what was sent`);
    }
  }
};

export const createCommits = (world: World): Commits => {
  const seqs = new Map<string, number>();
  const positions = new Map<string, Position>();

  const checkOrder = ({ lane, seq }: MemoryCommit): void => {
    const name = laneShelf(lane);
    if (seq <= (seqs.get(name) ?? 0)) violate(world, 'seq strictly rises', `${name} went from ${seqs.get(name)} to ${seq}`);
    seqs.set(name, seq);
    for (const position of loadLane(world.database.state, lane).positions) {
      const key = `${name} ${partitionShelf(position)}`;
      const before = positions.get(key);
      // A publication whose driver became another instance begins again: its revisions go on rising, its position does not.
      if (before !== undefined && position.next < before.next && lane.phase !== 'publish')
        violate(world, 'positions never go back', `${key} went from ${before.next} to ${position.next}`);
    }
  };

  const remember = (lane: LaneKey): void => {
    for (const position of loadLane(world.database.state, lane).positions)
      positions.set(`${laneShelf(lane)} ${partitionShelf(position)}`, position);
  };

  /** While groups move, page by page, nobody works; a lane may be claimed all the same. */
  const isMoving = (): boolean => world.database.state.lanes.all('').some(({ facts }) => facts['held'] === 'all');

  const checkLane = (lane: LaneKey, isWhole: boolean): void => {
    if (isMoving()) return;
    if (lane.phase === 'ingest') checkIngest(world, lane);
    if (lane.phase === 'flatten') checkFlatten(world, lane, isWhole, positions);
    if (lane.phase === 'summarise') checkSummarise(world, lane.lane);
    if (lane.phase === 'flatten' && isWhole) for (let number = 0; number < world.profile.lanes; number += 1) checkSummarise(world, number);
  };

  return {
    check(commit) {
      const { lane, seq, writes } = commit;
      const now = loadLane(world.database.state, lane).positions.map((position) => `${partitionShelf(position)}=${position.next}`);
      tell(world, 'database', `commits ${laneShelf(lane)} seq ${seq} at ${now.join(' ')}: ${writes.join(', ')}`);
      checkOrder(commit);
      if (lane.phase === 'flatten') followHorizons(world, commit);
      if (lane.phase === 'summarise') followFrozen(world, commit);
      const isReplay = writes.includes('deleteFlat') || writes.includes('resolveFailures');
      if (lane.phase === 'flatten') world.unsettled.delete(String(lane.lane));
      checkLane(lane, isReplay);
      remember(lane);
    },
    forget() {
      seqs.clear();
      positions.clear();
    },
    checkAll() {
      for (const { lane } of world.database.state.lanes.all('')) checkLane(lane, true);
    },
  };
};
