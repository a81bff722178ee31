export interface MergeRule<Item> {
  readonly compare: (a: Item, b: Item) => number;
  /** Items kept, from the front. */
  readonly max: number;
  /** Keep one of two equal items. */
  readonly unique?: boolean;
}

/** Merges two sorted lists into one in linear time; neither is changed. */
export const mergeSorted = <Item>(left: readonly Item[], right: readonly Item[], rule: MergeRule<Item>): readonly Item[] => {
  const merged: Item[] = [];
  let [atLeft, atRight] = [0, 0];
  while (merged.length < rule.max) {
    const [a, b] = [left[atLeft], right[atRight]];
    if (a === undefined && b === undefined) break;
    const order = a === undefined ? 1 : b === undefined ? -1 : rule.compare(a, b);
    const next = order <= 0 ? a : b;
    if (next !== undefined) merged.push(next);
    if (order <= 0) atLeft += 1;
    if (order > 0 || (order === 0 && rule.unique === true)) atRight += 1;
  }
  return merged;
};
