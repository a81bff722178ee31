import type { ConnectionDefinition, Definitions, DriverDefinition, PathRule, SourceDefinition } from '../definitions.ts';
import type { ConfigRow, ConfigRows } from './config-tables.ts';

/*
 * Definitions into the rows of the config tables.
 */

const sourceRow = (source: SourceDefinition, position: number): ConfigRow => ({
  name: source.name,
  position,
  transport: source.transport,
  connection: source.connection ?? null,
  topic: source.topic ?? null,
  partitions: source.partitions,
  start: source.start,
  table_name: source.table ?? null,
  tombstones: source.tombstones,
  filter: source.filter ?? null,
  key_column: source.key ?? null,
  names: source.names,
  detect: source.detect,
  depth_max: source.depth_max,
  objects: source.objects,
  lists: source.lists,
  sample: source.sample ?? null,
  retention_raw: source.retention?.raw ?? null,
  retention_rows: source.retention?.rows ?? null,
});

const headerRows = ({ name, headers }: SourceDefinition): readonly ConfigRow[] =>
  Object.entries(headers).map(([header, column], position) => ({ source: name, header, position, column_name: column }));

const isLonePolicy = (rule: PathRule): boolean => rule.policy !== undefined && Object.keys(rule).length === 1;

const pathRow = (source: string, entry: readonly [path: string, rule: SourceDefinition['paths'][string]], position: number): ConfigRow => {
  const [path, rule] = entry;
  const place = { source, path, position };
  if (typeof rule === 'string') return { ...place, policy: rule, separator: null, column_name: null, column_type: null, long_form: false };
  return {
    ...place,
    policy: rule.policy ?? null,
    separator: rule.separator ?? null,
    column_name: rule.name ?? null,
    column_type: rule.type ?? null,
    long_form: isLonePolicy(rule),
  };
};

const pathRows = ({ name, paths }: SourceDefinition): readonly ConfigRow[] =>
  Object.entries(paths).map((entry, position) => pathRow(name, entry, position));

const driverRow = ({ name, event_time, window }: DriverDefinition, position: number): ConfigRow => ({
  name,
  position,
  event_time: event_time ?? null,
  window_kind: window === 'none' ? 'none' : 'tumbling',
  window_size: window === 'none' ? null : window.tumbling,
});

const inputRows = ({ name, inputs }: DriverDefinition): readonly ConfigRow[] =>
  inputs.map((input, index) => ({
    driver: name,
    input: index,
    source: input.source,
    table_path: input.table ?? null,
    filter: input.filter ?? null,
    event_time: input.event_time ?? null,
  }));

const expressionRows = ({ name, inputs }: DriverDefinition): readonly ConfigRow[] =>
  inputs.flatMap(({ expressions }, input) =>
    Object.entries(expressions).map(([part, expression], position) => ({ driver: name, input, name: part, position, expression })),
  );

const keyRows = ({ name, key }: DriverDefinition): readonly ConfigRow[] =>
  Object.entries(key).map(([part, expression], position) => ({ driver: name, name: part, position, expression }));

const measureRows = ({ name, measures }: DriverDefinition): readonly ConfigRow[] =>
  Object.entries(measures).map(([column, measure], position) => {
    const short = typeof measure === 'string' ? measure : null;
    const long = typeof measure === 'string' ? null : measure;
    return {
      driver: name,
      name: column,
      position,
      short,
      function: long?.function ?? null,
      of: long?.of ?? null,
      max_items: long?.max ?? null,
      column_type: long?.type ?? null,
    };
  });

const publicationRow = (publication: Definitions['publications'][number], position: number): ConfigRow => ({
  name: publication.name,
  position,
  driver: publication.driver,
  transport: publication.transport,
  connection: publication.connection ?? null,
  topic: publication.topic ?? null,
  partitions: publication.partitions,
  body: publication.body === undefined ? null : JSON.stringify(publication.body),
  numbers: publication.numbers,
  event_type: publication.type,
  transactional: publication.transactional,
});

const connectionRow = (connection: ConnectionDefinition, position: number): ConfigRow => {
  const { name, kind, brokers, client_id, tls, sasl, project = null, region = null, endpoint = null, credentials_file = null } = connection;
  return {
    name,
    position,
    kind,
    brokers: brokers.join(','),
    client_id,
    tls: tls !== undefined,
    ca_file: tls?.ca_file ?? null,
    cert_file: tls?.cert_file ?? null,
    key_file: tls?.key_file ?? null,
    mechanism: sasl?.mechanism ?? null,
    username_env: sasl?.username_env ?? null,
    username_file: sasl?.username_file ?? null,
    password_env: sasl?.password_env ?? null,
    password_file: sasl?.password_file ?? null,
    token_env: sasl?.token_env ?? null,
    token_file: sasl?.token_file ?? null,
    project,
    region,
    endpoint,
    credentials_file,
  };
};

export const rowsOfDefinitions = ({ settings, sources, drivers, publications, connections }: Definitions): ConfigRows => ({
  setting: [{ id: 1, lanes: settings.lanes }],
  connection: connections.map(connectionRow),
  source: sources.map(sourceRow),
  source_header: sources.flatMap(headerRows),
  source_path: sources.flatMap(pathRows),
  driver: drivers.map(driverRow),
  driver_input: drivers.flatMap(inputRows),
  driver_expression: drivers.flatMap(expressionRows),
  driver_key: drivers.flatMap(keyRows),
  measure: drivers.flatMap(measureRows),
  publication: publications.map(publicationRow),
});
