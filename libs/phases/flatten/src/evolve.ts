import type { ColumnType } from '@dsf/metadata';
import type { FlatColumn, FlatSchema, MissingPath, SchemaChange, WarehouseCapabilities } from '@dsf/ports';
import { countColumns, isFull, placeOf, restName, variantEnding, variantType } from './columns.ts';
import { columnWish, tableWish } from './wishes.ts';
import { foldName, freeName } from './names.ts';
import type { CellType, FlattenPlan, SourcePlan } from './plan.ts';
import { declaredType, matchPath } from './rules.ts';

type MissingTable = Extract<MissingPath, { kind: 'table' }>;
type MissingColumn = Extract<MissingPath, { kind: 'column' }>;

/** A table as it will be when the changes so far are made. */
interface Draft {
  readonly source: number;
  readonly path: string;
  readonly name: string;
  readonly parentPath: string | null;
  readonly columns: Omit<FlatColumn, 'id'>[];
  readonly taken: Set<string>;
  /** Where in `columns` the value of a path stands: a message may ask for 100,000 columns, and each is looked for. */
  readonly valueAt: Map<string, number>;
  /** Columns without `_dsf_rest`. */
  count: number;
}

interface Drafts {
  readonly plan: FlattenPlan;
  readonly tables: Map<string, Draft>;
  readonly tableNames: Set<string>;
  readonly changes: SchemaChange[];
}

const tableKey = (source: number, path: string): string => `${source}:${path}`;

const draftsOf = (plan: FlattenPlan, schema: FlatSchema): Drafts => {
  const pathById = new Map(schema.tables.map(({ id, path }) => [id, path]));
  const tables = schema.tables.map(({ source, path, name, parent, columns }): [string, Draft] => [
    tableKey(source, path),
    {
      source,
      path,
      name,
      parentPath: parent === null ? null : (pathById.get(parent) ?? null),
      columns: [...columns],
      taken: new Set(columns.map((column) => foldName(column.name))),
      valueAt: new Map(columns.flatMap(({ role, path: at }, index) => (role === 'value' ? [[at, index]] : []))),
      count: countColumns(columns),
    },
  ]);
  return { plan, tables: new Map(tables), tableNames: new Set(schema.tables.map(({ name }) => foldName(name))), changes: [] };
};

const addTable = (drafts: Drafts, source: SourcePlan, missing: MissingTable): void => {
  const { tables, tableNames, changes } = drafts;
  const key = tableKey(missing.source, missing.path);
  if (tables.has(key)) return;
  const wanted = tableWish(source, missing.path, tables.get(tableKey(missing.source, ''))?.name ?? null);
  const name = freeName({ wanted, ending: '', identity: key, taken: tableNames, lengthMax: source.capabilities.nameLengthMax });
  const { path, parentPath } = missing;
  tableNames.add(foldName(name));
  tables.set(key, { source: missing.source, path, name, parentPath, columns: [], taken: new Set(), valueAt: new Map(), count: 0 });
  changes.push({ kind: 'table', source: missing.source, path, parentPath, name });
};

interface NewColumn {
  readonly path: string;
  readonly role: FlatColumn['role'];
  readonly type: ColumnType;
  /** Name that it asks for, and the ending that always stays whole. */
  readonly wanted: string;
  readonly ending: string;
}

const pushColumn = (drafts: Drafts, draft: Draft, column: Omit<FlatColumn, 'id'>): void => {
  if (column.role === 'value') draft.valueAt.set(column.path, draft.columns.length);
  if (column.role !== 'rest') draft.count += 1;
  draft.columns.push(column);
  draft.taken.add(foldName(column.name));
  drafts.changes.push({ kind: 'column', source: draft.source, tablePath: draft.path, ...column });
};

/** Adds a column, or `_dsf_rest` when there is room for nothing else. */
const addColumn = (
  drafts: Drafts,
  draft: Draft,
  { path, role, type, wanted, ending }: NewColumn,
  capabilities: WarehouseCapabilities,
): void => {
  if (isFull(draft.count, capabilities)) return addRest(drafts, draft);
  const identity = `${tableKey(draft.source, draft.path)}\n${path}${ending}`;
  pushColumn(drafts, draft, {
    path,
    name: freeName({ wanted, ending, identity, taken: draft.taken, lengthMax: capabilities.nameLengthMax }),
    type,
    role,
  });
};

const addRest = (drafts: Drafts, draft: Draft): void => {
  if (draft.count === draft.columns.length) pushColumn(drafts, draft, { path: '', name: restName, type: 'json', role: 'rest' });
};

