import { loadLane } from '../memory-warehouse-state.ts';
import { groupOf } from './definitions.ts';
import { flattenLanes } from './oracle.ts';
import { tell, type World } from './world.ts';

/** Lanes that the database says there are, since the last resize; null before the first. */
const lanesInDatabase = (world: World): number | null => {
  const { lanes } = loadLane(world.database.state, flattenLanes(0)).facts;
  return typeof lanes === 'number' ? lanes : null;
};

/** Number of lanes that a resize is on its way to. */
export const resizeTarget = (world: World): number | null => {
  const { target } = loadLane(world.database.state, flattenLanes(0)).facts;
  return typeof target === 'number' ? target : null;
};

/** After an operator's transaction: what is worked out by lane from now on is worked out with the new number. */
export const followResize = (world: World): void => {
  const lanes = lanesInDatabase(world);
  if (lanes === null || lanes === world.profile.lanes) return;
  tell(world, 'database', `has ${lanes} lanes now`);
  const before = [...world.floors.values()];
  const instances = new Set(before.flatMap((floors) => [...floors.keys()]));
  const same = new Map<string, ReadonlyMap<string, number>>();
  for (const instance of instances) {
    const [first, ...others] = before.flatMap((floors) => floors.get(instance) ?? []);
    if (first === undefined) continue;
    same.set(instance, first);
    const differs = others.some((floor) => [...floor].some(([at, from]) => first.get(at) !== from) || floor.size !== first.size);
    // Lanes began to count at different places; which groups came from which is not followed.
    if (differs)
      for (const message of world.inputAt.values())
        for (const amounts of world.meanings.get(instance)?.read(message) ?? []) world.loose.add(`${instance} ${groupOf(amounts)}`);
  }
  world.floors.clear();
  for (let lane = 0; lane < lanes; lane += 1) world.floors.set(`summarise/0/${lane}`, new Map(same));
  for (const key of world.horizons.keys()) if (key.startsWith('summarise/')) world.horizons.delete(key);
  for (let lane = 0; lane < lanes; lane += 1) {
    for (const [fact, below] of Object.entries(loadLane(world.database.state, { phase: 'summarise', source: 0, lane }).facts))
      if (fact.startsWith('horizon:folds:'))
        world.horizons.set(`summarise/0/${lane} ${fact.slice('horizon:folds:'.length)}`, Number(below));
  }
  world.lanesBefore.add(world.profile.lanes);
  world.profile = { ...world.profile, lanes };
};
