import type { Delivery } from '@dsf/ports';
import type { Dice } from './dice.ts';
import { partitionsPerSource, sourceNames, type SourceName } from './definitions.ts';
import { startOfTime } from './scheduler.ts';

/** What a message says, as the oracle sees it. */
export type Content =
  | { readonly kind: 'tombstone' | 'broken' | 'empty' }
  | {
      readonly kind: 'order';
      readonly k: string;
      /** Text now and then, though drivers add it up. */
      readonly v: number | string;
      /** UTC, ms. */
      readonly t: number;
      readonly items: readonly { readonly k: string; readonly q: number }[];
      readonly isDeep: boolean;
      /** The database will not take its row. */
      readonly isPoison: boolean;
      readonly padding: number;
    };

export interface InputMessage {
  readonly source: SourceName;
  readonly partition: number;
  readonly offset: number;
  readonly content: Content;
  readonly delivery: Delivery;
}

/** Text by which the simulated database knows a row that it does not take. */
export const poisonText = 'data that no database takes';

const encoder = new TextEncoder();

const drawContent = (dice: Dice, oddities: boolean): Content => {
  const odd = (probability: number): boolean => oddities && dice.chance(probability);
  if (odd(0.04)) return { kind: 'broken' };
  if (odd(0.05)) return { kind: 'tombstone' };
  if (odd(0.02)) return { kind: 'empty' };
  const group = (): string => `g${dice.below(5)}`;
  return {
    kind: 'order',
    k: group(),
    v: odd(0.04) ? 'many' : dice.below(12) / (dice.chance(0.15) ? 2 : 1),
    t: startOfTime + dice.below(3) * 3_600_000 + dice.below(3_600_000),
    items: Array.from({ length: dice.below(4) }, () => ({ k: group(), q: dice.between(0, 4) })),
    isDeep: odd(0.1),
    isPoison: odd(0.03),
    padding: odd(0.06) ? dice.between(500, 3000) : 0,
  };
};

const bodyOf = (content: Content): Uint8Array | null => {
  switch (content.kind) {
    case 'tombstone':
      return null;
    case 'empty':
      return new Uint8Array();
    case 'broken':
      return encoder.encode('{"k": "g1", "v');
    case 'order': {
      const { k, v, t, items, isDeep, isPoison, padding } = content;
      return encoder.encode(
        JSON.stringify({
          ...{ k, v, t, items },
          ...(isDeep ? { deep: { x: { y: { z: 1 } } } } : {}),
          ...(isPoison ? { note: poisonText } : {}),
          ...(padding > 0 ? { pad: 'x'.repeat(padding) } : {}),
        }),
      );
    }
  }
};

/**
 * The messages that sources will have, in the order in which they come. Offsets have holes, as compaction and transactions make them. Of sources that grow
 * some are in a partition more than there are at first.
 */
export const drawInput = (
  dice: Dice,
  options: { readonly count: number; readonly oddities: boolean; readonly holes: boolean; readonly grows: boolean },
): readonly InputMessage[] => {
  const next = new Map<string, number>();
  return Array.from({ length: options.count }, (_, index) => {
    const source = dice.pick(sourceNames);
    const partition = dice.below(partitionsPerSource + (options.grows && index > options.count / 4 ? 1 : 0));
    const at = `${source}${partition}`;
    const offset = (next.get(at) ?? 0) + (options.holes && dice.chance(0.1) ? dice.between(1, 3) : 0);
    next.set(at, offset + 1);
    const content = drawContent(dice, options.oddities);
    const delivery: Delivery = {
      offset,
      time: startOfTime + dice.below(10_000),
      timeType: 'create',
      key: dice.chance(0.5) ? encoder.encode(`key ${offset}`) : null,
      headers: [],
      body: bodyOf(content),
    };
    return { source, partition, offset, content, delivery };
  });
};
