import { messagesIn, ring, topicOf } from '../memory-transport-broker.ts';
import { openMemoryTransport } from '../memory-transport.ts';
import { createAdversary } from './adversary.ts';
import { createCommits } from './commits.ts';
import { otherTopic, partitionsPerSource, sourceNames } from './definitions.ts';
import { checkPublished, whatLags } from './drained.ts';
import { startFleet } from './fleet.ts';
import { createOutputs } from './outputs.ts';
import type { Product } from './product.ts';
import type { Deed } from './profile.ts';
import { createRanges } from './ranges.ts';
import { followResize } from './resizing.ts';
import { startOfTime, type Actor } from './scheduler.ts';
import { grow, truthOf } from './sources.ts';
import { createTiling } from './tiling.ts';
import { calmDown, createWorld, tell, violate, type World } from './world.ts';

/** What became of one seed. */
export interface Run {
  readonly seed: number;
  /** The first rule that was broken, or null. */
  readonly violation: { readonly rule: string; readonly message: string } | null;
  /** Equal for equal runs. */
  readonly digest: string;
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>;
  readonly steps: number;
  /** Virtual time, ms. */
  readonly ms: number;
  readonly profile: string;
  readonly lines: readonly string[];
}

export interface SimulateOptions {
  /** Lines of the timeline that are kept. */
  readonly linesMax?: number;
  /** A process per service, whatever the seed draws: within how many seeds a missing guard is noticed was found out so. */
  readonly apart?: boolean;
  /** Rows are in a store of their own, as with BigQuery. */
  readonly split?: boolean;
  /** Only these deeds, and many of them, whatever the seed draws. */
  readonly deeds?: readonly Deed[];
  /** False takes the compare-and-set off the lanes, to see whether the simulator notices. */
  readonly comparesSeq?: boolean;
}

/** Steps that a run may take in all; a run that needs more is stuck. */
const stepsMax = 150_000;
/** Virtual time in which everything must have drained once faults have stopped, ms. */
const drainMsMax = 60_000;

/** Puts the messages into the source topics, a few at a time. */
const produce = async (world: World, producer: Actor): Promise<void> => {
  const { scheduler, dice, broker, input } = world;
  const clock = scheduler.clock(producer);
  const never = new AbortController().signal;
  for (const [index, message] of input.entries()) {
    await scheduler.step(producer, '');
    while (world.recreated.has(`${message.source}/${message.partition}`)) await clock.sleep(50, never);
    const { partitions } = topicOf(broker, message.source);
    if (message.partition >= partitions.length) grow(world, message.source);
    const log = partitions[message.partition];
    if (log === undefined) throw new Error('unreachable: the topic is there');
    const { source, partition, offset, delivery } = message;
    log.messages.push(delivery);
    // Markers of transactions, and records of one that is still open, take offsets that nobody is given.
    const next = input.slice(index + 1).find((one) => one.source === source && one.partition === partition)?.offset ?? offset + 3;
    log.end = Math.min(next, offset + 1 + (world.profile.holes ? dice.below(3) : 0));
    truthOf(world, source, partition).push(delivery);
    tell(world, producer.name, `sends ${message.source}/${message.partition} ${message.offset} ${JSON.stringify(message.content)}`);
    ring(broker, messagesIn(message.source, message.partition));
    if (dice.chance(0.1)) await clock.sleep(dice.between(1, 300), never);
  }
};

/** The topic that no source is defined on at first has messages too, at the same offsets. */
const fillOther = ({ broker }: World): void => {
  const body = new TextEncoder().encode('{"k":"other","v":1}');
  for (const log of topicOf(broker, otherTopic).partitions) {
    log.messages = Array.from({ length: 100 }, (_, offset) => ({
      ...{ offset, time: startOfTime, timeType: 'create' as const, key: null, headers: [], body },
    }));
    log.end = log.messages.length;
  }
};

/** One seed, from the first message to the last document. */
export const simulate = async (seed: number, product: Product, options: SimulateOptions = {}): Promise<Run> => {
  const world = createWorld(seed, product, options);
  const { scheduler, dice, database } = world;
  database.comparesSeq = options.comparesSeq ?? true;
  const commits = createCommits(world);
  const outputs = createOutputs(world);
  const tiling = createTiling(world);
  const watchers = { outputs, tiling, ranges: createRanges(world, tiling) };
  database.onCommit = (commit) => commits.check(commit);
  database.onAdminister = () => {
    // Everything that lanes had begun was finished first.
    world.unsettled.clear();
    followResize(world);
    commits.checkAll();
  };
  world.onRestored = () => commits.forget();
  const initial = JSON.stringify(world.profile);
  tell(world, 'profile', initial);

  const operator = scheduler.actor('operator');
  const director = scheduler.actor('director');
  let isOver = false;

  const direct = async (): Promise<void> => {
    const clock = scheduler.clock(director);
    const never = new AbortController().signal;
    const broker = openMemoryTransport(world.broker, clock);
    for (const name of [...sourceNames, otherTopic]) await broker.ensureTopic(name, partitionsPerSource);
    fillOther(world);
    const fleet = startFleet(world, watchers);
    const adversary = createAdversary(world, fleet, operator);
    await adversary.begin();
    const producing = produce(world, scheduler.actor('producer'));
    for (let left = world.profile.deedsCount; left > 0; left -= 1) {
      for (let steps = dice.below(60); steps > 0; steps -= 1) await scheduler.step(director, '');
      if (dice.chance(0.3)) await clock.sleep(dice.between(1, 1000), never);
      await adversary.act();
    }
    await producing;
    tell(world, 'director', 'from now on nothing goes wrong');
    calmDown(world);
    await adversary.relent();
    const giveUpAt = scheduler.now() + drainMsMax;
    let why = whatLags(world);
    while (why !== null && scheduler.now() < giveUpAt) {
      await clock.sleep(50, never);
      why = whatLags(world);
    }
    if (why !== null) violate(world, 'everything drains', `after ${drainMsMax} ms without faults: ${why}`);
    commits.checkAll();
    checkPublished(world, outputs);
    // What a summariser that died had committed and not told, its publisher reads from the state.
    const refills = (world.counts.get('refill') ?? 0) - (world.counts.has('deed crash') ? (world.counts.get('refill of publish') ?? 0) : 0);
    // What removed sources still owe is looked up, though it may be on its way.
    const hasRetired = world.activated.some(({ catalog }) => catalog.sources.some(({ retired }) => retired));
    if (world.profile.name === 'calm' && refills > 0 && !hasRetired) violate(world, 'no refills in health', `${refills} refills`);
    fleet.stop();
    isOver = true;
  };

  direct().catch((error: unknown) =>
    violate(world, 'the simulator works', error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  const isDone = (): boolean => isOver || world.violation !== null;
  if (!(await scheduler.run(isDone, stepsMax)))
    violate(world, 'everything drains', `not done after ${stepsMax} steps: ${whatLags(world) ?? 'nothing lags'}`);
  scheduler.close();
  const { violation } = world;
  return {
    seed,
    violation: violation === null ? null : { rule: violation.rule, message: violation.message },
    digest: world.story.digest(),
    counts: world.counts,
    steps: scheduler.steps(),
    ms: scheduler.now(),
    profile: initial,
    lines: world.story.lines(),
  };
};
