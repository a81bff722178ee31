import { copyState, type MemoryState } from '../memory-warehouse-state.ts';
import type { MemoryConfig } from '../memory-metadata.ts';
import type { FlatSchema } from '@dsf/ports';
import type { Fleet } from './fleet.ts';
import { operate, type Command } from './operating.ts';
import { noteBegun, noteLost } from './sources.ts';
import { tell, type World } from './world.ts';

/** The database of one moment, and what the oracle knew of it then. */
interface Backup {
  readonly state: MemoryState;
  readonly schema: FlatSchema;
  readonly instances: ReadonlySet<string>;
  readonly versions: MemoryConfig['versions'];
  readonly tables: MemoryConfig['tables'];
  readonly choice: World['tables'];
  readonly lanes: number;
  readonly known: ReturnType<typeof knownOf>;
}

const mapsOf = ({ horizons, below, floors, windows, bases }: World) =>
  ({
    horizons: new Map(horizons),
    below: new Map(below),
    windows: new Map(windows),
    bases: new Map(bases),
    floors: new Map([...floors].map(([lane, own]) => [lane, new Map(own)])),
  }) as const;

const knownOf = (world: World) => ({
  ...mapsOf(world),
  late: new Set(world.late),
  counted: new Set(world.counted),
  unsettled: new Set(world.unsettled),
  loose: new Set(world.loose),
  activated: [...world.activated],
});

const refill = <Key, Value>(map: Map<Key, Value>, from: ReadonlyMap<Key, Value>): void => {
  map.clear();
  for (const [key, value] of from) map.set(key, value);
};

export const backUp = (world: World): Backup => {
  const { database, config, profile } = world;
  tell(world, 'operator', 'backs the database up');
  return {
    state: copyState(database.state),
    schema: database.schema,
    instances: new Set(database.instances),
    versions: [...config.versions],
    tables: config.tables,
    choice: world.tables,
    lanes: profile.lanes,
    known: knownOf(world),
  };
};

/** Puts the database back as it was. Topics, sources and what was published stay. */
const putBack = (world: World, backup: Backup): void => {
  const { database, config } = world;
  const { known } = backup;
  database.state = copyState(backup.state);
  database.schema = backup.schema;
  database.instances.clear();
  for (const instance of backup.instances) database.instances.add(instance);
  config.versions.splice(0, config.versions.length, ...backup.versions);
  config.tables = backup.tables;
  for (const name of ['horizons', 'below', 'windows', 'bases'] as const) refill<string, unknown>(world[name], known[name]);
  refill(world.floors, new Map([...known.floors].map(([lane, own]) => [lane, new Map(own)])));
  for (const name of ['late', 'counted', 'loose', 'unsettled'] as const) {
    world[name].clear();
    for (const one of known[name]) world[name].add(one);
  }
  world.activated.splice(0, world.activated.length, ...known.activated);
  world.tables = backup.choice;
  world.profile = { ...world.profile, lanes: backup.lanes };
  noteLost(world);
  noteBegun(world);
};

/** Longest time that what a killed process had sent may still land, ms. */
const settleMs = 4000;

/** Stops everything, restores the backup, recovers, and lets everything start again. @returns the command that recovers */
export const restore = async (world: World, fleet: Fleet, backup: Backup): Promise<Command> => {
  const { scheduler, nature } = world;
  tell(world, 'operator', 'stops all services and restores the database');
  fleet.pause();
  await scheduler.clock(nature).sleep(settleMs, new AbortController().signal);
  putBack(world, backup);
  world.onRestored();
  const command = operate(world, 'recover', async (context) => {
    await world.product.recover(context);
    fleet.resume();
  });
  return command;
};
