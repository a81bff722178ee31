import type { Dice } from './dice.ts';
import type { SimulatedSettings } from './product.ts';
import type { Tempo } from './scheduler.ts';

/** Chances of faults, per opportunity. Each run has some kinds of fault and not others, so that one does not always hide another. */
export interface Profile {
  readonly name: 'calm' | 'rough';
  readonly lanes: number;
  readonly records: number;
  /** Processes of each kind. */
  readonly workers: number;
  /** Which services share a process. */
  readonly layout: 'apart' | 'pairs' | 'whole' | 'mixed';
  readonly oddities: boolean;
  /** Source b begins at its end. */
  readonly startsLate: boolean;
  /** The first process of each service is of an older binary, which does not understand versions from this one on; null: none is. */
  readonly oldBinary: number | null;
  readonly holes: boolean;
  /** The sources' topics get another partition while everything runs. */
  readonly grows: boolean;
  readonly messageBytesMax: number;
  /** dsf.raw says which raw rows there are, and has no bodies. */
  readonly rowsAtHand: boolean;
  readonly settings: SimulatedSettings;
  readonly tempo: Tempo;
  readonly skewMsMax: number;
  /** How long the broker waits for a silent member, ms. */
  readonly sessionMs: number;
  /** The database: errors before anything is done, and lost answers to a commit. */
  readonly databaseError: number;
  readonly commitLost: number;
  /** Sends: fail before, land in part, fail after they landed, land later, resolve though one partition is missing. */
  readonly sendFails: number;
  readonly sendInPart: number;
  readonly sendAnswerLost: number;
  readonly sendLate: number;
  readonly sendLosesPartition: number;
  readonly sendTwice: number;
  readonly sendTruncated: number;
  /** Reads of internal topics: messages repeated, in another order, lost. */
  readonly readDisturbed: number;
  /** Weights of what operators and misfortune do, see `adversary.ts`. */
  readonly deeds: Readonly<Record<Deed, number>>;
  readonly deedsCount: number;
}

export const deeds = [
  'crash',
  'freeze',
  'restart',
  'rebalance',
  'trim',
  'wipe',
  'offsets',
  'outage',
  'skew',
  'change',
  'replay',
  'recompute',
  'rebuild',
  'purge',
  'resize',
  'restore',
  'lose',
  'recreate',
  'repoint',
] as const;
export type Deed = (typeof deeds)[number];

const noFaults = {
  databaseError: 0,
  commitLost: 0,
  sendFails: 0,
  sendInPart: 0,
  sendAnswerLost: 0,
  sendLate: 0,
  sendLosesPartition: 0,
  sendTwice: 0,
  sendTruncated: 0,
  readDisturbed: 0,
} as const;

const drawSettings = (dice: Dice): SimulatedSettings => ({
  recordsMax: dice.pick([1, 2, 3, 5, 10, 50]),
  bytesMax: dice.pick([300, 4_000_000]),
  waitMs: 50,
  idleMs: dice.pick([100, 300, 1000]),
  retryMinMs: 5,
  retryMaxMs: 200,
  breakerFailures: 3,
  catalogPollMs: dice.pick([20, 100, 500]),
  retentionCheckMs: dice.pick([50, 500]),
  groupsCachedMax: dice.pick([4, 20_000]),
  drainMs: dice.pick([200, 3000]),
});

/** What is told to stop has the time to finish what it has begun: nothing may be left to be refilled, or come twice. */
const patientSettings = { drainMs: 60_000 } as const;

/** Operators and deploys, which are no faults. */
const harmless: ReadonlySet<Deed> = new Set(['restart', 'rebalance', 'change', 'replay', 'recompute', 'rebuild', 'purge', 'skew']);

/** What kind of run a seed makes. One in eight is calm: nothing is lost and nobody dies, so that nothing may have to be refilled. */
export const drawProfile = (dice: Dice): Profile => {
  const isCalm = dice.chance(0.125);
  const rate = (most: number): number => (isCalm || dice.chance(0.5) ? 0 : dice.random() * most);
  /** Summarisers of some calm runs die: what they had not acknowledged comes again, and nothing is refilled. */
  const dies = isCalm && dice.chance(0.5);
  /** One run in five has few kinds of deeds and many of each: what two of them do to each other is rare where all are at work. */
  const few = dice.chance(0.2) ? new Set([dice.pick(deeds), dice.pick(deeds), dice.pick(deeds)]) : null;
  const isChosen = (deed: Deed): boolean => few?.has(deed) ?? dice.chance(0.5);
  const weight = (deed: Deed): number =>
    dies && deed === 'crash' ? 1 : !isChosen(deed) || (isCalm && (!harmless.has(deed) || deed === 'rebalance')) ? 0 : 1;
  return {
    name: isCalm ? 'calm' : 'rough',
    lanes: dice.between(1, 3),
    records: dice.pick([10, 30, 60, 100]),
    // A lane that changes hands may be refilled: what its last owner had held back is not sent.
    workers: isCalm ? 1 : dice.between(1, 3),
    oddities: dice.chance(0.6),
    startsLate: dice.chance(0.2),
    oldBinary: isCalm || dice.chance(0.8) ? null : dice.between(2, 4),
    holes: dice.chance(0.3),
    grows: dice.chance(0.3),
    messageBytesMax: isCalm ? 1_000_000 : dice.pick([300, 2000, 1_000_000]),
    settings: { ...drawSettings(dice), ...(isCalm ? patientSettings : {}) },
    tempo: { slow: dice.chance(0.5) ? 0 : dice.random() * 0.1, slowMsMax: dice.pick([20, 500, 3000]), burst: dice.pick([0, 0.5, 0.9]) },
    skewMsMax: dice.pick([0, 1000, 3_600_000]),
    sessionMs: dice.pick([100, 1000]),
    ...noFaults,
    databaseError: rate(0.05),
    commitLost: rate(0.15),
    sendFails: rate(0.1),
    sendInPart: rate(0.2),
    sendAnswerLost: rate(0.1),
    sendLate: rate(0.1),
    sendLosesPartition: rate(0.1),
    sendTwice: rate(0.2),
    sendTruncated: rate(0.1),
    readDisturbed: rate(0.15),
    deeds: Object.fromEntries(deeds.map((deed) => [deed, weight(deed)])) as Profile['deeds'],
    deedsCount: few === null ? dice.pick([0, 5, 15, 30]) : 30,
    // Two owners of one lane are nothing for a calm run, see `workers`.
    layout: dice.pick(isCalm ? (['apart', 'pairs', 'whole'] as const) : (['apart', 'apart', 'pairs', 'whole', 'mixed'] as const)),
    rowsAtHand: dice.chance(0.5),
  };
};

/** The same run with some kinds of deeds alone, and many of them. It is calm no longer where one of them may lead to a refill. */
export const withDeeds = (profile: Profile, some: readonly Deed[]): Profile => ({
  ...profile,
  name: some.every((deed) => harmless.has(deed)) ? profile.name : 'rough',
  deeds: Object.fromEntries(deeds.map((deed) => [deed, some.includes(deed) ? 1 : 0])) as Profile['deeds'],
  deedsCount: 30,
});

/** The same run once all faults have stopped. */
export const withoutFaults = (profile: Profile): Profile => ({ ...profile, ...noFaults, oldBinary: null });
