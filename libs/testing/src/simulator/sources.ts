import type { Delivery } from '@dsf/ports';
import { shareOut } from '../memory-transport-groups.ts';
import { logOf, ring, messagesIn, trim, topicOf } from '../memory-transport-broker.ts';
import { partitionShelf } from '../memory-warehouse-state.ts';
import { sourceNames, type SourceName } from './definitions.ts';
import type { Fleet } from './fleet.ts';
import { positionOf } from './oracle.ts';
import { killWorker } from './worker.ts';
import { tell, type World } from './world.ts';

/** Everything that was ever sent to a partition of a source. */
export const truthOf = (world: World, source: string, partition: number): Delivery[] => {
  const key = `${source}/${partition}`;
  const truth = world.truth.get(key) ?? [];
  world.truth.set(key, truth);
  return truth;
};

/** Records that a source no longer has, and that nobody has committed: they may be lost, unless somebody has read them by now. */
export const noteLost = (world: World): void => {
  for (const [key, { source, partition, offset }] of world.inputAt) {
    const log = world.broker.topics.get(source)?.partitions[partition];
    const [id = 0] = key.split(':').map(Number);
    const isStored = world.database.state.raw.get(partitionShelf({ source: id, partition }), offset) !== undefined;
    const next = positionOf(world, { phase: 'ingest', source: id, lane: partition }, { source: id, partition })?.next ?? 0;
    if (log !== undefined && offset < log.start && !isStored && offset >= next) world.maybeLost.add(key);
  }
};

const somewhere = (world: World): { readonly source: SourceName; readonly partition: number } => {
  const source = world.dice.pick(sourceNames);
  return { source, partition: world.dice.below(topicOf(world.broker, source).partitions.length) };
};

/** Source ids whose position was counted in the topic of this name. */
const begunIn = (world: World, topic: string): ReadonlySet<number> =>
  new Set(
    world.database.state.lanes
      .all('')
      .flatMap(({ lane, facts }) => (lane.phase === 'ingest' && facts['topic'] === topic ? [lane.source] : [])),
  );

/** Gives the topic of a source another partition; the clients find it after a while. */
export const grow = (world: World, source: SourceName): void => {
  const { broker, scheduler, nature, dice } = world;
  const topic = topicOf(broker, source);
  const partition = topic.partitions.length;
  topic.partitions.push({ messages: [], start: 0, end: 0 });
  tell(world, 'nature', `gives ${source} partition ${partition}`);
  for (const id of begunIn(world, source)) world.grown.add(partitionShelf({ source: id, partition }));
  scheduler.later(nature, dice.pick([10, 1000]), { what: `clients find ${source}/${partition}`, work: () => shareOut(broker, topic) });
};

/** After a restore: what the older database knows nothing of begins anew, wherever its definition says. */
export const noteBegun = (world: World): void => {
  const begun = new Set(sourceNames.flatMap((name) => [...begunIn(world, name)]));
  for (const at of world.grown) if (!begun.has(Number(at.split(':')[0]))) world.grown.delete(at);
};

/** Whether every partition of source a has a position, which would not fit another topic. */
export const canMove = (world: World): boolean => {
  const id = world.activated.at(-1)?.catalog.sources.find(({ definition }) => definition.name === 'a')?.id ?? 0;
  return topicOf(world.broker, 'a').partitions.every((_, partition) => {
    const facts = world.database.state.lanes.get('', `ingest/${id}/${partition}`)?.facts ?? {};
    return facts['topic'] === 'a';
  });
};

/** A source deletes its oldest messages, whether they were read or not. */
export const lose = (world: World): void => {
  const { source, partition } = somewhere(world);
  const log = logOf(world.broker, source, partition);
  if (world.recreated.has(`${source}/${partition}`)) return;
  const before = world.dice.between(log.start, log.messages.at(-1)?.offset ?? log.start);
  tell(world, 'nature', `trims ${source}/${partition} below ${before}`);
  trim(topicOf(world.broker, source), partition, before);
  noteLost(world);
};

/**
 * Somebody makes a source's topic anew, while no ingestor runs: shorter than what was read, or with other messages at the same offsets. In a while it is
 * what it was again; nothing of the other may have been taken.
 */
export const recreate = (world: World, fleet: Fleet): void => {
  const { dice, broker, scheduler, nature } = world;
  const { source, partition } = somewhere(world);
  const key = `${source}/${partition}`;
  const log = logOf(broker, source, partition);
  const ids = world.activated.flatMap(({ catalog }) => catalog.sources).filter(({ definition }) => definition.name === source);
  const id = ids.at(-1)?.id ?? 0;
  const facts = world.database.state.lanes.get('', `ingest/${id}/${partition}`)?.facts ?? {};
  const next = positionOf(world, { phase: 'ingest', source: id, lane: partition }, { source: id, partition })?.next ?? 0;
  // A position that stands behind no record that was read has nothing to be recognised by.
  if (world.recreated.has(key) || facts['lastOffset'] !== next - 1 || log.start >= next) return;
  world.recreated.add(key);
  tell(world, 'nature', `makes ${key} anew`);
  for (const worker of fleet.workers()) if (worker.phases.includes('ingest') && !worker.isOver) killWorker(world, worker);
  const kept = log.start;
  const others = log.messages.map((message) => ({
    ...message,
    time: message.time + 1,
    body: new TextEncoder().encode('{"k":"other","v":1}'),
  }));
  if (dice.chance(0.5)) Object.assign(log, { messages: others });
  else Object.assign(log, { messages: [], start: 0, end: dice.below(next) });
  scheduler.later(nature, dice.pick([500, 2000]), {
    what: `${key} is what it was`,
    work: () => putBack(world, { source, partition, kept }),
  });
};

const putBack = (
  world: World,
  { source, partition, kept }: { readonly source: SourceName; readonly partition: number; readonly kept: number },
): void => {
  const log = logOf(world.broker, source, partition);
  const messages = truthOf(world, source, partition).filter(({ offset }) => offset >= kept);
  Object.assign(log, { messages: [...messages], start: kept, end: Math.max(kept, (messages.at(-1)?.offset ?? -1) + 1) });
  world.recreated.delete(`${source}/${partition}`);
  ring(world.broker, messagesIn(source, partition));
};
