import { groupText, type KeyPart } from '@dsf/messages';
import { definitionsSchema, type Catalog, type Definitions } from '@dsf/metadata';
import type { Dice } from './dice.ts';
import type { InputMessage } from './input.ts';

/*
 * What the operators of a simulated installation define, in a handful of variants, and what each means in plain JavaScript. The meaning
 * shares nothing with the product: it is what the product is held to.
 */

/** Everything that can be chosen; a catalog version is made of one choice. */
export interface Choice {
  /** 0: everything passes · 1: `v` must not be 3 · 2: `k` must not be 'g1'. Source a. */
  readonly filter: number;
  /** False: messages that lie deeper than an item of a list fail. Source a. */
  readonly deep: boolean;
  readonly tombstones: 'filter' | 'fail';
  /** Whether source b is defined, and read by the drivers. */
  readonly hasB: boolean;
  /** Variant of each driver; null = it is not defined. */
  readonly sums: number | null;
  readonly lines: number | null;
  readonly extra: number | null;
  /** Whether sums are published a second time. */
  readonly isCopied: boolean;
  /** Whether source b begins at its end instead of its beginning. */
  readonly startsLate: boolean;
  /** How long source a keeps its messages and rows. */
  readonly keeps: number;
  /** Source a was pointed to another topic, which no position was counted in. */
  readonly isMoved: boolean;
}

export const firstChoice: Choice = {
  filter: 0,
  deep: true,
  tombstones: 'filter',
  hasB: true,
  sums: 0,
  lines: 0,
  extra: null,
  isCopied: false,
  keeps: 0,
  startsLate: false,
  isMoved: false,
};

export const sourceNames = ['a', 'b'] as const;
export type SourceName = (typeof sourceNames)[number];
export const partitionsPerSource = 2;
/** Where source a may be pointed to. */
export const otherTopic = 'elsewhere';

/** A clock that is an hour ahead makes everything old. */
const retentions = [undefined, { raw: '1m' }, { rows: '1m' }, { raw: '1m', rows: '1m' }] as const;

const filters = [undefined, 'v != 3', "k != 'g1'"] as const;
const variants = 3;

const sumsOf = ({ sums, hasB }: Choice) => {
  if (sums === null) return [];
  const filter = sums === 1 ? { filter: 'v > 3' } : {};
  const measures = { n: 'count', total: 'sum(v)', top: 'max(v)', ...(sums === 2 ? { low: 'min(v)' } : {}) };
  const inputs = [{ source: 'a', ...filter }, ...(hasB ? [{ source: 'b', ...filter }] : [])];
  return [{ name: 'sums', inputs, key: { k: 'k' }, measures }];
};

const linesOf = ({ lines }: Choice) => {
  if (lines === null) return [];
  const inputs = [{ source: 'a', table: 'items', ...(lines === 1 ? { filter: 'items.q > 1' } : {}) }];
  const measures = { n: 'count', q: 'sum(items.q)' };
  return [{ name: 'lines', inputs, key: { k: lines === 2 ? 'k' : 'items.k' }, event_time: 't', window: { tumbling: '1h' }, measures }];
};

const extraOf = ({ extra, hasB }: Choice) => {
  if (extra === null || !hasB) return [];
  return [
    {
      name: 'extra',
      inputs: [{ source: 'b', ...(extra === 1 ? { filter: 'v > 3' } : {}) }],
      key: { k: 'k' },
      measures: { n: 'count', total: 'sum(v)' },
    },
  ];
};

export const definitionsOf = (choice: Choice, lanes: number): Definitions => {
  const filter = filters[choice.filter];
  const retention = retentions[choice.keeps];
  const source = (name: SourceName) => ({ name, partitions: partitionsPerSource, tombstones: choice.tombstones });
  const a = {
    ...source('a'),
    ...(filter === undefined ? {} : { filter }),
    depth_max: choice.deep ? 200 : 3,
    ...(choice.isMoved ? { topic: otherTopic } : {}),
    ...(retention === undefined ? {} : { retention }),
  };
  const drivers = [...sumsOf(choice), ...linesOf(choice), ...extraOf(choice)];
  const publication = (name: string, driver: string) =>
    drivers.some((one) => one.name === driver) ? [{ name, driver, partitions: 2 }] : [];
  return definitionsSchema.parse({
    settings: { lanes },
    sources: [a, ...(choice.hasB ? [{ ...source('b'), start: choice.startsLate ? 'latest' : 'earliest' }] : [])],
    drivers,
    publications: [
      ...publication('out.sums', 'sums'),
      ...publication('out.lines', 'lines'),
      ...publication('out.extra', 'extra'),
      ...(choice.isCopied ? publication('out.copy', 'sums') : []),
    ],
  });
};

/** One change of the definitions, of any kind. */
export const changeChoice = (choice: Choice, dice: Dice): Choice => {
  const variant = (): number | null => (dice.chance(0.2) ? null : dice.below(variants));
  switch (dice.below(9)) {
    case 0:
      return { ...choice, filter: dice.below(filters.length) };
    case 1:
      return { ...choice, deep: !choice.deep };
    case 2:
      return { ...choice, tombstones: choice.tombstones === 'filter' ? 'fail' : 'filter' };
    case 3:
      return { ...choice, hasB: !choice.hasB };
    case 4:
      return { ...choice, sums: variant() };
    case 5:
      return { ...choice, lines: variant() };
    case 6:
      return { ...choice, extra: variant() };
    case 7:
      return { ...choice, keeps: dice.below(retentions.length) };
    default:
      return { ...choice, isCopied: !choice.isCopied };
  }
};

