import type { DriverInstance } from '@dsf/metadata';
import { driverView, Failure, instanceTable, nameColumns, type InstanceLayout, type ShownInstance } from '@dsf/ports';
import { integer, json, text } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { declaredType, quoteName } from './dialect.ts';

/*
 * One table per driver instance, and one view per driver that people read. The view shows one instance: the first, until another one is
 * live in every lane of summarise that has begun. So a changed driver computes beside the old one, and readers move over when it is
 * complete, also when the change is taken back.
 */

/** Where an instance's groups rest. */
export type SummaryLayout = InstanceLayout & { readonly table: string };

const layoutOf = (instance: DriverInstance): SummaryLayout => {
  const { keys, measures } = nameColumns(instance);
  return {
    instance: instance.instance,
    driver: instance.name,
    table: instanceTable(instance.name, instance.instance),
    keys,
    measures: measures.map(({ name, type }) => ({ name, type })),
    windowed: instance.windowMs !== null,
  };
};

/**
 * A key part may be text, a number or a truth value, and a count must stay exact whatever it is: such columns have no declared type, so
 * that SQLite keeps what it is given.
 */
const measureDefinition = ({ name, type }: SummaryLayout['measures'][number]): string =>
  type === 'bigint' ? quoteName(name) : `${quoteName(name)} ${declaredType(type)}`;

/**
 * A rowid table: groups of the same time stand together, in the order in which they came. Ordered by their text, which begins with the key, each
 * batch would touch pages all over the table: 50 µs a group instead of 28, and every checkpoint would write the table whole.
 */
const createTable = (layout: SummaryLayout): readonly string[] => [
  `CREATE TABLE ${quoteName(layout.table)} (
  _dsf_group TEXT NOT NULL UNIQUE,
  _dsf_lane INTEGER NOT NULL,
  _dsf_revision INTEGER NOT NULL,
  _dsf_status TEXT NOT NULL CHECK (_dsf_status IN ('live', 'failed', 'gone')),
  _dsf_reason TEXT NOT NULL,
  _dsf_version INTEGER NOT NULL,
  _dsf_updated_at INTEGER NOT NULL,
  _dsf_window_start INTEGER,
  _dsf_window_end INTEGER,
  _dsf_key TEXT NOT NULL,
  _dsf_measures TEXT NOT NULL,
  _dsf_states TEXT NOT NULL${[...layout.keys.map(quoteName), ...layout.measures.map(measureDefinition)].map((definition) => `,\n  ${definition}`).join('')}
)`,
  `CREATE INDEX ${quoteName(`${layout.table}__revision`)} ON ${quoteName(layout.table)} (_dsf_lane, _dsf_revision)`,
];

const rfc3339 = (column: string, name: string): string => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch') AS ${name}`;

const createView = (name: string, layout: SummaryLayout): string => {
  const window = layout.windowed ? [rfc3339('_dsf_window_start', 'window_start'), rfc3339('_dsf_window_end', 'window_end')] : [];
  const measures = layout.measures.map((measure) => quoteName(measure.name));
  const columns = [...layout.keys.map(quoteName), ...window, ...measures, '_dsf_revision', rfc3339('_dsf_updated_at', '_dsf_updated_at')];
  return `CREATE VIEW ${quoteName(name)} AS\n  SELECT ${columns.join(',\n    ')}\n  FROM ${quoteName(layout.table)}\n  WHERE _dsf_status = 'live'`;
};

const select = 'SELECT instance, driver, table_name, key_columns, measure_columns, windowed FROM dsf_instance';

const layoutOfRow = (row: Row): SummaryLayout => {
  const [name, driver, table, keys, measures, windowed] = row;
  return {
    instance: text(name),
    driver: text(driver),
    table: text(table),
    keys: json<SummaryLayout['keys']>(keys),
    measures: json<SummaryLayout['measures']>(measures),
    windowed: integer(windowed) === 1,
  };
};

const readLayout = (connection: Connection, instance: string): SummaryLayout | null => {
  const row = connection.first(`${select} WHERE instance = ?`, instance);
  return row === undefined ? null : layoutOfRow(row);
};

export const readLayouts = (connection: Connection): readonly SummaryLayout[] => connection.all(`${select} ORDER BY id`).map(layoutOfRow);

/** Layouts by instance; they never change, so the cache is only ever too full. */
const layoutsMax = 1_000;

export const createLayoutCache = (): ((connection: Connection, instance: string) => SummaryLayout | null) => {
  const known = new Map<string, SummaryLayout>();
  return (connection, instance) => {
    const cached = known.get(instance);
    if (cached !== undefined) return cached;
    const layout = readLayout(connection, instance);
    if (layout !== null) {
      if (known.size >= layoutsMax) known.clear();
      known.set(instance, layout);
    }
    return layout;
  };
};

