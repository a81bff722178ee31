import { groupLane, rawLane, type SourcePartition } from '@dsf/messages';
import type { LaneKey, Position, StoredFailure } from '@dsf/ports';
import { flatShelf, laneShelf, loadLane, partitionShelf, recordShelf } from '../memory-warehouse-state.ts';
import { groupOf, outcomeOf, type Amounts, type Choice, type Meaning } from './definitions.ts';
import type { InputMessage } from './input.ts';
import type { World } from './world.ts';

/*
 * What must be in the database, worked out from the input log alone by plain arithmetic. Taken from the product: only which version first
 * flattened a record, because any version in force may have.
 */

export const summariseLane = (lane: number): LaneKey => ({ phase: 'summarise', source: 0, lane });
export const flattenLanes = (lane: number): LaneKey => ({ phase: 'flatten', source: 0, lane });
export const flattenLane = (world: World, at: SourcePartition): LaneKey => flattenLanes(rawLane(at, world.profile.lanes));

/** Catalog version by which the record's rows were made; null when it has no rows. */
const versionOfRows = (world: World, source: number, partition: number, offset: number): number | null => {
  const root = world.database.schema.tables.find((table) => table.source === source && table.parent === null);
  return root === undefined ? null : (world.database.state.flat.get(flatShelf(root.id, partition), offset)?.version ?? null);
};

/** The choice that a version flattens a source by: a removed source goes on by the last one that had it. */
const choiceFor = (world: World, version: number, message: InputMessage): Choice | undefined =>
  world.activated.slice(0, version).findLast(({ choice }) => message.source === 'a' || choice.hasB)?.choice;

const openFlattenFailures = (world: World, at: SourcePartition & { readonly offset: number }): readonly StoredFailure[] =>
  world.database.state.failures.all(recordShelf(at)).filter(({ phase, status }) => phase === 'flatten' && status !== 'resolved');

const rowsOfItems = (world: World, source: number, partition: number, offset: number): number => {
  const items = world.database.schema.tables.find((table) => table.source === source && table.path === 'items');
  return items === undefined ? 0 : (world.database.state.flat.get(flatShelf(items.id, partition), offset)?.rows.length ?? 0);
};

/** How a record stands in the database, or what is wrong with that. */
export const recordState = (
  world: World,
  at: SourcePartition & { readonly offset: number },
): { readonly kind: 'written' | 'failed' | 'filtered' } | { readonly kind: 'wrong'; readonly why: string } => {
  const { source, partition, offset } = at;
  const wrong = (why: string) => ({ kind: 'wrong', why: `record ${source}:${partition}:${offset} ${why}` }) as const;
  const message = world.inputAt.get(recordShelf(at));
  if (message === undefined) return wrong('was never sent');
  const below = world.below.get(recordShelf(at));
  if (below !== undefined) return { kind: below };
  const version = versionOfRows(world, source, partition, offset);
  const failures = openFlattenFailures(world, at);
  if (version !== null && failures.length > 0) return wrong('has rows and an open failure');
  const [failure] = failures;
  const made = version ?? failure?.version;
  const versions = made === undefined ? world.activated.map(({ catalog }) => catalog.version) : [made];
  const outcomes = versions.flatMap((one) => {
    const choice = choiceFor(world, one, message);
    return choice === undefined ? [] : [outcomeOf(message, choice)];
  });
  if (version !== null) {
    if (outcomes.every(({ kind }) => kind !== 'rows')) return wrong(`has rows by version ${version}, which makes none of it`);
    const items = message.content.kind === 'order' ? message.content.items.length : 0;
    const rows = rowsOfItems(world, source, partition, offset);
    return rows === items ? { kind: 'written' } : wrong(`has ${rows} rows of items, not ${items}`);
  }
  if (failure !== undefined) {
    const isRight = outcomes.some((outcome) => outcome.kind === 'failed' && outcome.code === failure.code);
    return isRight
      ? { kind: 'failed' }
      : wrong(`failed with ${failure.code} by version ${failure.version}, which makes ${JSON.stringify(outcomes)}`);
  }
  return outcomes.some(({ kind }) => kind === 'filtered')
    ? { kind: 'filtered' }
    : wrong('has neither rows nor a failure, and no version filters it');
};

export const positionOf = (world: World, lane: LaneKey, at: SourcePartition): Position | undefined =>
  world.database.state.positions.get(laneShelf(lane), partitionShelf(at));

/** What a record brings to an instance in a lane. */
export const amountsOf = (
  world: World,
  instance: string,
  at: SourcePartition & { readonly offset: number },
  lane: number,
  lanes = world.profile.lanes,
): readonly Amounts[] => {
  const meaning = world.meanings.get(instance);
  const message = world.inputAt.get(recordShelf(at));
  if (meaning === undefined || message === undefined) return [];
  return meaning.read(message).filter(({ key }) => groupLane(meaning.driver, key, lanes) === lane);
};

/** Offsets of the records that have rows in [from, to), or had them until they were purged. */
export const offsetsWithRows = (world: World, { source, partition }: SourcePartition, from: number, to: number): readonly number[] => {
  const root = world.database.schema.tables.find((table) => table.source === source && table.parent === null);
  if (root === undefined) return [];
  const purged = [...world.below].flatMap(([key, kind]) =>
    kind === 'written' && key.startsWith(`${source}:${partition}:`) ? [Number(key.split(':')[2])] : [],
  );
  const stored = world.database.state.flat.all(flatShelf(root.id, partition)).map(({ offset }) => offset);
  return [...new Set([...purged, ...stored])].filter((offset) => offset >= from && offset < to);
};

/** The groups that an instance must have in a lane: everything below the lane's positions. Group text → what it shows. */
export const foldLane = (world: World, instance: string, lane: number): ReadonlyMap<string, readonly string[]> => {
  const groups = new Map<string, number[]>();
  for (const position of loadLane(world.database.state, summariseLane(lane)).positions) {
    const floor =
      world.floors
        .get(laneShelf(summariseLane(lane)))
        ?.get(instance)
        ?.get(partitionShelf(position)) ?? 0;
    for (const offset of offsetsWithRows(world, position, Math.max(position.start, floor), position.next)) {
      const { source, partition } = position;
      for (const amounts of amountsOf(world, instance, { source, partition, offset }, lane)) {
        if (world.late.has(`${source}:${partition}:${offset} ${instance}/${amounts.row}`)) continue;
        const group = groupOf(amounts);
        const halves = groups.get(group) ?? [];
        groups.set(group, halves);
        halves.push(amounts.halves ?? 0);
      }
    }
  }
  const meaning: Meaning | undefined = world.meanings.get(instance);
  const shown = new Map([...groups].map(([group, halves]) => [group, meaning?.show(halves) ?? []]));
  for (const { lane: own, row } of world.database.state.groups.all(instance)) {
    const base = own === lane ? world.bases.get(`${instance} ${row.group}`) : undefined;
    const rest = shown.get(row.group);
    if (base !== undefined) shown.set(row.group, rest === undefined ? base : (meaning?.combine(base, rest) ?? []));
  }
  return shown;
};
