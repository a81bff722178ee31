import type { ConnectionDefinition, Definitions, DriverDefinition, PathRule, SourceDefinition } from '@dsf/metadata';
import type { Bind, Connection } from './connection.ts';
import { createInsert, insertRows } from './insert-rows.ts';

/*
 * Definitions into the config tables. Everything that was there before goes; the caller's transaction makes that one step.
 */

type Insertion = readonly Bind[];

/** Children first, although the foreign keys would wait until the commit. */
const configTables = [
  'dsf_connection',
  'dsf_publication',
  'dsf_measure',
  'dsf_driver_key',
  'dsf_driver_expression',
  'dsf_driver_input',
  'dsf_driver',
  'dsf_source_path',
  'dsf_source_header',
  'dsf_source',
  'dsf_setting',
] as const;

const insert = (connection: Connection, into: string, rows: readonly Insertion[]): void => {
  const [first] = rows;
  if (first !== undefined)
    insertRows(connection, createInsert(`INSERT INTO ${into}`, first.length), rows, (row, values) => values.push(...row));
};

const sourceRow = (source: SourceDefinition, position: number): Insertion => [
  source.name,
  position,
  source.transport,
  source.topic ?? null,
  source.partitions,
  source.start,
  source.table ?? null,
  source.tombstones,
  source.filter ?? null,
  source.key ?? null,
  source.names,
  source.detect ? 1 : 0,
  source.depth_max,
  source.objects,
  source.lists,
  source.sample ?? null,
  source.connection ?? null,
  source.retention?.raw ?? null,
  source.retention?.rows ?? null,
];

const headerRows = ({ name, headers }: SourceDefinition): readonly Insertion[] =>
  Object.entries(headers).map(([header, column], position) => [name, header, position, column]);

const isLonePolicy = (rule: PathRule): boolean => rule.policy !== undefined && Object.keys(rule).length === 1;

const pathRow = (source: string, entry: readonly [path: string, rule: SourceDefinition['paths'][string]], position: number): Insertion => {
  const [path, rule] = entry;
  if (typeof rule === 'string') return [source, path, position, rule, null, null, null, 0];
  return [
    source,
    path,
    position,
    rule.policy ?? null,
    rule.separator ?? null,
    rule.name ?? null,
    rule.type ?? null,
    isLonePolicy(rule) ? 1 : 0,
  ];
};

const pathRows = ({ name, paths }: SourceDefinition): readonly Insertion[] =>
  Object.entries(paths).map((entry, position) => pathRow(name, entry, position));

const driverRow = ({ name, event_time, window }: DriverDefinition, position: number): Insertion =>
  window === 'none'
    ? [name, position, event_time ?? null, 'none', null]
    : [name, position, event_time ?? null, 'tumbling', window.tumbling];

const inputRows = ({ name, inputs }: DriverDefinition): readonly Insertion[] =>
  inputs.map((input, index) => [name, index, input.source, input.table ?? null, input.filter ?? null, input.event_time ?? null]);

const expressionRows = ({ name, inputs }: DriverDefinition): readonly Insertion[] =>
  inputs.flatMap(({ expressions }, index) =>
    Object.entries(expressions).map(([part, expression], position) => [name, index, part, position, expression]),
  );

const keyRows = ({ name, key }: DriverDefinition): readonly Insertion[] =>
  Object.entries(key).map(([part, expression], position) => [name, part, position, expression]);

const measureRows = ({ name, measures }: DriverDefinition): readonly Insertion[] =>
  Object.entries(measures).map(([column, measure], position) =>
    typeof measure === 'string'
      ? [name, column, position, measure, null, null, null, null]
      : [name, column, position, null, measure.function, measure.of ?? null, measure.max ?? null, measure.type ?? null],
  );

const publicationRow = (publication: Definitions['publications'][number], position: number): Insertion => [
  publication.name,
  position,
  publication.driver,
  publication.transport,
  publication.topic ?? null,
  publication.partitions,
  publication.body === undefined ? null : JSON.stringify(publication.body),
  publication.numbers,
  publication.type,
  publication.connection ?? null,
  publication.transactional ? 1 : 0,
];

const connectionRow = ({ name, kind, brokers, client_id, tls, sasl }: ConnectionDefinition, position: number): Insertion => [
  name,
  position,
  kind,
  brokers.join(','),
  client_id,
  tls === undefined ? 0 : 1,
  tls?.ca_file ?? null,
  tls?.cert_file ?? null,
  tls?.key_file ?? null,
  sasl?.mechanism ?? null,
  sasl?.username_env ?? null,
  sasl?.username_file ?? null,
  sasl?.password_env ?? null,
  sasl?.password_file ?? null,
  sasl?.token_env ?? null,
  sasl?.token_file ?? null,
];

export const replaceConfigRows = (connection: Connection, { settings, sources, drivers, publications, connections }: Definitions): void => {
  for (const table of configTables) connection.run(`DELETE FROM ${table}`);
  insert(connection, 'dsf_setting (id, lanes)', [[1, settings.lanes]]);
  insert(
    connection,
    'dsf_source (name, position, transport, topic, partitions, start, table_name, tombstones, filter, key_column, names, detect, depth_max, objects, lists, sample, connection, retention_raw, retention_rows)',
    sources.map(sourceRow),
  );
  insert(connection, 'dsf_source_header (source, header, position, column_name)', sources.flatMap(headerRows));
  insert(
    connection,
    'dsf_source_path (source, path, position, policy, separator, column_name, column_type, long_form)',
    sources.flatMap(pathRows),
  );
  insert(connection, 'dsf_driver (name, position, event_time, window_kind, window_size)', drivers.map(driverRow));
  insert(connection, 'dsf_driver_input (driver, input, source, table_path, filter, event_time)', drivers.flatMap(inputRows));
  insert(connection, 'dsf_driver_expression (driver, input, name, position, expression)', drivers.flatMap(expressionRows));
  insert(connection, 'dsf_driver_key (driver, name, position, expression)', drivers.flatMap(keyRows));
  insert(connection, 'dsf_measure (driver, name, position, short, function, of, max_items, column_type)', drivers.flatMap(measureRows));
  insert(
    connection,
    'dsf_publication (name, position, driver, transport, topic, partitions, body, numbers, event_type, connection, transactional)',
    publications.map(publicationRow),
  );
  insert(
    connection,
    'dsf_connection (name, position, kind, brokers, client_id, tls, ca_file, cert_file, key_file, mechanism, username_env, username_file, password_env, password_file, token_env, token_file)',
    connections.map(connectionRow),
  );
};
