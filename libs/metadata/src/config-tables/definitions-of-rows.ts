import { definitionsSchema, type Definitions } from '../definitions.ts';
import type { Problem } from '../problem.ts';
import { placeOf } from './config-places.ts';
import type { ConfigCell, ConfigRow, ConfigRows, ConfigTableName, NameTable } from './config-tables.ts';

/*
 * The rows of the config tables into definitions. People write these rows by hand, so nothing in them is trusted: what does not make definitions
 * becomes a problem that names table, row and column.
 */

type Cell = ConfigCell | undefined;

/** Definitions as they were found, not yet checked, and the problems of finding them. */
export interface Found {
  readonly settings: unknown;
  readonly sources: readonly FoundSource[];
  readonly drivers: readonly FoundDriver[];
  readonly publications: readonly { readonly name: Cell }[];
  readonly connections: readonly { readonly name: Cell }[];
}
export interface FoundSource {
  readonly name: Cell;
  readonly paths: Readonly<Record<string, unknown>>;
}
export interface FoundDriver {
  readonly name: Cell;
  readonly inputs: readonly unknown[];
}

/** Members whose column is not NULL. */
const present = (members: Readonly<Record<string, Cell>>): Record<string, Cell> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));

const nameKey = (name: Cell): string => String(name).toLowerCase();

/** Rows by the name of their owner, compared as the tables compare names. */
const byOwner = (rows: readonly ConfigRow[], owner: string): ReadonlyMap<string, readonly ConfigRow[]> =>
  Map.groupBy(rows, (row) => nameKey(row[owner]));

interface Ownership {
  readonly table: ConfigTableName;
  readonly owners: ConfigTableName;
  /** Column that names the owner. */
  readonly owner: string;
}

const owned: readonly Ownership[] = [
  { table: 'source_header', owners: 'source', owner: 'source' },
  { table: 'source_path', owners: 'source', owner: 'source' },
  { table: 'driver_input', owners: 'driver', owner: 'driver' },
  { table: 'driver_expression', owners: 'driver', owner: 'driver' },
  { table: 'driver_key', owners: 'driver', owner: 'driver' },
  { table: 'measure', owners: 'driver', owner: 'driver' },
];

const orphan = (table: string, owners: string, name: string): Problem => ({
  code: 'metadata.orphan-row',
  message: `table ${table} has a row of '${name}', but ${owners} has no such row`,
  hint: `Insert '${name}' into ${owners}, or delete the row.`,
  at: [],
  severity: 'error',
});

/** Rows whose owner is not there, one problem per owner, as a tool without foreign keys can leave them. */
const orphans = (rows: ConfigRows, nameTable: NameTable): readonly Problem[] =>
  owned.flatMap(({ table, owners, owner }) => {
    const names = new Set(rows[owners].map(({ name }) => nameKey(name)));
    return [...byOwner(rows[table], owner)].flatMap(([name, some]) =>
      names.has(name) ? [] : some.slice(0, 1).map((row) => orphan(nameTable(table), nameTable(owners), String(row[owner]))),
    );
  });

const isTrue = (value: Cell): boolean => value === true || value === 1;

/** 0 and 1 as truth values; what is neither stays, for the schema to refuse. */
const truth = (value: Cell): Cell => (value === 0 || value === 1 ? value === 1 : value);

const pathRule = ({ policy, separator, column_name, column_type, long_form }: ConfigRow): unknown => {
  const rule = present({ policy, separator, name: column_name, type: column_type });
  return !isTrue(long_form) && policy !== null && Object.keys(rule).length === 1 ? policy : rule;
};

const findSources = (rows: ConfigRows): readonly FoundSource[] => {
  const headers = byOwner(rows.source_header, 'source');
  const paths = byOwner(rows.source_path, 'source');
  return rows.source.map((row) => {
    const { name, transport, connection, topic, partitions, start, table_name, tombstones, filter, key_column, names, detect } = row;
    const retention = present({ raw: row['retention_raw'], rows: row['retention_rows'] });
    return {
      name,
      transport,
      ...present({ connection, topic }),
      partitions,
      start,
      ...present({ table: table_name }),
      tombstones,
      ...present({ filter }),
      headers: Object.fromEntries((headers.get(nameKey(name)) ?? []).map(({ header, column_name }) => [String(header), column_name])),
      ...present({ key: key_column }),
      names,
      detect: truth(detect),
      depth_max: row['depth_max'],
      objects: row['objects'],
      lists: row['lists'],
      paths: Object.fromEntries((paths.get(nameKey(name)) ?? []).map((path) => [String(path['path']), pathRule(path)])),
      ...(Object.keys(retention).length === 0 ? {} : { retention }),
      ...present({ sample: row['sample'] }),
    };
  });
};

