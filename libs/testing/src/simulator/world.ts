import type { Catalog } from '@dsf/metadata';
import type { Delivery } from '@dsf/ports';
import { createMemoryConfig, type MemoryConfig } from '../memory-metadata.ts';
import { createMemoryBroker, type MemoryBroker } from '../memory-transport-broker.ts';
import { createMemoryDatabase, type MemoryDatabase } from '../memory-warehouse-database.ts';
import { meaningsByInstance, type Choice, type Meaning } from './definitions.ts';
import { createDice, type Dice } from './dice.ts';
import { drawInput, poisonText, type InputMessage } from './input.ts';
import type { Product } from './product.ts';
import { drawProfile, withDeeds, withoutFaults, type Profile } from './profile.ts';
import { createScheduler, startOfTime, type Actor, type Scheduler } from './scheduler.ts';
import type { SimulateOptions } from './simulate.ts';
import { createStory, type Story } from './story.ts';

/** A rule of delivery was broken. */
export class Violation extends Error {
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(message);
    this.name = 'Violation';
    this.rule = rule;
  }
}

/** A catalog version, and the choice that it was made of. */
export interface Activated {
  readonly catalog: Catalog;
  readonly choice: Choice;
}

/** Everything that a run consists of. */
export interface World {
  readonly product: Product;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly story: Story;
  readonly database: MemoryDatabase;
  readonly broker: MemoryBroker;
  readonly config: MemoryConfig;
  readonly input: readonly InputMessage[];
  /** By source id, partition and offset: `1:0:7`. */
  readonly inputAt: Map<string, InputMessage>;
  readonly activated: Activated[];
  readonly meanings: Map<string, Meaning>;
  /** Who acts for the broker and the database. */
  readonly nature: Actor;
  profile: Profile;
  /** Database, broker, store of rows: away until this time, ms. */
  readonly away: { database: number; broker: number; rows: number };
  /** Rows are in a store that shares no transaction with the state. */
  readonly split: boolean;
  /** Flatten lanes that have replaced rows of a record, and not yet asked for the groups that they touch. */
  readonly unsettled: Set<string>;
  readonly counts: Map<string, number>;
  violation: Violation | null;
  readonly replayed: Set<string>;
  /** What the config tables were made of, activated or not. */
  tables: Choice | null;
  /** Everything that was ever sent to the sources, by `a/0`. */
  readonly truth: Map<string, Delivery[]>;
  /** Partitions of sources that are not what they were at the moment. */
  readonly recreated: Set<string>;
  /** Partitions that came when their source, by id, had begun: `1:2`. */
  readonly grown: Set<string>;
  /** Records that their source removed before they were committed. */
  readonly maybeLost: Set<string>;
  /** The database has become an older one. */
  onRestored: () => void;
  /** `raw 1:0` → the horizon when it was last looked at. */
  readonly horizons: Map<string, number>;
  /** How records stood when the horizon of flat rows passed them. */
  readonly below: Map<string, 'written' | 'failed' | 'filtered'>;
  /** By summarise lane and instance: the horizon when the instance went live there, by source partition. It counts from there on. */
  readonly floors: Map<string, Map<string, ReadonlyMap<string, number>>>;
  /** What frozen windows showed when they were first seen frozen, by instance and group. */
  readonly windows: Map<string, string>;
  /** What groups showed that were frozen in an earlier life of their instance and have no row left, when it went live again: `sums@… ["g1"]`. */
  readonly bases: Map<string, readonly string[]>;
  /** Numbers of lanes that there were before. */
  readonly lanesBefore: Set<number>;
  /** Points that came too late for a frozen window: `1:0:7 lines@0123abcd/0`. */
  readonly late: Set<string>;
  /** Those of them that count after all, since their instance went live once more and counted what rows there were. */
  readonly counted: Set<string>;
  /** Frozen groups that a correction could no longer change: `lines@0123abcd ["g1"]`. */
  readonly loose: Set<string>;
}

export const lanesOf = ({ profile }: World): readonly number[] => Array.from({ length: profile.lanes }, (_, lane) => lane);

const linesKept = 400;

export const createWorld = (
  seed: number,
  product: Product,
  { linesMax = linesKept, apart = false, split = false, deeds }: Pick<SimulateOptions, 'linesMax' | 'apart' | 'split' | 'deeds'>,
): World => {
  const dice = createDice(seed);
  const drawn = drawProfile(dice.fork());
  const whole = apart ? { ...drawn, layout: 'apart' as const } : drawn;
  const profile = deeds === undefined ? whole : withDeeds(whole, deeds);
  const story = createStory(linesMax);
  const scheduler = createScheduler(dice.fork(), story, profile.tempo);
  const config = createMemoryConfig();
  const database = createMemoryDatabase(config);
  database.refusesRow = ({ cells }) => cells.includes(poisonText);
  return {
    product,
    dice: dice.fork(),
    scheduler,
    story,
    database,
    broker: createMemoryBroker({ messageBytesMax: profile.messageBytesMax, now: () => startOfTime + scheduler.now() }),
    config,
    input: drawInput(dice.fork(), { count: profile.records, oddities: profile.oddities, holes: profile.holes, grows: profile.grows }),
    inputAt: new Map(),
    activated: [],
    meanings: new Map(),
    nature: scheduler.actor('nature'),
    profile,
    away: { database: 0, broker: 0, rows: 0 },
    split,
    unsettled: new Set(),
    counts: new Map(),
    violation: null,
    replayed: new Set(),
    tables: null,
    truth: new Map(),
    recreated: new Set(),
    grown: new Set(),
    maybeLost: new Set(),
    onRestored: () => undefined,
    horizons: new Map(),
    below: new Map(),
    floors: new Map(),
    windows: new Map(),
    bases: new Map(),
    lanesBefore: new Set(),
    late: new Set(),
    counted: new Set(),
    loose: new Set(),
  };
};

export const count = (world: World, what: string): void => {
  world.counts.set(what, (world.counts.get(what) ?? 0) + 1);
};

/** Notes the first rule that was broken; the run ends there. */
export const violate = (world: World, rule: string, message: string): void => {
  if (world.violation !== null) return;
  world.violation = new Violation(rule, message);
  world.story.tell(world.scheduler.now(), 'VIOLATION', `${rule}: ${message}`);
};

export const tell = (world: World, who: string, what: string): void => world.story.tell(world.scheduler.now(), who, what);

export const remember = (world: World, activated: Activated): void => {
  world.activated.push(activated);
  for (const [instance, meaning] of meaningsByInstance(activated.catalog, activated.choice)) world.meanings.set(instance, meaning);
  for (const { id, definition } of activated.catalog.sources) {
    for (const message of world.input) {
      if (message.source === definition.name) world.inputAt.set(`${id}:${message.partition}:${message.offset}`, message);
    }
  }
};

/** From now on nothing goes wrong. */
export const calmDown = (world: World): void => {
  world.profile = withoutFaults(world.profile);
  world.scheduler.hurry();
  world.away.database = 0;
  world.away.rows = 0;
  world.away.broker = 0;
};
