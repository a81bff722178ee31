import { Failure } from '@dsf/ports';
import type { RowHooks } from '../memory-row-store.ts';
import { flattenLane, positionOf } from './oracle.ts';
import type { Actor } from './scheduler.ts';
import { count, tell, type World } from './world.ts';

/** What may go wrong between a process and a store of rows that shares no transaction with the state. */
export const rowHooks = (world: World, actor: Actor): RowHooks => {
  const { scheduler, dice, nature } = world;
  const before = async (call: string): Promise<void> => {
    await scheduler.step(actor, call);
    if (scheduler.now() < world.away.rows) throw new Failure('retry', 'warehouse.unavailable', 'the store of rows is away');
    if (dice.chance(world.profile.databaseError)) {
      tell(world, actor.name, `${call} fails`);
      throw new Failure('retry', 'warehouse.busy', `${call} failed`);
    }
  };
  const land = (pieces: readonly (() => void)[]): void => {
    for (const piece of pieces) piece();
  };
  return {
    before,
    changed(at) {
      const lane = flattenLane(world, at);
      // A record that the lane has had: it is being replayed.
      if ((positionOf(world, lane, at)?.next ?? 0) > at.offset) world.unsettled.add(String(lane.lane));
    },
    async append(pieces) {
      tell(world, actor.name, `appends ${pieces.length}`);
      if (dice.chance(world.profile.sendTwice)) {
        count(world, 'append twice');
        land(pieces);
      }
      if (dice.chance(world.profile.commitLost)) {
        const way = dice.pick(['done', 'in part', 'not done', 'later'] as const);
        count(world, `append ${way}`);
        tell(world, actor.name, `loses the answer to its append, which is ${way}`);
        if (way === 'done') land(pieces);
        if (way === 'in part') land(pieces.slice(0, dice.below(pieces.length + 1)));
        if (way === 'later')
          scheduler.later(nature, dice.between(1, 500), { what: `rows of ${actor.name} land late`, work: () => land(pieces) });
        throw new Failure('retry', 'warehouse.append-unknown', 'the answer to an append was lost');
      }
      // A process may die between one table and the next.
      for (const piece of pieces) {
        piece();
        if (dice.chance(0.2)) await scheduler.step(actor, 'appends');
      }
      await scheduler.step(actor, 'hears of its append');
    },
  };
};

/** The intent is stored, is not, or will be; its author may not hear of it. */
export const storeIntent = async (world: World, actor: Actor, store: () => void): Promise<void> => {
  const { scheduler, dice, nature } = world;
  const quietly = (): void => {
    try {
      store();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  };
  await scheduler.step(actor, 'intend');
  if (scheduler.now() < world.away.database) throw new Failure('retry', 'warehouse.unavailable', 'the database is away');
  if (dice.chance(world.profile.commitLost)) {
    const way = dice.pick(['done', 'not done', 'still running'] as const);
    count(world, `intent ${way}`);
    tell(world, actor.name, `loses the answer to its intent, which is ${way}`);
    if (way === 'done') quietly();
    if (way === 'still running')
      scheduler.later(nature, dice.between(1, 500), { what: `the intent of ${actor.name} is stored`, work: quietly });
    throw new Failure('retry', 'warehouse.commit-unknown', 'the answer to the commit was lost');
  }
  store();
  count(world, 'intent');
  await scheduler.step(actor, 'hears of its intent');
};
