/** Rows by shelf and key. A layer on top of another one sees its rows and keeps its own changes until they are merged or forgotten. */
export interface Shelf<Row> {
  get(shelf: string, key: string | number): Row | undefined;
  /** In the order of their keys. */
  all(shelf: string): readonly Row[];
  entries(shelf: string): ReadonlyMap<string | number, Row>;
  shelves(): readonly string[];
  put(shelf: string, key: string | number, row: Row): void;
  remove(shelf: string, key: string | number): void;
  /** Writes the layer's changes into the one below. */
  merge(): void;
}

type Key = string | number;

const compareKeys = (a: Key, b: Key): number => (typeof a === 'number' && typeof b === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0);

/** @param below - the layer below; null makes the ground, whose changes are there at once */
export const createShelf = <Row>(below: Shelf<Row> | null): Shelf<Row> => {
  const own = new Map<string, Map<Key, Row | null>>();
  const sorted = new Map<string, readonly Row[]>();

  const write = (shelf: string, key: Key, row: Row | null): void => {
    const rows = own.get(shelf) ?? new Map<Key, Row | null>();
    own.set(shelf, rows);
    sorted.delete(shelf);
    if (row === null && below === null) rows.delete(key);
    else rows.set(key, row);
  };

  const entries = (shelf: string): ReadonlyMap<Key, Row> => {
    const rows = new Map<Key, Row>(below?.entries(shelf) ?? []);
    for (const [key, row] of own.get(shelf) ?? []) {
      if (row === null) rows.delete(key);
      else rows.set(key, row);
    }
    return rows;
  };

  return {
    entries,
    get(shelf, key) {
      const row = own.get(shelf)?.get(key);
      return row === undefined ? below?.get(shelf, key) : (row ?? undefined);
    },
    all(shelf) {
      if (below !== null && !own.has(shelf)) return below.all(shelf);
      const known = below === null ? sorted.get(shelf) : undefined;
      if (known !== undefined) return known;
      const rows = [...entries(shelf)].sort(([a], [b]) => compareKeys(a, b)).map(([, row]) => row);
      sorted.set(shelf, rows);
      return rows;
    },
    shelves: () => [...new Set([...(below?.shelves() ?? []), ...own.keys()])].sort(),
    put: (shelf, key, row) => write(shelf, key, row),
    remove: (shelf, key) => write(shelf, key, null),
    merge() {
      for (const [shelf, rows] of own) {
        for (const [key, row] of rows) {
          if (row === null) below?.remove(shelf, key);
          else below?.put(shelf, key, row);
        }
      }
    },
  };
};