const addInstance = (connection: Connection, layout: SummaryLayout): void => {
  for (const statement of createTable(layout)) connection.exec(statement);
  connection.run(
    'INSERT INTO dsf_instance (instance, driver, table_name, key_columns, measure_columns, windowed) VALUES (?, ?, ?, ?, ?, ?)',
    layout.instance,
    layout.driver,
    layout.table,
    JSON.stringify(layout.keys),
    JSON.stringify(layout.measures),
    layout.windowed ? 1 : 0,
  );
};

const addView = (connection: Connection, layout: SummaryLayout): void => {
  const name = driverView(layout.driver);
  if (connection.first('SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE', name) !== undefined || /^(dsf_|sqlite_)/i.test(name)) {
    throw new Failure('fatal', 'warehouse.name-taken', `the table name ${name} is taken or reserved: give the driver another name`, {
      driver: layout.driver,
      table: name,
    });
  }
  connection.exec(createView(name, layout));
  connection.run('INSERT INTO dsf_summary_view (driver, name, instance) VALUES (?, ?, ?)', layout.driver, name, layout.instance);
};

const switchView = (connection: Connection, name: string, layout: SummaryLayout): void => {
  connection.exec(`DROP VIEW IF EXISTS ${quoteName(name)}`);
  connection.exec(createView(name, layout));
  connection.run('UPDATE dsf_summary_view SET instance = ? WHERE driver = ?', layout.instance, layout.driver);
};

const isLiveAnywhere = (connection: Connection, instance: string): boolean =>
  connection.first('SELECT 1 FROM dsf_lane_instance WHERE instance = ? LIMIT 1', instance) !== undefined;

/** A lane that has no row in dsf_lane, or was retired by a resize, has nothing that the view could miss. */
const isLiveEverywhere = (connection: Connection, instance: string): boolean =>
  connection.first(
    `SELECT 1 FROM dsf_lane WHERE phase = 'summarise' AND lane < coalesce(json_extract(facts, '$.lanes'), lane + 1)
      AND lane NOT IN (SELECT lane FROM dsf_lane_instance WHERE instance = ?) LIMIT 1`,
    instance,
  ) === undefined;

const shownBy = (connection: Connection, driver: string): { readonly name: string; readonly instance: string } | null => {
  const row = connection.first('SELECT name, instance FROM dsf_summary_view WHERE driver = ?', driver);
  return row === undefined ? null : { name: text(row[0]), instance: text(row[1]) };
};

/** Makes the table and the view of an instance where they are missing. An instance that nothing was computed for yields the view at once. */
export const ensureSummaryTable = (connection: Connection, instance: DriverInstance): void => {
  if (readLayout(connection, instance.instance) !== null) return;
  const layout = layoutOf(instance);
  addInstance(connection, layout);
  const shown = shownBy(connection, layout.driver);
  if (shown === null) addView(connection, layout);
  else if (!isLiveAnywhere(connection, shown.instance)) switchView(connection, shown.name, layout);
};

export const readShown = (connection: Connection): readonly ShownInstance[] =>
  connection
    .all('SELECT driver, instance FROM dsf_summary_view ORDER BY driver')
    .map(([driver, instance]) => ({ driver: text(driver), instance: text(instance) }));

export const readInstances = (connection: Connection): readonly string[] =>
  connection.all('SELECT instance FROM dsf_instance ORDER BY id').map(([instance]) => text(instance));

/** Exactly these are live in a lane from now on; views stay as they are. */
export const replaceLiveInstances = (connection: Connection, lane: number, live: readonly string[]): void => {
  connection.run('DELETE FROM dsf_lane_instance WHERE lane = ?', lane);
  for (const instance of live) connection.run('INSERT INTO dsf_lane_instance (lane, instance) VALUES (?, ?)', lane, instance);
};

export const readLiveInstances = (connection: Connection, lane: number): readonly string[] =>
  connection.all('SELECT instance FROM dsf_lane_instance WHERE lane = ? ORDER BY instance', lane).map(([instance]) => text(instance));

/** @param layout - of the instance; the view moves over to it when it is live in every lane that has begun */
export const setInstanceLive = (
  connection: Connection,
  lane: number,
  change: { readonly layout: SummaryLayout; readonly live: boolean },
): void => {
  const { layout, live } = change;
  if (!live) {
    connection.run('DELETE FROM dsf_lane_instance WHERE lane = ? AND instance = ?', lane, layout.instance);
    return;
  }
  connection.run('INSERT INTO dsf_lane_instance (lane, instance) VALUES (?, ?) ON CONFLICT DO NOTHING', lane, layout.instance);
  const shown = shownBy(connection, layout.driver);
  if (shown === null || shown.instance === layout.instance) return;
  if (isLiveEverywhere(connection, layout.instance)) switchView(connection, shown.name, layout);
};
