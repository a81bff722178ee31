import type { TopicShape } from '@dsf/ports';

/** What `dsf topics` wants of each internal topic. */
export interface WantedTopics {
  readonly lanes: number;
  readonly replication: number | null;
  readonly retentionMs: number;
}

/** One setting that a topic has otherwise than it should. */
export interface Difference {
  /** A field of `TopicShape`, or of its `details`. */
  readonly setting: string;
  readonly is: string;
  readonly wanted: string;
}

/**
 * What becomes of one topic. `make`: it is not there; `change`: its differences can be mended in place; `keep`: nothing is to be done.
 * `byHand`: differences that only the cluster's own programs mend.
 */
export interface TopicPlan {
  readonly topic: string;
  readonly action: 'make' | 'change' | 'keep';
  readonly is: TopicShape | null;
  readonly wanted: TopicShape;
  readonly changes: readonly Difference[];
  readonly byHand: readonly Difference[];
}

/** Room for a batch of ranges with their bodies; what is larger goes without its body and is read from the rows. */
const messageBytesMax = 8 * 1024 * 1024;

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** `7 days`, `36 hours`; null is for ever. */
const durationText = (ms: number | null): string => {
  if (ms === null) return 'for ever';
  const [name, size] = units.find(([, unit]) => ms >= unit && ms % unit === 0) ?? ['ms', 1];
  const count = ms / size;
  return `${count} ${name}${count === 1 || name === 'ms' ? '' : 's'}`;
};

const mebibyte = 1024 * 1024;
const sizeText = (bytes: number): string => (bytes % mebibyte === 0 ? `${bytes / mebibyte} MiB` : `${bytes} bytes`);

/** Settings that every system has. */
type Setting = Exclude<keyof TopicShape, 'details'>;

const shown = (shape: TopicShape, setting: Setting): string => {
  const value = shape[setting];
  if (setting === 'retentionMs') return durationText(shape.retentionMs);
  if (setting === 'messageBytesMax') return sizeText(shape.messageBytesMax);
  return value === null ? 'as the cluster has it' : String(value);
};

/** The shape that every internal topic should have: as many partitions as there are lanes, cleaned up by time, never compacted (delivery, Scale). */
export const wantedShape = ({ lanes, replication, retentionMs }: WantedTopics): TopicShape => ({
  partitions: lanes,
  replication,
  retentionMs,
  cleanup: 'time',
  messageBytesMax,
});

const changeable: readonly Setting[] = ['partitions', 'retentionMs', 'cleanup', 'messageBytesMax'];

/** More partitions than lanes do no harm: they are unused. */
const differs = (is: TopicShape, wanted: TopicShape, setting: Setting): boolean =>
  setting === 'partitions' ? is.partitions < wanted.partitions : is[setting] !== wanted[setting];

const detailsThatDiffer = (is: TopicShape, { details = {} }: TopicShape): readonly Difference[] =>
  Object.entries(details).flatMap(([setting, wanted]) => {
    const found = is.details?.[setting] ?? 'not said';
    return found === wanted ? [] : [{ setting, is: found, wanted }];
  });

const words: Readonly<Record<string, string>> = {
  partitions: 'partitions',
  replication: 'replication',
  retentionMs: 'retention',
  cleanup: 'cleanup',
  messageBytesMax: 'largest message',
};

/** @param is - null: the topic is not there */
export const planTopic = (topic: string, is: TopicShape | null, wanted: TopicShape): TopicPlan => {
  if (is === null) return { topic, action: 'make', is, wanted, changes: [], byHand: [] };
  const difference = (setting: Setting): Difference => ({ setting, is: shown(is, setting), wanted: shown(wanted, setting) });
  const changes = [...changeable.filter((setting) => differs(is, wanted, setting)).map(difference), ...detailsThatDiffer(is, wanted)];
  const byHand = wanted.replication !== null && is.replication !== wanted.replication ? [difference('replication')] : [];
  return { topic, action: changes.length > 0 ? 'change' : 'keep', is, wanted, changes, byHand };
};

const shapeText = (shape: TopicShape): string => {
  if (shape.details !== undefined) {
    const besides = Object.entries(shape.details).map(([name, text]) => `, ${name}: ${text}`);
    return `retention ${durationText(shape.retentionMs)}${besides.join('')}`;
  }
  const copies = shape.replication === null ? 'replication as the cluster has it' : `replication ${shape.replication}`;
  return `partitions ${shape.partitions}, ${copies}, retention ${durationText(shape.retentionMs)}, messages up to ${sizeText(shape.messageBytesMax)}`;
};

const surplusText = ({ is, wanted }: TopicPlan): string =>
  is !== null && Number.isFinite(is.partitions) && is.partitions > wanted.partitions
    ? ` (${is.partitions - wanted.partitions} partitions more than lanes: unused)`
    : '';

/** A plan in lines for people: `+` is made, `~` is changed, `=` stays, `!` has to be done by hand. @param name - the topic's name in the cluster */
export const planLines = (plan: TopicPlan, name: string): readonly string[] => {
  const differences = plan.changes.map(({ setting, is, wanted }) => `${words[setting] ?? setting} ${is} → ${wanted}`).join(', ');
  const line = {
    make: `+ ${name}  ${shapeText(plan.wanted)}`,
    change: `~ ${name}  ${differences}`,
    keep: `= ${name}${surplusText(plan)}`,
  }[plan.action];
  return [
    line,
    ...plan.byHand.map(
      ({ is, wanted }) => `! ${name}  replication is ${is}, should be ${wanted}: copies are moved with kafka-reassign-partitions.sh`,
    ),
  ];
};
