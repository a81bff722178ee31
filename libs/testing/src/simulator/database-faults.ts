import { Failure, phaseNames, type LaneKey, type PhaseName } from '@dsf/ports';
import { type TransactionEnd, type WarehouseHooks } from '../memory-warehouse-database.ts';
import { CommitUnknown } from '../memory-warehouse.ts';
import { storeIntent } from './row-faults.ts';
import type { Watchers, Worker } from './worker.ts';
import { count, tell, type World } from './world.ts';

const refusals = [
  'warehouse.deadlock',
  'warehouse.busy',
  'warehouse.duplicate-key',
  'warehouse.schema-changed',
  'warehouse.snapshot-conflict',
] as const;

/** Commits, if that is still possible; nobody is there to be told. */
export const commitQuietly = (end: TransactionEnd): void => {
  try {
    end.commit();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
};

/** The answer to a commit does not arrive: it was done, was not done, or is still running. */
const loseAnswer = (world: World, worker: Worker, end: TransactionEnd): CommitUnknown => {
  const { dice, scheduler, nature } = world;
  const { name } = worker.actor;
  const lost = new CommitUnknown(new Failure('retry', 'warehouse.commit-unknown', 'the answer to the commit was lost'));
  const way = dice.pick(['done', 'not done', 'still running'] as const);
  tell(world, name, `loses the answer to its commit, which is ${way}`);
  count(world, `commit ${way}`);
  if (way === 'done') commitQuietly(end);
  else if (way === 'not done') end.rollback();
  else {
    const work = dice.chance(0.5) ? () => commitQuietly(end) : () => end.rollback();
    scheduler.later(nature, dice.between(1, 500), { what: `the commit of ${name} ends`, work });
  }
  return lost;
};

/** The lane that a call reads. */
const laneOf = (call: string): LaneKey | null => {
  const [, phase, source, lane] = /^loadLane (\w+)\/(\d+)\/(\d+)$/.exec(call) ?? [];
  const known = phaseNames.find((name) => name === phase);
  return known === undefined ? null : { phase: known, source: Number(source), lane: Number(lane) };
};

/** What can go wrong between a process and the database. */
export const databaseHooks = (
  world: World,
  worker: Worker,
  { outputs, tiling, phase }: Watchers & { readonly phase: PhaseName },
): WarehouseHooks => {
  const { scheduler, dice } = world;
  const { actor, open } = worker;
  const before = async (call: string): Promise<void> => {
    await scheduler.step(actor, call);
    if (scheduler.now() < world.away.database) throw new Failure('retry', 'warehouse.unavailable', 'the database is away');
    if (dice.chance(world.profile.databaseError)) {
      const code = dice.pick(refusals);
      tell(world, actor.name, `${call} fails: ${code}`);
      throw new Failure('retry', code, `${call} failed`);
    }
    const lane = laneOf(call);
    if (lane === null) return;
    tiling.looked(actor, lane);
    if (lane.phase === 'publish' && phase === 'publish') outputs.looked(actor, `publish/${lane.lane}`);
  };
  return {
    before,
    intend: (store) => storeIntent(world, actor, store),
    begun: (_lane, end) => void open.set(end, false),
    async commit(lane, end) {
      const done = (): void => void open.delete(end);
      // If the process dies here, its commit is on its way.
      open.set(end, true);
      await before('commit');
      if (dice.chance(world.profile.commitLost)) {
        done();
        throw loseAnswer(world, worker, end);
      }
      try {
        end.commit();
      } finally {
        done();
      }
      tiling.committed(actor, lane);
      if (lane.phase === 'publish') outputs.committed(actor, `publish/${lane.lane}`);
      tell(world, actor.name, `has committed ${lane.phase}/${lane.lane}`);
      await scheduler.step(actor, 'hears of its commit');
    },
  };
};