/** What is missing for the values of one path: every type that was met. */
interface MissingValues {
  readonly first: MissingColumn;
  readonly types: ReadonlySet<CellType>;
}

const cellTypeOf = (missing: MissingColumn): CellType => (missing.exactNumber === true ? 'number' : missing.type);

/** Type of a new column: what config says, else what the first value has; wide enough at once for numbers of both kinds. */
const firstType = ({ first, types }: MissingValues, declared: ColumnType | null): ColumnType => {
  if (declared !== null) return declared;
  const type = cellTypeOf(first);
  if (type === 'number' || (type === 'bigint' && (types.has('decimal') || types.has('number')))) return 'decimal';
  return type;
};

const addValues = (drafts: Drafts, source: SourcePlan, draft: Draft, values: MissingValues): void => {
  const { capabilities } = source;
  const { path } = values.first;
  const declared = declaredType(matchPath(source.rules, path));
  const wanted = columnWish(source, draft.path, path);
  if (!draft.valueAt.has(path)) {
    addColumn(drafts, draft, { path, role: 'value', type: firstType(values, declared), wanted, ending: '' }, capabilities);
  }
  for (const type of values.types) {
    const index = draft.valueAt.get(path);
    const own = index === undefined ? undefined : draft.columns[index];
    if (index === undefined || own === undefined) return;
    const place = placeOf(own.type, type, declared, capabilities);
    if (place === 'widen') {
      draft.columns[index] = { ...own, type: 'decimal' };
      drafts.changes.push({ kind: 'widen', source: draft.source, tablePath: draft.path, column: own.name, type: 'decimal' });
    } else if (place === 'variant' && !hasVariant(draft, path, type)) {
      addColumn(
        drafts,
        draft,
        { path, role: 'variant', type: type === 'number' ? 'text' : type, wanted: own.name, ending: variantEnding(type) },
        capabilities,
      );
    }
  }
};

const hasVariant = (draft: Draft, path: string, type: CellType): boolean =>
  draft.columns.some((column) => column.role === 'variant' && column.path === path && variantType(column) === type);

const addLength = (drafts: Drafts, source: SourcePlan, draft: Draft, path: string): void => {
  if (draft.columns.some((column) => column.role === 'length' && column.path === path)) return;
  addColumn(
    drafts,
    draft,
    { path, role: 'length', type: 'bigint', wanted: columnWish(source, draft.path, path), ending: '__n' },
    source.capabilities,
  );
};

const addMissingColumn = (drafts: Drafts, source: SourcePlan, missing: MissingColumn, types: ReadonlySet<CellType>): void => {
  const draft = drafts.tables.get(tableKey(missing.source, missing.tablePath));
  if (draft === undefined) return;
  if (missing.role === 'rest') addRest(drafts, draft);
  else if (missing.role === 'length') addLength(drafts, source, draft, missing.path);
  else addValues(drafts, source, draft, { first: missing, types });
};

const valueKey = (missing: MissingColumn): string => JSON.stringify([missing.source, missing.tablePath, missing.path]);

const typesByPath = (missing: readonly MissingPath[]): ReadonlyMap<string, ReadonlySet<CellType>> => {
  const types = new Map<string, Set<CellType>>();
  for (const each of missing) {
    if (each.kind !== 'column' || each.role !== 'value') continue;
    const known = types.get(valueKey(each)) ?? new Set<CellType>();
    types.set(valueKey(each), known.add(cellTypeOf(each)));
  }
  return types;
};

/**
 * Names and types for what is missing, against the schema as it is now, which others may have changed since `missing` was found: empty
 * when it has everything. Tables stand before their columns and their children.
 */
export const evolve = (plan: FlattenPlan, missing: readonly MissingPath[], schema: FlatSchema): readonly SchemaChange[] => {
  const drafts = draftsOf(plan, schema);
  const types = typesByPath(missing);
  // Somebody gave the path to another parent meanwhile: flattening again finds that, and asks for a table of its own.
  const lost = new Set<string>();
  for (const each of missing) {
    const source = plan.sources.get(each.source);
    if (source === undefined) continue;
    if (each.kind === 'table') {
      const key = tableKey(each.source, each.path);
      const parentIsLost = each.parentPath !== null && lost.has(tableKey(each.source, each.parentPath));
      const known = drafts.tables.get(key);
      if (parentIsLost || (known !== undefined && known.parentPath !== each.parentPath)) lost.add(key);
      else addTable(drafts, source, each);
    } else if (!lost.has(tableKey(each.source, each.tablePath))) {
      addMissingColumn(drafts, source, each, types.get(each.role === 'value' ? valueKey(each) : '') ?? new Set());
    }
  }
  return drafts.changes;
};
