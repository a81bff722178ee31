import { definitionsSchema } from '@dsf/metadata';
import type { Definitions, Problem } from '@dsf/metadata';
import { placeOf } from './config-places.ts';
import type { Connection, Row } from './connection.ts';

/*
 * The config tables into definitions. People write these rows by hand, so nothing in them is trusted: what does not make definitions
 * becomes a problem that names table, row and column.
 */

type Cell = Row[number] | undefined;

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

/** Rows by the name in their first column, compared as the tables compare names. */
const byOwner = (rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> => Map.groupBy(rows, ([owner]) => nameKey(owner));

const orphan = (table: string, owners: string, row: Row): Problem => ({
  code: 'metadata.orphan-row',
  message: `table ${table} has a row of '${String(row[0])}', but ${owners} has no such row`,
  hint: `Insert '${String(row[0])}' into ${owners}, or delete the row.`,
  at: [],
  severity: 'error',
});

const orphans = (
  table: string,
  owners: string,
  children: ReadonlyMap<string, readonly Row[]>,
  names: ReadonlySet<string>,
): readonly Problem[] =>
  [...children].flatMap(([name, rows]) => (names.has(name) ? [] : rows.slice(0, 1).map((row) => orphan(table, owners, row))));

const pathRule = ([, , policy, separator, name, type, longForm]: Row): unknown => {
  const rule = present({ policy, separator, name, type });
  return longForm !== 1 && policy !== null && Object.keys(rule).length === 1 ? policy : rule;
};

const truth = (value: Cell): Cell | boolean => (value === 0 || value === 1 ? value === 1 : value);

interface Gathered<Item> {
  readonly found: readonly Item[];
  readonly problems: readonly Problem[];
}

const findSources = (connection: Connection): Gathered<FoundSource> => {
  const headers = byOwner(connection.all('SELECT source, header, column_name FROM dsf_source_header ORDER BY position, header'));
  const paths = byOwner(
    connection.all(
      'SELECT source, path, policy, separator, column_name, column_type, long_form FROM dsf_source_path ORDER BY position, path',
    ),
  );
  const rows = connection.all(
    `SELECT name, transport, topic, partitions, start, table_name, tombstones, filter, key_column, names, detect, depth_max, objects, lists, sample, connection, retention_raw, retention_rows
      FROM dsf_source ORDER BY position, name`,
  );
  const found = rows.map(
    ([
      name,
      transport,
      topic,
      partitions,
      start,
      table,
      tombstones,
      filter,
      key,
      names,
      detect,
      depth,
      objects,
      lists,
      sample,
      via,
      keepRaw,
      keepRows,
    ]) => ({
      name,
      transport,
      ...present({ connection: via }),
      ...present({ topic }),
      partitions,
      start,
      ...present({ table }),
      tombstones,
      ...present({ filter }),
      headers: Object.fromEntries((headers.get(nameKey(name)) ?? []).map(([, header, column]) => [String(header), column])),
      ...present({ key }),
      names,
      detect: truth(detect),
      depth_max: depth,
      objects,
      lists,
      paths: Object.fromEntries((paths.get(nameKey(name)) ?? []).map((row) => [String(row[1]), pathRule(row)])),
      ...(keepRaw === null && keepRows === null ? {} : { retention: present({ raw: keepRaw, rows: keepRows }) }),
      ...present({ sample }),
    }),
  );
  const names = new Set(rows.map(([name]) => nameKey(name)));
  return {
    found,
    problems: [...orphans('dsf_source_header', 'dsf_source', headers, names), ...orphans('dsf_source_path', 'dsf_source', paths, names)],
  };
};

const measure = ([, , short, name, of, max, type]: Row): unknown => short ?? present({ function: name ?? undefined, of, max, type });

const findDrivers = (connection: Connection): Gathered<FoundDriver> => {
  const inputs = byOwner(
    connection.all('SELECT driver, input, source, table_path, filter, event_time FROM dsf_driver_input ORDER BY input'),
  );
  const expressions = byOwner(
    connection.all('SELECT driver, input, name, expression FROM dsf_driver_expression ORDER BY input, position, name'),
  );
  const keys = byOwner(connection.all('SELECT driver, name, expression FROM dsf_driver_key ORDER BY position, name'));
  const measures = byOwner(
    connection.all('SELECT driver, name, short, function, of, max_items, column_type FROM dsf_measure ORDER BY position, name'),
  );
  const rows = connection.all('SELECT name, event_time, window_kind, window_size FROM dsf_driver ORDER BY position, name');
  const found = rows.map(([name, eventTime, kind, size]) => ({
    name,
    inputs: (inputs.get(nameKey(name)) ?? []).map(([, input, source, table, filter, time]) => ({
      source,
      ...present({ table, filter, event_time: time }),
      expressions: Object.fromEntries(
        (expressions.get(nameKey(name)) ?? []).filter((row) => row[1] === input).map(([, , part, text]) => [String(part), text]),
      ),
    })),
    key: Object.fromEntries((keys.get(nameKey(name)) ?? []).map(([, part, text]) => [String(part), text])),
    ...present({ event_time: eventTime }),
    window: kind === 'none' ? 'none' : { tumbling: size },
    measures: Object.fromEntries((measures.get(nameKey(name)) ?? []).map((row) => [String(row[1]), measure(row)])),
  }));
  const names = new Set(rows.map(([name]) => nameKey(name)));
  const children = [
    ['dsf_driver_input', inputs] as const,
    ['dsf_driver_expression', expressions] as const,
    ['dsf_driver_key', keys] as const,
    ['dsf_measure', measures] as const,
  ];
  return { found, problems: children.flatMap(([table, owned]) => orphans(table, 'dsf_driver', owned, names)) };
};

const findPublications = (connection: Connection): Gathered<Found['publications'][number]> => {
  const problems: Problem[] = [];
  const bodyOf = (name: Cell, body: Cell, index: number): { readonly body?: unknown } => {
    if (body === null) return {};
    try {
      return { body: JSON.parse(String(body)) };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      problems.push({
        code: 'metadata.row-invalid',
        message: `table dsf_publication, row '${String(name)}', column body: not JSON: ${words}`,
        at: ['publications', index, 'body'],
        severity: 'error',
      });
      return {};
    }
  };
  const rows = connection.all(
    'SELECT name, driver, transport, topic, partitions, body, numbers, event_type, connection, transactional FROM dsf_publication ORDER BY position, name',
  );
  const found = rows.map(([name, driver, transport, topic, partitions, body, numbers, type, via, transactional], index) => ({
    name,
    driver,
    transport,
    ...present({ connection: via }),
    ...present({ topic }),
    partitions,
    ...bodyOf(name, body, index),
    numbers,
    type,
    transactional: truth(transactional),
  }));
  return { found, problems };
};

const findConnections = (connection: Connection): Found['connections'] =>
  connection
    .all(
      `SELECT name, kind, brokers, client_id, tls, ca_file, cert_file, key_file, mechanism, username_env, username_file, password_env, password_file,
        token_env, token_file FROM dsf_connection ORDER BY position, name`,
    )
    .map(([name, kind, brokers, clientId, tls, ca, cert, key, mechanism, ...places]) => {
      const [username_env, username_file, password_env, password_file, token_env, token_file] = places;
      const login = present({ mechanism, username_env, username_file, password_env, password_file, token_env, token_file });
      return {
        name,
        kind,
        brokers: String(brokers)
          .split(',')
          .map((broker) => broker.trim()),
        client_id: clientId,
        ...(tls === 1 ? { tls: present({ ca_file: ca, cert_file: cert, key_file: key }) } : {}),
        ...(mechanism === null ? {} : { sasl: login }),
      };
    });

export interface TablesRead {
  readonly definitions: Definitions | null;
  readonly problems: readonly Problem[];
}

export const readDefinitions = (connection: Connection): TablesRead => {
  const [lanes] = connection.first('SELECT lanes FROM dsf_setting WHERE id = 1') ?? [];
  const [sources, drivers, publications] = [findSources(connection), findDrivers(connection), findPublications(connection)];
  const found: Found = {
    settings: present({ lanes }),
    sources: sources.found,
    drivers: drivers.found,
    publications: publications.found,
    connections: findConnections(connection),
  };
  const parsed = definitionsSchema.safeParse(found);
  const wrong = (parsed.error?.issues ?? []).map((issue): Problem => {
    const at = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    return {
      code: 'metadata.row-invalid',
      message: `${placeOf(found, at)}: ${issue.message}`,
      hint: 'Correct the row and activate again.',
      at,
      severity: 'error',
    };
  });
  const problems = [...sources.problems, ...drivers.problems, ...publications.problems, ...wrong];
  return { definitions: problems.length === 0 && parsed.success ? parsed.data : null, problems };
};
