import { Failure } from '@dsf/ports';
import { openMemoryMetadata } from '../memory-metadata.ts';
import { append } from '../memory-transport-broker.ts';
import { openMemoryTransport } from '../memory-transport.ts';
import { openMemoryWarehouse } from '../memory-warehouse.ts';
import type { OperatorContext } from './product.ts';
import { storeIntent } from './row-faults.ts';
import type { Actor } from './scheduler.ts';
import { warehouseOf } from './worker.ts';
import { count, remember, tell, violate, type World } from './world.ts';

/** An operator's command that is run until it has succeeded, however often it is killed or fails. */
export interface Command {
  readonly name: string;
  readonly isDone: () => boolean;
  /** Kills it between two of its awaits; it is run again in a while. */
  kill(): void;
}

/** Everything that a command touches, at the pace of its actor. */
const contextOf = (world: World, actor: Actor): OperatorContext => {
  const { scheduler, broker, database, config } = world;
  const clock = scheduler.clock(actor);
  const before = async (call: string): Promise<void> => {
    await scheduler.step(actor, call);
    if (scheduler.now() < world.away.database) throw new Failure('retry', 'warehouse.unavailable', 'the database is away');
  };
  const metadata = openMemoryMetadata(config, { before });
  const state = openMemoryWarehouse(database, {
    before,
    begun: () => undefined,
    intend: (store) => storeIntent(world, actor, store),
    commit: async (_lane, end) => end.commit(),
  });
  return {
    clock,
    warehouse: warehouseOf(world, { state, actor, currentVersion: () => metadata.currentVersion() }),
    internal: openMemoryTransport(broker, clock, {
      before: (call) => scheduler.step(actor, call),
      land: async (topic, messages) => append(broker, topic, messages),
      deliver: (_topic, taken) => taken,
      revoke: (told) => told(),
      joined: () => undefined,
    }),
    metadata: {
      ...metadata,
      activate: (change) =>
        metadata.activate({
          ...change,
          check: (snapshot, version) => {
            const built = change.check(snapshot, version);
            const choice = world.activated.at(-1)?.choice;
            if (
              built.catalog !== null &&
              choice !== undefined &&
              JSON.stringify(snapshot) !== JSON.stringify(config.versions.at(-1)?.snapshot)
            )
              remember(world, { catalog: built.catalog, choice });
            return built;
          },
        }),
    },
  };
};

/** Runs a command, and again after each failure and each kill, until it has succeeded once. */
export const operate = (world: World, name: string, run: (context: OperatorContext) => Promise<unknown>): Command => {
  const { scheduler, database, nature, dice } = world;
  let isDone = false;
  let tries = 0;
  let actor: Actor | null = null;
  const again = (): void => scheduler.later(nature, dice.pick([10, 300]), { what: `runs ${name} again`, work: start });
  const start = (): void => {
    tries += 1;
    const mine = scheduler.actor(`${name}.${tries}`);
    actor = mine;
    tell(world, mine.name, 'begins');
    run(contextOf(world, mine)).then(
      () => {
        isDone = true;
        tell(world, mine.name, 'is done');
        count(world, `${name} done`);
      },
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        actor = null;
        tell(world, mine.name, `fails: ${text}`);
        if (!(error instanceof Failure && error.kind === 'retry'))
          violate(world, 'commands of operators do not fail', `${name}: ${error instanceof Error ? (error.stack ?? text) : text}`);
        again();
      },
    );
  };
  start();
  return {
    name,
    isDone: () => isDone,
    kill() {
      if (isDone || actor === null) return;
      tell(world, actor.name, 'is killed');
      count(world, `${name} killed`);
      scheduler.kill(actor);
      actor = null;
      database.administered?.abandon();
      again();
    },
  };
};
