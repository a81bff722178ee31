import type { LaneKey, PurgedRows, RowRange } from '@dsf/ports';
import type { SourcePartition } from '@dsf/messages';
import type { MemoryCommit } from '../memory-warehouse-database.ts';
import { laneShelf, loadLane, partitionShelf } from '../memory-warehouse-state.ts';
import { amountsOf, flattenLane, foldLane, positionOf, recordState, summariseLane } from './oracle.ts';
import { count, lanesOf, violate, type World } from './world.ts';

/*
 * What retention has let go, and what it must not (delivery rule 11). Horizons are taken from the product, because any that nothing forbids is right.
 */

const factOf = (world: World, lane: LaneKey, name: string): number => Number(loadLane(world.database.state, lane).facts[name] ?? 0);

export const horizonOf = (world: World, rows: PurgedRows, at: SourcePartition): number =>
  factOf(world, flattenLane(world, at), `horizon:${rows}:${partitionShelf(at)}`);

/** Flat rows below it are no longer read by the lane. */
const foldsFrom = (world: World, lane: number, at: SourcePartition): number =>
  factOf(world, summariseLane(lane), `horizon:folds:${partitionShelf(at)}`);

/** Lowest record that an operator or a failure needed when the transaction began; what comes at that very moment finds no rows, and is listed. */
const neededOf = (world: World, { source, partition }: SourcePartition, firstId: number): number => {
  const { failures, requests } = world.database.state;
  const open = failures
    .shelves()
    .filter((shelf) => shelf.startsWith(`${source}:${partition}:`))
    .flatMap((shelf) => failures.all(shelf))
    .filter(
      ({ id, phase, status, code, attempts }) =>
        (phase === 'flatten' || (phase === 'summarise' && id < firstId && attempts === 1)) &&
        status !== 'resolved' &&
        code !== 'summarise.frozen',
    )
    .map(({ offset }) => offset);
  const replays = requests
    .shelves()
    .flatMap((shelf) => requests.all(shelf))
    .flatMap(({ id, body }) =>
      id < firstId && body.kind === 'replay' && body.source === source && body.partition === partition ? [body.offset] : [],
    );
  return Math.min(Number.MAX_SAFE_INTEGER, ...open, ...replays);
};

const checkRise = (
  world: World,
  rows: PurgedRows,
  at: SourcePartition,
  { below, firstId }: { readonly below: number; readonly firstId: number },
): void => {
  const where = `the horizon of ${rows} rows of ${partitionShelf(at)} rises to ${below}`;
  const needed = neededOf(world, at, firstId);
  // What is asked for after the lanes have frozen their groups comes too late, and is listed.
  if (needed < below && rows === 'raw') violate(world, 'retention keeps what is needed', `${where}, record ${needed} is needed`);
  const flattened = positionOf(world, flattenLane(world, at), at)?.next ?? 0;
  if (below > flattened) violate(world, 'retention keeps what is needed', `${where}, flatten is at ${flattened}`);
  if (rows === 'raw') return;
  for (const lane of lanesOf(world)) {
    const next = positionOf(world, summariseLane(lane), at)?.next ?? 0;
    if (below > next) violate(world, 'retention keeps what is needed', `${where}, summarise lane ${lane} is at ${next}`);
  }
};

/** After a commit of a flatten lane: horizons that rose, and how the records below them stood, whose rows are all there at this moment. */
export const followHorizons = (world: World, { lane, firstId }: MemoryCommit): void => {
  for (const { source, partition, start } of loadLane(world.database.state, lane).positions) {
    const at = { source, partition };
    for (const rows of ['raw', 'flat'] as const) {
      const key = `${rows} ${partitionShelf(at)}`;
      const [before, now] = [world.horizons.get(key) ?? 0, horizonOf(world, rows, at)];
      if (now < before) violate(world, 'horizons never fall', `${key} went from ${before} to ${now}`);
      if (now === before) continue;
      checkRise(world, rows, at, { below: now, firstId });
      world.horizons.set(key, now);
      count(world, `horizon ${rows}`);
      if (rows === 'flat') rememberBelow(world, { ...at, from: start, to: now });
    }
  }
};

const rememberBelow = (world: World, { source, partition, from, to }: RowRange): void => {
  const at = { source, partition };
  for (const [key, message] of world.inputAt) {
    if (!key.startsWith(`${partitionShelf(at)}:`) || message.offset < from || message.offset >= to) continue;
    if (world.below.has(key) || world.maybeLost.has(key)) continue;
    const state = recordState(world, { ...at, offset: message.offset });
    if (state.kind === 'wrong') violate(world, 'rows are what the record makes', state.why);
    else world.below.set(key, state.kind);
  }
};

