import { groupLane } from '@dsf/messages';
import { buildCatalog } from '@dsf/metadata';
import type { Request } from '@dsf/ports';
import { openMemoryMetadata } from '../memory-metadata.ts';
import { trim } from '../memory-transport-broker.ts';
import { openMemoryWarehouse } from '../memory-warehouse.ts';
import {
  changeChoice,
  changeRows,
  definitionsOf,
  firstChoice,
  groupOf,
  outcomeOf,
  partitionsPerSource,
  type Choice,
} from './definitions.ts';
import { amountsOf, flattenLane, positionOf, recordState, summariseLane } from './oracle.ts';
import type { Fleet } from './fleet.ts';
import { resizeTarget } from './resizing.ts';
import { canMove, lose, recreate } from './sources.ts';
import { backUp, restore } from './restoring.ts';
import { operate, type Command } from './operating.ts';
import { deeds, type Deed } from './profile.ts';
import { startOfTime, type Actor } from './scheduler.ts';
import { isInternal } from './transport-faults.ts';
import { freezeWorker, killWorker, type Worker } from './worker.ts';
import { count, lanesOf, remember, tell, type World } from './world.ts';

/** Operators and misfortune: what is done to a running installation from outside. */
export interface Adversary {
  /** Activates the first definitions. */
  begin(): Promise<void>;
  /** Does one deed, drawn from the profile. */
  act(): Promise<void>;
  /** Undoes what would never end by itself. */
  relent(): Promise<void>;
}

const coordinatesOf = (at: string): { readonly source: number; readonly partition: number; readonly offset: number } => {
  const [source = 0, partition = 0, offset = 0] = at.split(':').map(Number);
  return { source, partition, offset };
};

const runningOf = (workers: readonly Worker[]): readonly Worker[] => workers.filter(({ actor, isOver }) => actor.isAlive && !isOver);

