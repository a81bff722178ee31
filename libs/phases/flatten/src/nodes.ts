import { childPath, systemPath } from '@dsf/metadata';
import { bindTable, countColumns, isFull, unbound } from './columns.ts';
import { alternativeTablePath, logicalPath, valuePath } from './flat-paths.ts';
import type { Field, SourceNodes, TableNode } from './plan.ts';
import { declaredType, matchItem, matchMember, modesOf } from './rules.ts';
import type { Modes, RuleMatch } from './rules.ts';

/** Fields that a plan keeps per source. Past that they are made anew each time: slower, but data that comes as keys cannot fill the memory. */
const fieldsMax = 50_000;

/** A row's own scalar, key and inner list: their policy was spent on the table. */
const itemModes: Modes = { object: 'child', list: 'child', scalar: 'column' };

const makeField = (table: TableNode, path: string, match: RuleMatch, modes: Modes): Field => ({
  table,
  path,
  match,
  object: modes.object,
  list: modes.list,
  scalar: modes.scalar,
  declared: declaredType(match),
  bound: table.bound.get(path) ?? unbound,
  members: new Map(),
  child: null,
  entries: null,
});

const makeTable = (source: SourceNodes, path: string, parent: TableNode | null, match: RuleMatch): TableNode => {
  const physical = source.physical.get(path) ?? null;
  const { bound, rest } = physical === null ? { bound: new Map(), rest: -1 } : bindTable(physical);
  const prefix = logicalPath(path);
  const full = physical !== null && isFull(countColumns(physical.columns), source.capabilities);
  const blank = physical === null ? [] : physical.columns.map(() => null);
  const own = { value: null, key: null, item: null, rows: [], nextRow: 0 };
  return { source, path, prefix, parent, match, physical, bound, full, rest, blank, members: new Map(), ...own };
};

/** The scalar that a row is. Its type is what config says of the whole path. */
export const valueField = (table: TableNode): Field => {
  if (table.value !== null) return table.value;
  const path = valuePath(table.prefix);
  const { type } = table.prefix === '' ? matchMember(table.match, path) : table.match;
  table.value = makeField(table, path, { ...matchItem(table.match), type }, itemModes);
  return table.value;
};

/** The key of a map entry; in the root table, of the message. */
export const keyField = (table: TableNode): Field => {
  table.key ??= systemField(table, systemPath(table.prefix, '$key'));
  return table.key;
};

/** The list that a row is. */
export const itemField = (table: TableNode): Field => {
  table.item ??= makeField(table, systemPath(table.prefix, '$item'), matchItem(table.match), itemModes);
  return table.item;
};

export const makeRootTable = (source: SourceNodes): TableNode => {
  const root = makeTable(source, '', null, source.rules);
  source.tables.set('', root);
  return root;
};

/** A field that DSF itself adds to a table, such as a header: always text. */
export const systemField = (table: TableNode, path: string): Field =>
  makeField(table, path, { ...matchItem(table.match), type: 'text' }, itemModes);

/** The field of a member among the `members` of its table or object. */
export const memberField = (
  members: Map<string, Field>,
  member: string,
  owner: { readonly table: TableNode; readonly path: string; readonly match: RuleMatch },
): Field => {
  const path = childPath(owner.path, member);
  const { source } = owner.table;
  const match = matchMember(owner.match, childPath('', member));
  const field = makeField(owner.table, path, match, modesOf(match, source.catalog.definition));
  if (source.fields < fieldsMax) {
    source.fields += 1;
    members.set(member, field);
  }
  return field;
};

/** The field that keeps how many entries the map at `field` has; apart from the length of a list that may stand at the same path. */
export const entriesField = (field: Field): Field => {
  field.entries ??= makeField(field.table, systemPath(field.path, '$key'), matchItem(field.match), itemModes);
  return field.entries;
};

/** The table that takes the rows of the object or list at `field`. */
export const childTable = (field: Field): TableNode => {
  field.child ??= tableFor(field);
  return field.child;
};

/**
 * A path whose owner is stored as columns when it is an object, and in a table when it is a list, would have two parents; a table has one.
 * The parent that the path was first seen below keeps the path, and the other one's rows go to a table of a path of its own.
 */
const tableFor = (field: Field): TableNode => {
  const { tables } = field.table.source;
  if (isOwnPathFree(field)) return tables.get(field.path) ?? addTable(field, field.path);
  const path = alternativeTablePath(field.path, field.table.path);
  return tables.get(path) ?? addTable(field, path);
};

const isOwnPathFree = ({ path, table: parent }: Field): boolean => {
  const known = parent.source.tables.get(path);
  if (known !== undefined) return known.parent === parent;
  const physical = parent.source.physical.get(path);
  return physical === undefined || physical.parent === (parent.physical?.id ?? null);
};

const addTable = ({ table: parent, match }: Field, path: string): TableNode => {
  const table = makeTable(parent.source, path, parent, match);
  parent.source.tables.set(path, table);
  return table;
};
