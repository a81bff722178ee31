import { sourcePartitionKey, type Range, type SourcePartition } from '@dsf/messages';

/** A stretch of one source partition that joins on to the lane's position, ready to be decided. */
export interface Piece<Item> extends SourcePartition {
  /** The lane's position. */
  readonly from: number;
  readonly to: number;
  /** The records at or above the position. Else they are in the rows of the phase before: on purpose (`rows`), or since nothing else is left (`refill`). */
  readonly content: { readonly kind: 'items'; readonly items: readonly Item[] } | { readonly kind: 'rows' | 'refill' };
  readonly version: number;
  readonly time: number | null;
  readonly idle: boolean;
}

export interface Joined<Item> {
  readonly pieces: readonly Piece<Item>[];
  /** Records below the position, by source partition: had before, not taken again. */
  readonly duplicates: ReadonlyMap<string, number>;
}

const latest = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));

/** Two pieces that stand end to end and carry the same version go through the phase as one. The items of `last` grow in place: it is ours. */
const merge = <Item>(last: Piece<Item> | undefined, next: Piece<Item>): Piece<Item> | null => {
  if (last === undefined || last.to !== next.from || last.version !== next.version || last.content.kind !== next.content.kind) return null;
  if (last.content.kind === 'items' && next.content.kind === 'items') {
    const items = last.content.items as Item[];
    for (const item of next.content.items) items.push(item);
  }
  return { ...next, from: last.from, time: latest(last.time, next.time), content: last.content };
};

/** Items in offset order; several may belong to one record. */
const countRecords = (items: readonly { readonly offset: number }[]): number => {
  let records = 0;
  let last = -1;
  for (const { offset } of items) {
    if (offset !== last) records += 1;
    last = offset;
  }
  return records;
};

/** Index of the first item that is not of the first `records` records. All points of a record are one unit: a cut between two would lose the second (scenario 1). */
const endOf = (items: readonly { readonly offset: number }[], records: number): number => {
  let left = records;
  let last = -1;
  for (const [index, { offset }] of items.entries()) {
    if (offset !== last && left === 0) return index;
    if (offset !== last) left -= 1;
    last = offset;
  }
  return items.length;
};

/** Cuts a piece of items between records, so that at most `recordsMax`, but at least one, are decided at once. */
const cut = <Item extends { readonly offset: number }>(piece: Piece<Item>, recordsMax: number): Piece<Item> => {
  if (piece.content.kind !== 'items' || piece.content.items.length <= recordsMax) return piece;
  const { items } = piece.content;
  const end = endOf(items, Math.max(1, recordsMax));
  const next = items[end];
  if (next === undefined) return piece;
  return { ...piece, to: next.offset, idle: false, content: { kind: 'items', items: items.slice(0, end) } };
};

const below = <Item extends { readonly offset: number }>(items: readonly Item[], position: number): number => {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.offset ?? position) < position) low = middle + 1;
    else high = middle;
  }
  return low;
};

/**
 * Delivery rules 2 and 3, for one batch: walks ranges in the order in which they came and advances each source partition's position
 * record by record, so that what comes twice, even inside one batch, is taken once, and a hole becomes a refill.
 * @param position - the lane's next offset of a source partition
 * @param recordsMax - at most so many records, with all their items, in all pieces together; the rest is left for the next walk over the same ranges
 */
export const join = <Item extends { readonly offset: number }>(
  ranges: readonly Range<Item>[],
  position: (at: SourcePartition) => number,
  recordsMax: number,
): Joined<Item> => {
  const next = new Map<string, number>();
  const pieces = new Map<string, Piece<Item>[]>();
  const duplicates = new Map<string, number>();
  // A source partition that was cut, or that has to refill a bounded part, goes no further in this walk.
  const closed = new Set<string>();
  let room = recordsMax;

  const add = (key: string, whole: Piece<Item>): boolean => {
    const piece = cut(whole, room);
    const list = pieces.get(key) ?? [];
    pieces.set(key, list);
    const merged = merge(list.at(-1), piece);
    if (merged === null)
      list.push(piece.content.kind === 'items' ? { ...piece, content: { kind: 'items', items: [...piece.content.items] } } : piece);
    else list[list.length - 1] = merged;
    next.set(key, piece.to);
    // What is read from rows are up to `recordsMax` records by itself.
    room -= piece.content.kind === 'items' ? countRecords(piece.content.items) : room;
    return piece.to === whole.to;
  };

  /** How far rows are read is bounded by whoever reads them, so a range that joins on to one whose records are there needs no walk of its own. */
  const grow = (key: string, { inRows, items, from, to, source, partition, version, time, idle }: Range<Item>): boolean => {
    const list = pieces.get(key);
    const last = list?.at(-1);
    if (list === undefined || last?.content.kind !== 'rows' || inRows === undefined || items !== undefined) return false;
    const merged = merge(last, { source, partition, from, to, version, time, idle, content: last.content });
    if (merged === null) return false;
    list[list.length - 1] = merged;
    return true;
  };

  for (const range of ranges) {
    const key = sourcePartitionKey(range);
    if (grow(key, range)) continue;
    if (closed.has(key)) continue;
    if (room <= 0) break;
    const from = next.get(key) ?? position(range);
    const { source, partition, version, time, idle } = range;
    const frame = { source, partition, version, time, idle };
    if (range.to <= from) {
      if (range.items !== undefined && range.items.length > 0) duplicates.set(key, (duplicates.get(key) ?? 0) + countRecords(range.items));
      continue;
    }
    if (range.from > from || range.items === undefined) {
      const kind = range.from > from || range.inRows === undefined ? 'refill' : 'rows';
      add(key, { ...frame, from, to: range.items === undefined ? range.to : range.from, content: { kind } });
      closed.add(key);
      continue;
    }
    const skipped = below(range.items, from);
    if (skipped > 0) duplicates.set(key, (duplicates.get(key) ?? 0) + countRecords(range.items.slice(0, skipped)));
    const items = skipped === 0 ? range.items : range.items.slice(skipped);
    if (!add(key, { ...frame, from, to: range.to, content: { kind: 'items', items } })) closed.add(key);
  }
  return { pieces: [...pieces.values()].flat(), duplicates };
};