const measureOf = ({ short, function: name, of, max_items, column_type }: ConfigRow): unknown =>
  short ?? present({ function: name, of, max: max_items, type: column_type });

const findDrivers = (rows: ConfigRows): readonly FoundDriver[] => {
  const inputs = byOwner(rows.driver_input, 'driver');
  const expressions = byOwner(rows.driver_expression, 'driver');
  const keys = byOwner(rows.driver_key, 'driver');
  const measures = byOwner(rows.measure, 'driver');
  return rows.driver.map(({ name, event_time, window_kind, window_size }) => ({
    name,
    inputs: (inputs.get(nameKey(name)) ?? []).map(({ input, source, table_path, filter, event_time: time }) => ({
      source,
      ...present({ table: table_path, filter, event_time: time }),
      expressions: Object.fromEntries(
        (expressions.get(nameKey(name)) ?? [])
          .filter((row) => row['input'] === input)
          .map((row) => [String(row['name']), row['expression']]),
      ),
    })),
    key: Object.fromEntries((keys.get(nameKey(name)) ?? []).map((row) => [String(row['name']), row['expression']])),
    ...present({ event_time }),
    window: window_kind === 'none' ? 'none' : { tumbling: window_size },
    measures: Object.fromEntries((measures.get(nameKey(name)) ?? []).map((row) => [String(row['name']), measureOf(row)])),
  }));
};

interface Bodies {
  readonly found: Found['publications'];
  readonly problems: readonly Problem[];
}

const findPublications = ({ publication }: ConfigRows, nameTable: NameTable): Bodies => {
  const problems: Problem[] = [];
  const bodyOf = (name: Cell, body: Cell, index: number): { readonly body?: unknown } => {
    if (body === null) return {};
    try {
      return { body: JSON.parse(String(body)) };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      problems.push({
        code: 'metadata.row-invalid',
        message: `table ${nameTable('publication')}, row '${String(name)}', column body: not JSON: ${words}`,
        at: ['publications', index, 'body'],
        severity: 'error',
      });
      return {};
    }
  };
  const found = publication.map(
    ({ name, driver, transport, connection, topic, partitions, body, numbers, event_type, transactional }, index) => ({
      name,
      driver,
      transport,
      ...present({ connection, topic }),
      partitions,
      ...bodyOf(name, body, index),
      numbers,
      type: event_type,
      transactional: truth(transactional),
    }),
  );
  return { found, problems };
};

const findConnections = ({ connection }: ConfigRows): Found['connections'] =>
  connection.map((row) => {
    const { name, kind, brokers, client_id, tls, ca_file, cert_file, key_file, mechanism } = row;
    const { username_env, username_file, password_env, password_file, token_env, token_file } = row;
    const { project, region, endpoint, credentials_file } = row;
    return {
      name,
      kind,
      brokers: String(brokers)
        .split(',')
        .map((broker) => broker.trim())
        .filter((broker) => broker !== ''),
      client_id,
      ...(isTrue(tls) ? { tls: present({ ca_file, cert_file, key_file }) } : {}),
      ...(mechanism === null
        ? {}
        : { sasl: present({ mechanism, username_env, username_file, password_env, password_file, token_env, token_file }) }),
      ...present({ project, region, endpoint, credentials_file }),
    };
  });

export interface TablesRead {
  readonly definitions: Definitions | null;
  readonly problems: readonly Problem[];
}

/** @param nameTable - what the problems call a table */
export const definitionsOfRows = (rows: ConfigRows, nameTable: NameTable): TablesRead => {
  const publications = findPublications(rows, nameTable);
  const found: Found = {
    settings: present({ lanes: rows.setting[0]?.['lanes'] }),
    sources: findSources(rows),
    drivers: findDrivers(rows),
    publications: publications.found,
    connections: findConnections(rows),
  };
  const parsed = definitionsSchema.safeParse(found);
  const wrong = (parsed.error?.issues ?? []).map((issue): Problem => {
    const at = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    return {
      code: 'metadata.row-invalid',
      message: `${placeOf(found, at, nameTable)}: ${issue.message}`,
      hint: 'Correct the row and activate again.',
      at,
      severity: 'error',
    };
  });
  const problems = [...orphans(rows, nameTable), ...publications.problems, ...wrong];
  return { definitions: problems.length === 0 && parsed.success ? parsed.data : null, problems };
};