/** A lane lets rows go when nobody had asked it for something that needs them. What is asked at this very moment finds the groups frozen. */
const checkFreeze = (world: World, { lane, firstId }: MemoryCommit): void => {
  for (const at of loadLane(world.database.state, lane).positions) {
    const key = `${laneShelf(lane)} ${partitionShelf(at)}`;
    const now = foldsFrom(world, lane.lane, at);
    if (now === (world.horizons.get(key) ?? 0)) continue;
    world.horizons.set(key, now);
    const asked = world.database.state.requests
      .all(laneShelf(lane))
      .find(({ id, body }) => id < firstId && (body.kind === 'recompute' || body.kind === 'rebuild'));
    if (asked !== undefined)
      violate(
        world,
        'retention keeps what is needed',
        `${laneShelf(lane)} freezes below ${now} though ${JSON.stringify(asked.body)} is open`,
      );
  }
};

/** A frozen window shows for good what it showed when it was frozen. */
const checkWindows = (world: World, live: ReadonlySet<string>): void => {
  const { frozen, groups } = world.database.state;
  for (const instance of live) {
    for (const group of frozen.all(instance)) {
      const row = groups.get(instance, group)?.row;
      if (row === undefined || row.window === null) continue;
      const shown = JSON.stringify(row.measures);
      const before = world.windows.get(`${instance} ${group}`);
      world.windows.set(`${instance} ${group}`, before ?? shown);
      if (before !== undefined && before !== shown)
        violate(world, 'a frozen window takes no points', `${instance} ${group} showed ${before}, shows ${shown}`);
    }
  }
};

/** An instance that goes live counts what rows there are, also those that had been too late for a frozen window of an earlier life. */
const countLate = (world: World, instance: string, lane: number): void => {
  for (const text of world.late) {
    const [record = '', scope = ''] = text.split(/ (.*)/s);
    const [source = 0, partition = 0, offset = 0] = record.split(':').map(Number);
    const isMine = amountsOf(world, instance, { source, partition, offset }, lane).some(({ row }) => scope === `${instance}/${row}`);
    if (!isMine) continue;
    world.late.delete(text);
    world.counted.add(text);
  }
};

/** Frozen groups keep their numbers where the instance that goes live has no row of them; what comes is added. */
const rememberBases = (world: World, instance: string, lane: number): void => {
  const { groups, frozen } = world.database.state;
  const mine = groups.all(instance).filter((group) => group.lane === lane);
  for (const { row } of mine) world.bases.delete(`${instance} ${row.group}`);
  const folded = foldLane(world, instance, lane);
  for (const { row } of mine)
    if (row.status === 'live' && !folded.has(row.group) && frozen.get(instance, row.group) !== undefined)
      world.bases.set(
        `${instance} ${row.group}`,
        row.measures.map((value) => (value as { n?: string } | null)?.n ?? ''),
      );
};

/** After a commit of a summarise lane: which instances began there, from where on, and what was listed as too late. */
export const followFrozen = (world: World, commit: MemoryCommit): void => {
  const { lane } = commit;
  const { state } = world.database;
  const live = new Set(state.live.all(String(lane.lane)));
  const name = laneShelf(lane);
  const floors = world.floors.get(name) ?? new Map<string, ReadonlyMap<string, number>>();
  world.floors.set(name, floors);
  for (const instance of floors.keys()) if (!live.has(instance)) floors.delete(instance);
  for (const instance of live) {
    if (floors.has(instance)) continue;
    const positions = loadLane(state, lane).positions;
    floors.set(instance, new Map(positions.map((at) => [partitionShelf(at), foldsFrom(world, lane.lane, at)])));
    for (const key of world.windows.keys()) if (key.startsWith(`${instance} `)) world.windows.delete(key);
    countLate(world, instance, lane.lane);
    rememberBases(world, instance, lane.lane);
  }
  checkFreeze(world, commit);
  checkWindows(world, live);
  for (const shelf of state.failures.shelves()) {
    for (const { code, scope } of state.failures.all(shelf)) {
      if (code !== 'summarise.frozen') continue;
      const slash = scope.indexOf('/');
      const rest = scope.slice(slash + 1);
      const [set, text] = /^\d+$/.test(rest)
        ? ([world.late, `${shelf} ${scope}`] as const)
        : ([world.loose, `${scope.slice(0, slash)} ${rest}`] as const);
      if (world.counted.has(text)) continue;
      if (!set.has(text)) count(world, set === world.late ? 'late point' : 'frozen correction');
      set.add(text);
    }
  }
};
