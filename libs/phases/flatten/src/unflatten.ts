import type { Value } from '@dsf/messages';
import { memberOf, pathSegments, systemPath } from '@dsf/metadata';
import type { FlatRow, FlatRows, FlatSchema, FlatTable } from '@dsf/ports';
import { lengthPath, logicalPath, valuePath } from './flat-paths.ts';
import { cellValue, readPath, readRest } from './read-path.ts';

export interface Unflattened {
  readonly offset: number;
  readonly message: Value;
}

/** An object that is being put together. Without a prototype: `__proto__` is a member like any other. */
interface Tree {
  readonly m: Record<string, Value>;
}

interface Reader {
  readonly children: ReadonlyMap<number, readonly FlatTable[]>;
  /** Rows by table and by (offset, parent row). */
  readonly rows: ReadonlyMap<number, ReadonlyMap<string, readonly FlatRow[]>>;
}

const emptyTree = (): Tree => ({ m: Object.create(null) as Record<string, Value> });

const groupBy = <Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> => {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
};

const parentKey = (offset: number, parentRow: number | null): string => `${offset}:${parentRow ?? ''}`;

const isTree = (value: Value | undefined): value is Tree => typeof value === 'object' && value !== null && 'm' in value;

/** Puts a value at a place below the tree, with the objects on the way that were stored as columns. */
const place = (tree: Tree, segments: readonly string[], value: Value): void => {
  const members = segments.map(memberOf);
  const last = members.pop();
  if (last === undefined) return;
  let at = tree;
  for (const member of members) {
    const known = at.m[member];
    const next: Tree = isTree(known) ? known : emptyTree();
    at.m[member] = next;
    at = next;
  }
  at.m[last] = value;
};

const below = (path: string, prefix: string): readonly string[] => pathSegments(path).slice(pathSegments(prefix).length);

/** True for a path that lies in the message itself, not on its envelope and not among what flatten adds. */
const isOfMessage = (segments: readonly string[]): boolean => segments.length > 0 && !segments.some((segment) => segment.startsWith('$'));

/** Length 0: a list without rows, or a map without entries (its length lies at `$key`). */
const placeEmpty = (tree: Tree, path: string, prefix: string): void => {
  const segments = below(path, prefix);
  if (segments.at(-1) === '$key') place(tree, segments.slice(0, -1), emptyTree());
  else if (isOfMessage(segments)) place(tree, segments, { l: [] });
};

const isZero = (value: Value | undefined): boolean => typeof value === 'object' && value !== null && 'n' in value && value.n === '0';

const placeCells = (tree: Tree, table: FlatTable, row: FlatRow): void => {
  const prefix = logicalPath(table.path);
  for (const [index, column] of table.columns.entries()) {
    const cell = row.cells[index] ?? null;
    if (cell === null || column.role === 'rest') continue;
    const segments = below(column.path, prefix);
    if (column.role !== 'length') {
      if (isOfMessage(segments)) place(tree, segments, cellValue(column, cell));
    } else if (Number(cell) === 0) placeEmpty(tree, column.path, prefix);
  }
  for (const [path, value] of readRest(table, row)) {
    const segments = below(path, prefix);
    if (segments.at(-1) !== '$n') {
      if (isOfMessage(segments)) place(tree, segments, value);
    } else if (isZero(value)) placeEmpty(tree, pathSegments(path).slice(0, -1).join('.'), prefix);
  }
};

const placeChildren = (reader: Reader, tree: Tree, table: FlatTable, row: FlatRow): void => {
  const prefix = logicalPath(table.path);
  for (const child of reader.children.get(table.id) ?? []) {
    const segments = below(logicalPath(child.path), prefix);
    const rows = reader.rows.get(child.id)?.get(parentKey(row.offset, row.row));
    if (rows !== undefined && isOfMessage(segments)) place(tree, segments, collectionOf(reader, child, rows));
  }
};

/** The list that a row is itself: an inner list of a list of lists, or of a map entry. Null when the row is none. */
const ownList = (reader: Reader, table: FlatTable, row: FlatRow): Value => {
  const path = systemPath(logicalPath(table.path), '$item');
  const child = reader.children.get(table.id)?.find((each) => logicalPath(each.path) === path);
  const rows = child === undefined ? undefined : reader.rows.get(child.id)?.get(parentKey(row.offset, row.row));
  if (child !== undefined && rows !== undefined) return collectionOf(reader, child, rows);
  const index = table.columns.findIndex((column) => column.role === 'length' && column.path === path);
  const isEmpty = Number(row.cells[index] ?? -1) === 0 || isZero(readRest(table, row).get(lengthPath(path)));
  return isEmpty ? { l: [] } : null;
};

const rowValue = (reader: Reader, table: FlatTable, row: FlatRow): Value => {
  if (row.shape === 'null') return null;
  if (row.shape === 'list') return { l: [] };
  const scalar = readPath(table, row, valuePath(logicalPath(table.path)));
  if (scalar !== null) return scalar;
  const list = ownList(reader, table, row);
  if (list !== null) return list;
  const tree = emptyTree();
  placeCells(tree, table, row);
  placeChildren(reader, tree, table, row);
  return tree;
};

/** What the rows of one parent are together: a map, a list, or the one object or scalar that they hold. */
const collectionOf = (reader: Reader, table: FlatTable, rows: readonly FlatRow[]): Value => {
  const [first] = rows;
  if (first === undefined) return null;
  const prefix = logicalPath(table.path);
  // In the root table `$key` is the message's own key.
  const keys = prefix === '' ? [] : rows.map((row) => readPath(table, row, systemPath(prefix, '$key')));
  if (typeof keys[0] === 'string') {
    const tree = emptyTree();
    for (const [index, key] of keys.entries())
      if (typeof key === 'string' && rows[index] !== undefined) tree.m[key] = rowValue(reader, table, rows[index]);
    return tree;
  }
  if (first.listIdx === null) return rowValue(reader, table, first);
  const items = groupBy(rows, ({ listIdx }) => listIdx);
  return {
    l: [...items.values()].map((group) => {
      const values = group.map((row) => rowValue(reader, table, row));
      return group[0]?.listIdx2 === null ? (values[0] ?? null) : { l: values };
    }),
  };
};

/**
 * Messages from their flat rows (law F1): the same up to the order of members, the spelling of numbers, members that were null, and
 * empty objects that were stored as columns; where a policy dropped something, without it.
 */
export const unflatten = (schema: FlatSchema, rows: FlatRows): readonly Unflattened[] => {
  const tables = schema.tables.filter(({ source }) => source === rows.source);
  const reader: Reader = {
    children: groupBy(
      tables.filter(({ parent }) => parent !== null),
      ({ parent }) => parent ?? 0,
    ),
    rows: new Map(rows.tables.map((each) => [each.table.id, groupBy(each.rows, ({ offset, parentRow }) => parentKey(offset, parentRow))])),
  };
  const root = rows.tables.find(({ table }) => table.path === '');
  if (root === undefined) return [];
  const messages = groupBy(root.rows, ({ offset }) => offset);
  return [...messages].map(([offset, roots]) => ({ offset, message: collectionOf(reader, root.table, roots) }));
};