export const createAdversary = (world: World, fleet: Fleet, operator: Actor): Adversary => {
  const { dice, scheduler, database, broker, config } = world;
  const thaws: (() => void)[] = [];
  const pace = { before: (call: string) => scheduler.step(operator, call) };
  const metadata = openMemoryMetadata(config, pace);
  let choice: Choice = { ...firstChoice, startsLate: world.profile.startsLate };
  const warehouse = openMemoryWarehouse(database);
  /** What is asked for is worked out when it is asked: lanes may have moved until then. */
  const ask = async (requests: () => readonly Omit<Request, 'id'>[]): Promise<void> => {
    await scheduler.step(operator, 'asks');
    await warehouse.request(requests(), scheduler.now());
  };
  let resizing: Command | null = null;
  let backup: ReturnType<typeof backUp> | null = null;
  let recovering: Command | null = null;

  const activate = async (next: Choice): Promise<void> => {
    const lanes = config.versions.at(-1)?.snapshot.definitions.settings.lanes ?? world.profile.lanes;
    const definitions = definitionsOf(next, lanes);
    const made = await metadata.activate({
      definitions,
      comment: '',
      now: scheduler.now(),
      check: (snapshot, version) => {
        const built = buildCatalog(snapshot, version);
        if (built.catalog !== null && JSON.stringify(snapshot) !== JSON.stringify(config.versions.at(-1)?.snapshot))
          remember(world, { catalog: built.catalog, choice: next });
        return built;
      },
    });
    if (made.kind === 'refused' && made.problems[0]?.code === 'settings.lanes-fixed') return activate(next);
    if (made.kind === 'refused') throw new Error(`definitions were refused: ${JSON.stringify(made.problems)}`);
    config.lanesFixed = true;
    world.tables = next;
    choice = next;
    tell(world, operator.name, `activates version ${made.version}: ${JSON.stringify(next)}`);
  };

  const someone = (): Worker | null => {
    const alive = runningOf(fleet.workers());
    return alive.length === 0 ? null : dice.pick(alive);
  };

  /** A topic of DSF's own that has messages. */
  const somewhere = () => {
    const places = [...broker.topics.values()]
      .filter(({ name }) => isInternal(name))
      .flatMap((topic) => [...topic.partitions.keys()].map((partition) => ({ topic, partition })));
    return places.length === 0 ? null : dice.pick(places);
  };

  /** Records that are flattened, but of which not every summarise lane has heard yet. */
  const onTheirWay = (): readonly string[] =>
    [...world.inputAt.keys()].filter((at) => {
      const { source, partition, offset } = coordinatesOf(at);
      const flattened = positionOf(world, flattenLane(world, { source, partition }), { source, partition })?.next ?? 0;
      const lanes = Array.from({ length: world.profile.lanes }, (_, lane) => lane);
      return (
        offset < flattened && lanes.some((lane) => (positionOf(world, summariseLane(lane), { source, partition })?.next ?? 0) <= offset)
      );
    });

  /** Records that the newest definitions make something else of. */
  const changed = (): readonly string[] =>
    [...world.inputAt].flatMap(([at, message]) => {
      const coordinates = coordinatesOf(at);
      const before = recordState(world, coordinates).kind;
      const { kind } = outcomeOf(message, choice);
      return (kind === 'rows' ? 'written' : kind) === before ? [] : [at];
    });

  const replay = async (): Promise<void> => {
    if (world.inputAt.size === 0) return;
    if (dice.chance(0.3)) await activate(changeRows(choice, dice));
    const some = dice.pick([onTheirWay, changed, () => []])();
    const at = dice.pick(some.length > 0 ? some : [...world.inputAt.keys()]);
    world.replayed.add(at);
    tell(world, operator.name, `asks to replay ${at}`);
    const { source, partition, offset } = coordinatesOf(at);
    await ask(() => [{ lane: flattenLane(world, { source, partition }), body: { kind: 'replay', source, partition, offset } }]);
    if (!dice.chance(0.3)) return;
    // A version that comes while the record is run again.
    for (let steps = dice.below(40); steps > 0; steps -= 1) await scheduler.step(operator, '');
    await activate(changeChoice(choice, dice));
  };

  const recompute = async (): Promise<void> => {
    const instances = [...world.meanings.keys()];
    if (instances.length === 0 || world.inputAt.size === 0) return;
    const instance = dice.pick(instances);
    const { source, partition, offset } = coordinatesOf(dice.pick([...world.inputAt.keys()]));
    for (let lane = 0; lane < world.profile.lanes; lane += 1) {
      for (const amounts of amountsOf(world, instance, { source, partition, offset }, lane)) {
        const { key, window } = amounts;
        tell(world, operator.name, `asks to recompute ${instance} ${groupOf(amounts)}`);
        // Nobody waits for a record that will never come: the group is folded as far as the lane is.
        const body = { kind: 'recompute', instance, key, window, after: { source, partition, offset: -1 } } as const;
        await ask(() => {
          const number = groupLane(world.meanings.get(instance)?.driver ?? '', key, world.profile.lanes);
          return [{ lane: summariseLane(number), body }];
        });
      }
    }
  };

  const rebuild = async (): Promise<void> => {
    const instances = [...world.meanings.keys()];
    if (instances.length === 0) return;
    const instance = dice.pick(instances);
    tell(world, operator.name, `asks to rebuild ${instance}`);
    await ask(() => lanesOf(world).map((lane) => ({ lane: summariseLane(lane), body: { kind: 'rebuild', instance } })));
  };

  const purge = async (): Promise<void> => {
    const at = dice.pick(world.activated.flatMap(({ catalog }) => catalog.sources)).id;
    const body = {
      kind: 'purge',
      source: at,
      partition: dice.below(partitionsPerSource + (world.profile.grows ? 1 : 0)),
      rows: dice.pick(['raw', 'flat'] as const),
      before: startOfTime + dice.between(0, 12_000),
    } as const;
    tell(world, operator.name, `asks to purge ${JSON.stringify(body)}`);
    await ask(() => [{ lane: flattenLane(world, body), body }]);
  };

  /** Points source a to another topic, and the next time back. Nothing of the other may be taken. */
  const repoint = async (): Promise<void> => {
    if (!choice.isMoved && !canMove(world)) return;
    await activate({ ...choice, isMoved: !choice.isMoved });
  };

  const resize = (): void => {
    if (recovering !== null && !recovering.isDone()) return;
    if (resizing !== null && !resizing.isDone()) return resizing.kill();
    // One that was under way in a database that was restored goes on, and no other may begin.
    const lanes = resizeTarget(world) ?? dice.between(1, 4);
    tell(world, operator.name, `asks for ${lanes} lanes`);
    const { signal } = new AbortController();
    resizing = operate(world, 'resize', (context) => world.product.resize(context, lanes, signal));
  };

  /** Backs up first; then, or the next time, restores, when nothing else is under way; a recovery that is under way is killed. */
  const restoreSome = async (): Promise<void> => {
    if (recovering !== null && !recovering.isDone()) return recovering.kill();
    if (backup === null || dice.chance(0.3)) {
      backup = backUp(world);
      return;
    }
    if (resizing !== null && !resizing.isDone()) return;
    recovering = await restore(world, fleet, backup);
    choice = world.activated.at(-1)?.choice ?? choice;
  };

  const freeze = (worker: Worker): void => {
    const thaw = freezeWorker(world, worker);
    thaws.push(thaw);
    scheduler.later(world.nature, dice.pick([5, 300, 3000]), { what: `thaws ${worker.actor.name}`, work: thaw });
  };

  const wipe = (): void => {
    const place = somewhere();
    if (place === null) return;
    const log = place.topic.partitions[place.partition];
    if (log === undefined) return;
    tell(world, 'nature', `wipes ${place.topic.name}/${place.partition}`);
    Object.assign(log, { messages: [], start: 0, end: 0 });
    if (dice.chance(0.5)) for (const group of place.topic.groups.values()) group.offsets.delete(place.partition);
  };

  const trimSome = (): void => {
    const place = somewhere();
    if (place === null) return;
    const log = place.topic.partitions[place.partition];
    if (log === undefined) return;
    const before = dice.between(log.start, log.end);
    tell(world, 'nature', `trims ${place.topic.name}/${place.partition} below ${before}`);
    trim(place.topic, place.partition, before);
  };

  const moveOffsets = (): void => {
    const place = somewhere();
    const log = place?.topic.partitions[place.partition];
    if (place === null || log === undefined) return;
    for (const group of place.topic.groups.values()) {
      const to = dice.pick([null, log.start, log.end]);
      tell(world, 'nature', `moves a group's offset in ${place.topic.name}/${place.partition} to ${to ?? 'nowhere'}`);
      if (to === null) group.offsets.delete(place.partition);
      else group.offsets.set(place.partition, to);
    }
  };

  const rebalance = (worker: Worker): void => {
    for (const member of worker.members) {
      tell(world, 'nature', `counts ${worker.actor.name} out for a while`);
      member.leave();
      scheduler.later(worker.actor, dice.between(0, 500), { what: 'rejoins', work: () => member.rejoin() });
    }
  };

  const toWorker: Partial<Record<Deed, (worker: Worker) => void>> = {
    crash(worker) {
      if (world.profile.name !== 'calm' || worker.phases.join() === 'summarise') killWorker(world, worker);
    },
    freeze,
    restart(worker) {
      tell(world, worker.actor.name, 'is told to stop');
      worker.stop.abort();
    },
    rebalance,
    skew(worker) {
      worker.actor.skewMs = dice.between(-world.profile.skewMsMax, world.profile.skewMsMax);
    },
  };

  const toAll: Partial<Record<Deed, () => void | Promise<void>>> = {
    trim: trimSome,
    wipe,
    offsets: moveOffsets,
    outage() {
      const whom = dice.pick(world.split ? (['database', 'broker', 'rows'] as const) : (['database', 'broker'] as const));
      world.away[whom] = scheduler.now() + dice.pick([100, 2000]);
      tell(world, 'nature', `takes the ${whom} away until ${world.away[whom]} ms`);
    },
    async change() {
      const next = changeChoice(choice, dice);
      // Edits by plain SQL count from their activation on, not as they are made.
      if (dice.chance(0.3)) {
        const half = changeChoice(next, dice);
        await scheduler.step(operator, 'edits');
        const lanes = config.versions.at(-1)?.snapshot.definitions.settings.lanes ?? world.profile.lanes;
        config.tables = definitionsOf(half, lanes);
        world.tables = half;
      }
      await activate(next);
    },
    replay,
    recompute,
    rebuild,
    purge,
    resize,
    restore: restoreSome,
    lose: () => lose(world),
    recreate: () => recreate(world, fleet),
    repoint,
  };

  return {
    begin: () => activate({ ...firstChoice, startsLate: world.profile.startsLate }),
    async act() {
      const possible = deeds.filter((deed) => world.profile.deeds[deed] > 0);
      if (possible.length === 0) return;
      const deed = dice.pick(possible);
      count(world, `deed ${deed}`);
      const worker = someone();
      if (worker !== null && !worker.actor.isFrozen) toWorker[deed]?.(worker);
      await toAll[deed]?.();
    },
    async relent() {
      for (const thaw of thaws) thaw();
      const clock = scheduler.clock(operator);
      if (choice.isMoved) await repoint();
      while (world.recreated.size > 0) await clock.sleep(50, new AbortController().signal);
      // A source that was stopped goes on when its service is started again.
      if (world.counts.has('deed recreate'))
        for (const worker of fleet.workers()) if (worker.phases.includes('ingest')) worker.stop.abort();
      const isBusy = (command: Command | null): boolean => command !== null && !command.isDone();
      while (isBusy(recovering)) await clock.sleep(50, new AbortController().signal);
      if (!isBusy(resizing) && resizeTarget(world) !== null) resize();
    },
  };
};
