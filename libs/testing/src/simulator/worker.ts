import { hash } from 'node:crypto';
import {
  Failure,
  type OutgoingMessage,
  type MetadataStore,
  type PhaseName,
  type TelemetryEvent,
  type Transport,
  type Warehouse,
} from '@dsf/ports';
import { openMemoryMetadata } from '../memory-metadata.ts';
import { append, type GroupMember, type MemoryTopic } from '../memory-transport-broker.ts';
import { openMemoryTransport } from '../memory-transport.ts';
import { type TransactionEnd } from '../memory-warehouse-database.ts';
import { openMemoryRowStore } from '../memory-row-store.ts';
import { openMemoryWarehouse } from '../memory-warehouse.ts';
import { commitQuietly, databaseHooks } from './database-faults.ts';
import type { Outputs } from './outputs.ts';
import type { Ranges } from './ranges.ts';
import { rowHooks } from './row-faults.ts';
import type { Actor } from './scheduler.ts';
import type { Tiling } from './tiling.ts';
import { transportHooks } from './transport-faults.ts';
import { count, tell, violate, type World } from './world.ts';

/** One process, of one service or several: it can be stopped, killed, frozen, and started again with nothing in its memory. */
export interface Worker {
  readonly actor: Actor;
  readonly phases: readonly PhaseName[];
  readonly stop: AbortController;
  readonly members: Set<GroupMember>;
  /** Transactions that it has open; `true` when their commit is on its way. */
  readonly open: Map<TransactionEnd, boolean>;
  /** Sends that are on their way. */
  readonly sending: Set<{ readonly topic: MemoryTopic; readonly messages: readonly OutgoingMessage[] }>;
  isOver: boolean;
}

export interface Watchers {
  readonly outputs: Outputs;
  readonly ranges: Ranges;
  readonly tiling: Tiling;
}

const errorText = (error: unknown): string =>
  error instanceof Failure
    ? `${error.kind} ${error.code}: ${error.message}`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);

/** Failures after which a service may stop, because a person or its supervisor starts it again. Everything else is a defect. */
const mayStop: ReadonlySet<string> = new Set(['catalog.unreadable', 'ingest.source-changed']);

const listen = (world: World, { actor }: Worker) => ({
  emit(event: TelemetryEvent): void {
    if (event.name === 'beat' || event.name === 'service') return;
    count(world, event.name);
    if (event.name === 'refill') count(world, `refill of ${event.phase}`);
    const { name, ...facts } = event;
    tell(world, actor.name, `· ${name} ${JSON.stringify(facts)}`);
  },
});

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** An older binary does not understand what newer versions say; the first process of each service may be one. */
const metadataOf = (world: World, name: string, metadata: MetadataStore): MetadataStore => ({
  ...metadata,
  async loadVersion(version) {
    const { oldBinary } = world.profile;
    if (oldBinary !== null && version >= oldBinary && /^[a-z]+0\./.test(name)) {
      count(world, 'version refused');
      throw new Failure('fatal', 'catalog.unreadable', `version ${version} is not accepted by this binary`);
    }
    return metadata.loadVersion(version);
  },
});

/** What a process works with: one database, or one that keeps the state and one that keeps the rows. */
export const warehouseOf = (
  world: World,
  { state, actor, currentVersion }: { readonly state: Warehouse; readonly actor: Actor; readonly currentVersion: () => Promise<number> },
): Warehouse =>
  world.split ? world.product.split({ state, rows: openMemoryRowStore(world.database, rowHooks(world, actor)), currentVersion }) : state;

/** Starts a process; it runs until it is stopped or killed. */
export const startWorker = (world: World, phases: readonly PhaseName[], name: string, watchers: Watchers): Worker => {
  const { scheduler, dice, profile } = world;
  const actor = scheduler.actor(name);
  actor.skewMs = dice.between(-profile.skewMsMax, profile.skewMsMax);
  const worker: Worker = {
    actor,
    phases,
    stop: new AbortController(),
    members: new Set(),
    open: new Map(),
    sending: new Set(),
    isOver: false,
  };
  tell(world, name, 'starts');
  const services = phases.map((phase) => runPhase(world, worker, phase, watchers));
  void Promise.all(services).then(() => {
    worker.isOver = true;
    tell(world, name, 'has ended');
  });
  return worker;
};

