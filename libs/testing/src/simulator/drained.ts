import { loadLane, laneShelf, partitionShelf } from '../memory-warehouse-state.ts';
import { flattenLane, positionOf, summariseLane } from './oracle.ts';
import type { Outputs } from './outputs.ts';
import { lanesOf, violate, type World } from './world.ts';

/*
 * What must come true by itself once faults have stopped.
 */

/** Why the phases have not caught up with each other; null when they have. */
const lag = (world: World): string | null => {
  const { state } = world.database;
  const newest = world.activated.at(-1);
  if (newest === undefined) return 'there is no catalog';
  for (const source of newest.catalog.sources) {
    const topic = world.broker.topics.get(source.topic);
    for (const partition of topic?.partitions.keys() ?? []) {
      const at = { source: source.id, partition };
      const ingest = positionOf(world, { phase: 'ingest', source: source.id, lane: partition }, at);
      const end = (topic?.partitions[partition]?.messages.at(-1)?.offset ?? -1) + 1;
      if (!source.retired && (ingest?.next ?? -1) < end)
        return `ingest of ${partitionShelf(at)} is at ${ingest?.next}, the topic ends at ${end}`;
      if (ingest === undefined || ingest.next === ingest.start) continue;
      const flatten = positionOf(world, flattenLane(world, at), at)?.next;
      if (flatten !== ingest.next) return `flatten of ${partitionShelf(at)} is at ${flatten}, ingest at ${ingest.next}`;
      for (const lane of lanesOf(world)) {
        const summarise = positionOf(world, summariseLane(lane), at)?.next;
        if (summarise !== flatten) return `summarise lane ${lane} of ${partitionShelf(at)} is at ${summarise}, flatten at ${flatten}`;
      }
    }
  }
  const [anew] = world.recreated;
  if (anew !== undefined) return `${anew} is not what it was`;
  const held = state.lanes.all('').find(({ facts }) => facts['held'] !== undefined);
  if (held !== undefined) return `a resize holds ${laneShelf(held.lane)}`;
  for (const shelf of state.requests.shelves()) {
    for (const { body, id } of state.requests.all(shelf)) {
      const isDue = body.kind !== 'replay' || (positionOf(world, flattenLane(world, body), body)?.next ?? 0) > body.offset;
      if (isDue) return `request ${id} of ${shelf} is open: ${JSON.stringify(body)}`;
    }
  }
  return null;
};

/** Why drivers or publications are not as the newest catalog wants them; null when they are. */
const lagOfCatalog = (world: World): string | null => {
  const { state } = world.database;
  const { catalog } = world.activated.at(-1) ?? { catalog: null };
  if (catalog === null) return 'there is no catalog';
  const wanted = catalog.drivers.map(({ instance }) => instance).sort();
  for (const lane of lanesOf(world)) {
    const live = [...state.live.all(String(lane))].sort();
    if (live.join() !== wanted.join()) return `lane ${lane} has ${live.join()} live, not ${wanted.join()}`;
    const { seq } = loadLane(state, summariseLane(lane));
    for (const { id, definition } of catalog.publications) {
      const next = state.positions.get(laneShelf({ phase: 'publish', source: 0, lane }), `${id}:${lane}`)?.next ?? 0;
      if (next <= seq) return `${definition.name} is at revision ${next} of lane ${lane}, its seq is ${seq}`;
    }
  }
  return null;
};

/** What is missing until everything has drained; null when nothing is. */
export const whatLags = (world: World): string | null => lag(world) ?? lagOfCatalog(world);

/**
 * Whether every group that was ever published is still somebody's to retract: one driver took the place of another without a pause, and nothing
 * that was published was forgotten.
 */
const isAccountable = (world: World, driver: string): boolean => {
  const [first, ...later] = world.activated
    .map(({ catalog }) => catalog.drivers.some(({ name }) => name === driver))
    .slice(world.activated.findIndex(({ catalog }) => catalog.drivers.some(({ name }) => name === driver)));
  return first === true && later.every((has) => has) && !world.counts.has('recover done');
};

/** A consumer that keeps the highest revision has the state. */
export const checkPublished = (world: World, outputs: Outputs): void => {
  const { state } = world.database;
  for (const { topic, driver } of world.activated.at(-1)?.catalog.publications ?? []) {
    const kept = outputs.kept(topic);
    const known = new Map(state.groups.all(driver.instance).map(({ row }) => [row.group, row]));
    if (isAccountable(world, driver.name))
      for (const [group, { body, revision }] of kept)
        if (body !== null && (known.get(group)?.status ?? 'gone') === 'gone')
          violate(world, 'published = state', `${topic} ${group} shows ${body} at revision ${revision}, the state has no such group`);
    for (const { row } of state.groups.all(driver.instance)) {
      const document = kept.get(row.group);
      const where = `${topic} ${row.group}`;
      if (document === undefined) violate(world, 'published = state', `${where} was never published`);
      else if (document.revision !== row.revision)
        violate(world, 'published = state', `${where} is at revision ${document.revision}, the state at ${row.revision}`);
      else if ((document.body === null) !== (row.status === 'gone'))
        violate(world, 'published = state', `${where} is ${row.status}, published ${document.body}`);
      else if (document.body !== null) {
        const { measures } = JSON.parse(document.body) as { readonly measures: Readonly<Record<string, string>> };
        const wanted = row.measures.map((value) => (value as { n?: string } | null)?.n);
        if (Object.values(measures).join() !== wanted.join())
          violate(world, 'published = state', `${where} shows ${document.body}, the state ${wanted.join()}`);
      }
    }
  }
};
