import type { Value } from '@dsf/messages';
import { isWithin, memberOf, parentPath, pathSegments, systemPath } from '@dsf/metadata';
import type { FlatColumn, FlatSchema, FlatTable } from '@dsf/ports';
import { cellToValue } from './cell-value.ts';
import type { CellReader, Place, Site } from './plan.ts';

/** The tables of one source. */
export interface SourceTables {
  readonly byId: ReadonlyMap<number, FlatTable>;
  /** By the place in the message that their rows come from; several when a place has had two parents. */
  readonly byPlace: ReadonlyMap<string, readonly FlatTable[]>;
}

/** A place whose rows have two parents has two tables; flatten calls the second `<place>.$of…`, and its columns have the same paths. */
const messagePlace = (table: FlatTable): string => {
  const segments = pathSegments(table.path);
  const end = segments.indexOf('$of');
  return end === -1 ? table.path : segments.slice(0, end).join('.');
};

export const sourceTables = (schema: FlatSchema, source: number): SourceTables => {
  const tables = schema.tables.filter((table) => table.source === source);
  return { byId: new Map(tables.map((table) => [table.id, table])), byPlace: Map.groupBy(tables, messagePlace) };
};

/** The table and its ancestors, up to the root. */
export const chainOf = (table: FlatTable, tables: SourceTables): readonly FlatTable[] => {
  const chain = [table];
  for (let at = table; at.parent !== null;) {
    const parent = tables.byId.get(at.parent);
    if (parent === undefined) break;
    chain.push(parent);
    at = parent;
  }
  return chain;
};

const member = (value: Value, name: string): Value =>
  typeof value === 'object' && value !== null && 'm' in value && Object.hasOwn(value.m, name) ? (value.m[name] ?? null) : null;

/** Follows `path` from the value at `from`, a path above it. */
const descend = (value: Value, from: string, path: string): Value =>
  pathSegments(path).slice(pathSegments(from).length).map(memberOf).reduce(member, value);

/** `_dsf_rest` has whole paths as members; the path, or a JSON value above it. */
const ofRest = (rest: Value, path: string): Value => {
  for (let at: string | null = path; at !== null && at !== ''; at = parentPath(at)) {
    const found = member(rest, at);
    if (found !== null) return descend(found, at, path);
  }
  return null;
};

/** Numbers that fit no decimal stand in a text column with this ending, beside `__v_text` for strings. */
const isNumberText = ({ role, type, name }: FlatColumn): boolean => role === 'variant' && type === 'text' && name.endsWith('__v_number');

/** Reads `path` from one column: its own, a JSON column above it, or the column of paths that found no room. Null: not in this one. */
const columnReader = (column: FlatColumn, index: number, path: string): CellReader | null => {
  const toValue = cellToValue[isNumberText(column) ? 'decimal' : column.type];
  if (column.role === 'length') return null;
  if (column.role === 'rest') return ({ cells }) => ofCell(cells[index], (cell) => ofRest(toValue(cell), path));
  if (column.path === path) return ({ cells }) => ofCell(cells[index], toValue);
  if (column.type !== 'json' || !isWithin(path, column.path)) return null;
  return ({ cells }) => ofCell(cells[index], (cell) => descend(toValue(cell), column.path, path));
};

const ofCell = (cell: FlatCell, toValue: (cell: Exclude<FlatCell, null | undefined>) => Value): Value =>
  cell === null || cell === undefined ? null : toValue(cell);
type FlatCell = Parameters<(typeof cellToValue)['text']>[0] | null | undefined;

/** A map's rows have keys: there are many below one parent, though none has a place in a list. */
const isMap = (table: FlatTable): boolean => {
  const keyPath = systemPath(messagePlace(table), '$key');
  return table.columns.some(({ path, role }) => path === keyPath && role !== 'length');
};

const siteOf = (table: FlatTable, chain: readonly FlatTable[], tables: SourceTables): Pick<Site, 'up' | 'down'> | null => {
  const lineage = chainOf(table, tables);
  const depth = lineage.findIndex((ancestor) => chain.includes(ancestor));
  const joint = lineage[depth];
  if (joint === undefined) return null;
  const down = lineage.slice(0, depth).reverse();
  return down.some(isMap) ? null : { up: chain.indexOf(joint), down: down.map(({ id }) => id) };
};

/**
 * Finds a path as seen from a row of `chain[0]`: from the row itself or its nearest ancestor that the path lies below, in that row's own
 * cells and in its 1:1 object rows. What stands further up is another row's, and what stands beside is a neighbour's.
 */
export const placeOf = (path: string, chain: readonly FlatTable[], tables: SourceTables): Place => {
  if (path === '$time') return { kind: 'time' };
  if (path === '$ingested') return { kind: 'ingested' };
  const sites: Site[] = [];
  const nearest = chain.findIndex((table) => isWithin(path, messagePlace(table)));
  for (const table of tables.byId.values()) {
    if (!isWithin(path, messagePlace(table))) continue;
    const found = table.columns.flatMap((column, index) => {
      const reader = columnReader(column, index, path);
      return reader === null ? [] : [{ column, reader }];
    });
    const site = found.length === 0 ? null : siteOf(table, chain, tables);
    if (site !== null && site.up === nearest)
      sites.push({ ...site, readers: found.map(({ reader }) => reader), columns: found.map(({ column }) => column) });
  }
  return { kind: 'cells', sites: sites.sort((a, b) => a.down.length - b.down.length) };
};