/** A change of what flatten makes of messages: of rows failures, of failures rows, of either nothing. */
export const changeRows = (choice: Choice, dice: Dice): Choice => ({
  ...choice,
  filter: dice.below(filters.length),
  deep: dice.chance(0.5),
  tombstones: dice.pick(['filter', 'fail']),
});

/** What flatten has to make of a message. */
export type Outcome = { readonly kind: 'rows' } | { readonly kind: 'filtered' } | { readonly kind: 'failed'; readonly code: string };

const failed = (code: string): Outcome => ({ kind: 'failed', code });

export const outcomeOf = (message: InputMessage, choice: Choice): Outcome => {
  const { source, content } = message;
  switch (content.kind) {
    case 'tombstone':
      return choice.tombstones === 'filter' ? { kind: 'filtered' } : failed('flatten.tombstone');
    case 'broken':
      return failed('flatten.not-json');
    case 'empty':
      return failed('flatten.empty');
    case 'order': {
      if (source === 'a' && !choice.deep && content.isDeep) return failed('flatten.too-deep');
      if (source === 'a' && choice.filter === 1 && content.v === 3) return { kind: 'filtered' };
      if (source === 'a' && choice.filter === 2 && content.k === 'g1') return { kind: 'filtered' };
      return content.isPoison ? failed('warehouse.data') : { kind: 'rows' };
    }
  }
};

/** What a row brings to a driver: amounts in halves, so that they stay whole numbers. */
export interface Amounts {
  readonly row: number;
  readonly key: readonly KeyPart[];
  readonly window: number | null;
  readonly halves: number | null;
}

const hourMs = 3_600_000;

/** How a driver instance reads messages, and what it shows of a group. */
export interface Meaning {
  readonly driver: string;
  /** Rows that count; a row that the driver cannot compute is left out. */
  readonly read: (message: InputMessage) => readonly Amounts[];
  readonly show: (halves: readonly number[]) => readonly string[];
  /** What two disjoint sets of rows show together. */
  readonly combine: (one: readonly string[], other: readonly string[]) => readonly string[];
}

const halfText = (halves: number): string => String(halves / 2);
const sum = (halves: readonly number[]): number => halves.reduce((total, half) => total + half, 0);

/** The message's own number; `null` where it is text, which no driver that adds can take. */
const readNumber = (message: InputMessage, sources: readonly SourceName[], above: number | null): readonly Amounts[] => {
  const { content, source } = message;
  if (content.kind !== 'order' || !sources.includes(source) || typeof content.v !== 'number') return [];
  if (above !== null && content.v <= above) return [];
  return [{ row: 0, key: [content.k], window: null, halves: content.v * 2 }];
};

const readLines = (message: InputMessage, variant: number): readonly Amounts[] => {
  const { content, source } = message;
  if (content.kind !== 'order' || source !== 'a') return [];
  const window = Math.floor(content.t / hourMs) * hourMs;
  return content.items.flatMap(({ k, q }, row) =>
    variant === 1 && q <= 1 ? [] : [{ row, key: [variant === 2 ? content.k : k], window, halves: q * 2 }],
  );
};

/** In the order of the drivers' measures: count, sum, max, min. */
const combine: Meaning['combine'] = (one, other) =>
  one.map((text, index) => {
    const pair = [Number(text), Number(other[index])] as const;
    return String(index < 2 ? pair[0] + pair[1] : index === 2 ? Math.max(...pair) : Math.min(...pair));
  });

/** The meaning of each driver that a choice defines, by name. */
const meaningsOf = ({ sums, lines, extra, hasB }: Choice): readonly Meaning[] => {
  const meanings: Meaning[] = [];
  const sources: readonly SourceName[] = hasB ? ['a', 'b'] : ['a'];
  const number = (halves: readonly number[]): readonly string[] => [String(halves.length), halfText(sum(halves))];
  if (sums !== null) {
    meanings.push({
      driver: 'sums',
      read: (message) => readNumber(message, sources, sums === 1 ? 3 : null),
      show: (halves) => [...number(halves), halfText(Math.max(...halves)), ...(sums === 2 ? [halfText(Math.min(...halves))] : [])],
      combine,
    });
  }
  if (lines !== null) meanings.push({ driver: 'lines', read: (message) => readLines(message, lines), show: number, combine });
  if (extra !== null && hasB)
    meanings.push({ driver: 'extra', read: (message) => readNumber(message, ['b'], extra === 1 ? 3 : null), show: number, combine });
  return meanings;
};

/** Meanings by instance, for the drivers of one catalog. */
export const meaningsByInstance = (catalog: Catalog, choice: Choice): ReadonlyMap<string, Meaning> =>
  new Map(
    meaningsOf(choice).flatMap((meaning) => {
      const instance = catalog.drivers.find(({ name }) => name === meaning.driver);
      return instance === undefined ? [] : [[instance.instance, meaning] as const];
    }),
  );

export const groupOf = ({ key, window }: Amounts): string => groupText(key, window);