/** One service of a process. A failure of one ends them all. */
const runPhase = async (world: World, worker: Worker, phase: PhaseName, watchers: Watchers): Promise<void> => {
  const { scheduler, dice } = world;
  const { actor } = worker;
  const clock = scheduler.clock(actor);
  const pace = { before: (call: string) => scheduler.step(actor, call) };
  const transport: Transport = openMemoryTransport(world.broker, clock, transportHooks(world, worker, watchers));
  const metadata = metadataOf(world, actor.name, openMemoryMetadata(world.config, pace));
  const memory = openMemoryWarehouse(world.database, databaseHooks(world, worker, { phase, ...watchers }));
  const state: Warehouse = { ...memory, capabilities: { ...memory.capabilities, rowsAtHand: world.profile.rowsAtHand } };
  const warehouse = warehouseOf(world, { state, actor, currentVersion: () => metadata.currentVersion() });
  const random = dice.fork();
  const offers = (topic: string, messages: readonly OutgoingMessage[]): void => {
    count(world, 'offered by hand');
    tell(world, actor.name, `offers ${messages.length} by hand to ${topic}`);
    watchers.ranges.sent(actor, topic, messages);
  };
  const run = world.product[phase](
    {
      metadata,
      warehouse,
      internal: transport,
      transport: () => Promise.resolve(transport),
      clock,
      tools: { sha256 },
      measures: new Map(),
      telemetry: listen(world, worker),
      settings: world.profile.settings,
      random: random.random,
      process: worker,
      offers,
    },
    worker.stop.signal,
  );
  await run.catch((error: unknown) => {
    tell(world, actor.name, `${phase} has ended with ${errorText(error)}`);
    count(world, 'service-failed');
    worker.stop.abort();
    if (!(error instanceof Failure && mayStop.has(error.code)))
      violate(world, 'services do not fail', `${actor.name}: ${errorText(error)}`);
  });
};

/** Ends a process between two of its awaits. What it had sent may land or not; what it had not committed is rolled back, or was underway. */
export const killWorker = (world: World, worker: Worker): void => {
  const { scheduler, dice, nature, profile } = world;
  const { actor, members, open, sending } = worker;
  tell(world, actor.name, 'is killed');
  scheduler.kill(actor);
  worker.isOver = true;
  for (const { topic, messages } of sending) {
    if (dice.chance(0.4)) continue;
    const some = dice.chance(0.5) ? messages : messages.slice(0, dice.below(messages.length + 1));
    const land = (): void => append(world.broker, topic, some);
    if (dice.chance(0.5)) land();
    else scheduler.later(nature, dice.between(1, 3000), { what: `a send of ${actor.name} lands late`, work: land });
  }
  for (const [end, isCommitting] of open) {
    if (isCommitting && dice.chance(0.5)) commitQuietly(end);
    else scheduler.later(nature, dice.pick([0, 500]), { what: `rolls back for ${actor.name}`, work: () => end.rollback() });
  }
  for (const member of members)
    scheduler.later(nature, profile.sessionMs, { what: `${actor.name} is counted out`, work: () => member.leave() });
};

/** Stops a process without ending it; the broker and the database give it up after a while. @returns thaws it */
export const freezeWorker = (world: World, worker: Worker): (() => void) => {
  const { scheduler, nature, profile, dice } = world;
  const { actor, members, open } = worker;
  tell(world, actor.name, 'is frozen');
  actor.isFrozen = true;
  const frozen = [...open.keys()];
  scheduler.later(nature, dice.pick([10, 1000]), {
    what: `the database gives up ${actor.name}`,
    work: () => {
      if (actor.isFrozen) for (const end of frozen) end.rollback();
    },
  });
  scheduler.later(nature, profile.sessionMs, {
    what: `the broker gives up ${actor.name}`,
    work: () => {
      if (actor.isFrozen) for (const member of members) member.leave();
    },
  });
  return () => {
    if (!actor.isAlive || !actor.isFrozen) return;
    tell(world, actor.name, 'is thawed');
    actor.isFrozen = false;
    for (const member of members) scheduler.later(actor, dice.between(0, 200), { what: 'rejoins', work: () => member.rejoin() });
  };
};
