import type { RawRecord, Value } from '@dsf/messages';
import { sourceDefinition } from '@dsf/metadata';
import type { Catalog, CatalogSource, PathRule, SourceDefinition } from '@dsf/metadata';
import type { Cell, FlatColumn, FlatRows, FlatSchema, FlatTable, FlattenEffects, SchemaChange, WarehouseCapabilities } from '@dsf/ports';
import { flattenPhase } from './flatten-phase.ts';

/*
 * For the specs of this room: sources in one line, and a path catalog in memory that takes schema changes as a warehouse does.
 */

export const capabilities: WarehouseCapabilities = { nameLengthMax: 128, columnsMax: 1024, decimal: { precision: 38, scale: 12 } };

export const emptySchema: FlatSchema = { version: 0, tables: [] };

type Rules = Readonly<Record<string, PathRule['policy'] | PathRule>>;

export const sourceOf = (rules: Rules = {}, definition: Partial<SourceDefinition> = {}): CatalogSource => ({
  id: 1,
  definition: { ...sourceDefinition.parse({ name: 'shop.orders' }), ...definition },
  topic: 'shop.orders',
  retired: false,
  rules: Object.entries(rules).map(([path, rule]) => ({ path, rule: typeof rule === 'object' ? rule : { policy: rule } })),
});

export const catalogOf = (source: CatalogSource): Catalog => ({
  version: 7,
  settings: { lanes: 4 },
  sources: [source],
  drivers: [],
  publications: [],
});

const utf8 = new TextEncoder();

/** A record whose payload is exactly this text, these bytes, or nothing. */
export const record = (payload: string | Uint8Array | null, offset = 0): RawRecord => ({
  source: 1,
  partition: 0,
  offset,
  time: 1_000,
  timeType: 'create',
  ingestedAt: 2_000,
  key: null,
  headers: [],
  payload: typeof payload === 'string' ? utf8.encode(payload) : payload,
});

const withChange = (tables: readonly FlatTable[], change: SchemaChange, id: number): readonly FlatTable[] => {
  if (change.kind === 'table') {
    const { source, path, name, parentPath } = change;
    const parent = parentPath === null ? null : tables.find((table) => table.path === parentPath);
    if (parent === undefined) throw new Error(`no parent ${parentPath} for ${path}`);
    return [...tables, { id, source, path, name, parent: parent?.id ?? null, columns: [] }];
  }
  return tables.map((table) => (table.path === change.tablePath ? { ...table, columns: columnsWith(table.columns, change, id) } : table));
};

const columnsWith = (
  columns: readonly FlatColumn[],
  change: Exclude<SchemaChange, { kind: 'table' }>,
  id: number,
): readonly FlatColumn[] => {
  if (change.kind === 'widen') return columns.map((column) => (column.name === change.column ? { ...column, type: change.type } : column));
  const { path, name, type, role } = change;
  return [...columns, { id, path, name, type, role }];
};

export const schemaWith = (schema: FlatSchema, changes: readonly SchemaChange[]): FlatSchema => {
  let { tables } = schema;
  for (const [index, change] of changes.entries()) tables = withChange(tables, change, (schema.version + 1) * 10_000 + index);
  return { version: schema.version + 1, tables };
};

export interface Flattened {
  readonly schema: FlatSchema;
  readonly effects: FlattenEffects;
  /** How often columns were missing. */
  readonly rounds: number;
}

/** What a warehouse is able to do, and what it holds already. */
export interface Ground {
  readonly schema: FlatSchema;
  readonly capabilities: WarehouseCapabilities;
}

/** Applies, adds what is missing, and applies again, as the runtime does. */
export const flattenRecords = (source: CatalogSource, records: readonly RawRecord[], ground: Partial<Ground> = {}): Flattened => {
  let schema = ground.schema ?? emptySchema;
  for (let rounds = 0; rounds < 6; rounds += 1) {
    const plan = flattenPhase.compile(catalogOf(source), schema, ground.capabilities ?? capabilities);
    const effects = flattenPhase.apply(plan, records);
    if (effects.missing.length === 0) return { schema, effects, rounds };
    schema = schemaWith(schema, flattenPhase.evolve(plan, effects.missing, schema));
  }
  throw new Error('the schema never has all that the records need');
};

/** Messages given as JSON text, one record each. */
export const flattenTexts = (source: CatalogSource, texts: readonly string[], ground: Partial<Ground> = {}): Flattened =>
  flattenRecords(
    source,
    texts.map((text, offset) => record(text, offset)),
    ground,
  );

export const tableOf = (schema: FlatSchema, path: string): FlatTable => {
  const table = schema.tables.find((each) => each.path === path);
  if (table === undefined) throw new Error(`no table ${path}; there are ${schema.tables.map((each) => `"${each.path}"`).join(', ')}`);
  return table;
};

/** The rows of a table by column name, without the cells that are NULL. */
export const cellsOf = (rows: FlatRows, path: string): readonly Readonly<Record<string, Cell>>[] => {
  const found = rows.tables.find(({ table }) => table.path === path);
  return (found?.rows ?? []).map(({ cells }) => {
    const named: Record<string, Cell> = {};
    for (const [index, { name }] of (found?.table.columns ?? []).entries()) {
      const cell = cells[index] ?? null;
      if (cell !== null) named[name] = cell;
    }
    return named;
  });
};

/**
 * What law F1 compares: a message as text, with sorted members, without those that are null and, when asked, without objects that are
 * then empty.
 */
export const normalText = (value: Value, dropEmpty = false): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if ('n' in value) return value.n;
  if ('l' in value) return `[${value.l.map((item) => normalText(item, dropEmpty)).join(',')}]`;
  const members = Object.entries(value.m)
    .map(([name, member]): [string, string] => [JSON.stringify(name), normalText(member, dropEmpty)])
    .filter(([, member]) => member !== 'null' && !(dropEmpty && member === '{}'));
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((member) => member.join(':'))
    .join(',')}}`;
};
