import type { DriverInstance } from '@dsf/metadata';
import {
  driverView,
  Failure,
  freeName,
  instanceTable,
  nameColumns,
  type FreeName,
  type InstanceLayout,
  type ShownInstance,
} from '@dsf/ports';
import { integer, json, text as textOf, truth } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { bySeeking, constraintName, keepRowLocks, measureType, momentOf, quoteName, type ColumnDefinition } from './dialect.ts';
import { describeSummaryTable, describeSummaryView } from './descriptions.ts';
import { collationKey, fitNames, freeUnderCollations } from './names.ts';
import { objectExists } from './schema-catalog.ts';
import { document, integer as int, raw, sql, text } from './sql.ts';

/*
 * One table per driver instance, and one view per driver that people read. The view shows one instance: the first, until another one is
 * live in every lane of summarise that has begun. So a changed driver computes beside the old one, and readers move over when it is
 * complete, also when the change is taken back.
 */

/** Where an instance's groups rest. */
export type SummaryLayout = InstanceLayout & { readonly table: string };

/** Free under every collation that a database may have. */
const freeColumn: FreeName = (wanted, taken) => {
  const candidate = freeName(wanted, taken);
  return freeUnderCollations(candidate, new Set([...taken].map(collationKey)), candidate);
};

const layoutOf = (instance: DriverInstance): SummaryLayout => {
  const { keys, measures } = nameColumns(instance, freeColumn);
  return {
    instance: instance.instance,
    driver: instance.name,
    table: fitNames(instanceTable(instance.name, instance.instance)),
    keys,
    measures: measures.map(({ name, type }) => ({ name, type })),
    windowed: instance.windowMs !== null,
  };
};

/** A key part may be text, a number or a truth value: people see it as text. What is longer is cut; the exact key is in `_dsf_key`. */
export const keyTextMax = 400;

/** Columns that people read, in the order of the layout: key parts, then measures. */
export const visibleColumns = ({ keys, measures }: Pick<SummaryLayout, 'keys' | 'measures'>): readonly ColumnDefinition[] => [
  ...keys.map((name) => ({ name, sqlType: `nvarchar(${keyTextMax})` })),
  ...measures.map(({ name, type }) => ({ name, sqlType: measureType(type) })),
];

const binary = 'COLLATE Latin1_General_100_BIN2';

/**
 * A group is found by the hash of its text, because a key may be longer than an index key (1,700 bytes). Clustered by a rising number, so that new
 * groups append; the second index is what a publisher walks along.
 */
export const createSummaryTable = (schema: string, layout: Pick<SummaryLayout, 'table' | 'keys' | 'measures'>): readonly string[] => {
  const table = `${schema}.${quoteName(layout.table)}`;
  const visible = visibleColumns(layout).map(({ name, sqlType }) => `,\n  ${quoteName(name)} ${sqlType} NULL`);
  return [
    `CREATE TABLE ${table} (
  [_dsf_id] bigint NOT NULL IDENTITY (1, 1),
  [_dsf_hash] binary(32) NOT NULL,
  [_dsf_group] nvarchar(max) ${binary} NOT NULL,
  [_dsf_lane] int NOT NULL,
  [_dsf_revision] bigint NOT NULL,
  [_dsf_status] varchar(10) ${binary} NOT NULL,
  [_dsf_reason] varchar(20) ${binary} NOT NULL,
  [_dsf_version] int NOT NULL,
  [_dsf_updated_ms] bigint NOT NULL,
  [_dsf_window_start_ms] bigint NULL,
  [_dsf_window_end_ms] bigint NULL,
  [_dsf_key] nvarchar(max) ${binary} NOT NULL,
  [_dsf_measures] nvarchar(max) ${binary} NOT NULL,
  [_dsf_states] nvarchar(max) ${binary} NOT NULL${visible.join('')},
  CONSTRAINT ${quoteName(constraintName('PK', layout.table))} PRIMARY KEY CLUSTERED ([_dsf_id]),
  CONSTRAINT ${quoteName(constraintName('UQ', layout.table))} UNIQUE ([_dsf_hash]),
  CONSTRAINT ${quoteName(constraintName('CK', layout.table, '__status'))} CHECK ([_dsf_status] IN ('live', 'failed', 'gone'))
)`,
    `CREATE INDEX ${quoteName(constraintName('IX', layout.table, '__revision'))} ON ${table} ([_dsf_lane], [_dsf_revision], [_dsf_hash])`,
    keepRowLocks(schema, layout.table),
  ];
};

export const createSummaryView = (schema: string, name: string, layout: SummaryLayout): string => {
  const window = layout.windowed
    ? [`${momentOf('[_dsf_window_start_ms]')} AS [window_start]`, `${momentOf('[_dsf_window_end_ms]')} AS [window_end]`]
    : [];
  const columns = [
    ...layout.keys.map(quoteName),
    ...window,
    ...layout.measures.map((measure) => quoteName(measure.name)),
    '[_dsf_revision]',
    `${momentOf('[_dsf_updated_ms]')} AS [_dsf_updated_at]`,
  ];
  return `CREATE VIEW ${schema}.${quoteName(name)} AS\n  SELECT ${columns.join(',\n    ')}\n  FROM ${schema}.${quoteName(layout.table)}\n  WHERE [_dsf_status] = 'live'`;
};

const layoutOfRow = (row: Row): SummaryLayout => {
  const [name, driver, table, keys, measures, windowed] = row;
  return {
    instance: textOf(name),
    driver: textOf(driver),
    table: textOf(table),
    keys: json<SummaryLayout['keys']>(keys),
    measures: json<SummaryLayout['measures']>(measures),
    windowed: truth(windowed),
  };
};

const layoutColumns = raw('[instance], [driver], [table_name], [key_columns], [measure_columns], [windowed]');

const readLayout = async (connection: Connection, instance: string): Promise<SummaryLayout | null> => {
  const row = await connection.first(
    sql`SELECT ${layoutColumns} FROM ${raw(connection.schemas.state)}.[driver_instance] WHERE [instance] = ${text(instance)}`,
  );
  return row === undefined ? null : layoutOfRow(row);
};

export const readLayouts = async (connection: Connection): Promise<readonly SummaryLayout[]> =>
  (await connection.all(sql`SELECT ${layoutColumns} FROM ${raw(connection.schemas.state)}.[driver_instance] ORDER BY [id]`)).map(
    layoutOfRow,
  );

/** Layouts by instance; they never change, so the cache is only ever too full. */
const layoutsMax = 1_000;

export const createLayoutCache = (): ((connection: Connection, instance: string) => Promise<SummaryLayout | null>) => {
  const known = new Map<string, SummaryLayout>();
  return async (connection, instance) => {
    const cached = known.get(instance);
    if (cached !== undefined) return cached;
    const layout = await readLayout(connection, instance);
    if (layout !== null) {
      if (known.size >= layoutsMax) known.clear();
      known.set(instance, layout);
    }
    return layout;
  };
};

const addInstance = async (connection: Connection, layout: SummaryLayout): Promise<void> => {
  const { schemas } = connection;
  for (const statement of createSummaryTable(schemas.data, layout)) await connection.exec(statement);
  await connection.exec(describeSummaryTable(schemas.base, layout));
  await connection.run(
    sql`INSERT INTO ${raw(schemas.state)}.[driver_instance] ([instance], [driver], [table_name], [key_columns], [measure_columns], [windowed]) VALUES (${text(layout.instance)}, ${text(layout.driver)}, ${text(layout.table)}, ${document(JSON.stringify(layout.keys))}, ${document(JSON.stringify(layout.measures))}, ${int(layout.windowed ? 1 : 0)})`,
  );
};

const makeView = async (connection: Connection, name: string, layout: SummaryLayout): Promise<void> => {
  await connection.exec(createSummaryView(connection.schemas.data, name, layout));
  await connection.exec(describeSummaryView(connection.schemas.base, name, layout));
};

const addView = async (connection: Connection, layout: SummaryLayout): Promise<void> => {
  const name = driverView(layout.driver);
  if (/^dsf_/i.test(name) || (await objectExists(connection, name))) {
    throw new Failure('fatal', 'warehouse.name-taken', `the table name ${name} is taken or reserved: give the driver another name`, {
      driver: layout.driver,
      table: name,
    });
  }
  await makeView(connection, name, layout);
  await connection.run(
    sql`INSERT INTO ${raw(connection.schemas.state)}.[summary_view] ([driver], [name], [instance]) VALUES (${text(layout.driver)}, ${text(name)}, ${text(layout.instance)})`,
  );
};

/** Another view under the same name, because its columns may be others. Grants belong on the schema, where they stay. */
const switchView = async (connection: Connection, name: string, layout: SummaryLayout): Promise<void> => {
  const { data, state } = connection.schemas;
  await connection.exec(`DROP VIEW IF EXISTS ${data}.${quoteName(name)}`);
  await makeView(connection, name, layout);
  await connection.run(
    sql`UPDATE ${raw(state)}.[summary_view] SET [instance] = ${text(layout.instance)} WHERE [driver] = ${text(layout.driver)}`,
  );
};

const isLiveAnywhere = async (connection: Connection, instance: string): Promise<boolean> =>
  (await connection.first(
    sql`SELECT TOP (1) 1 FROM ${raw(connection.schemas.state)}.[lane_instance] WHERE [instance] = ${text(instance)}`,
  )) !== undefined;

/**
 * Until the transaction ends nobody else makes an instance of the driver live, or moves its view. Taken before what is written of it: of two lanes that
 * go live at once, the second then finds what the first has committed, and neither takes the other for missing. An application lock needs no permission.
 * A lane has it after its row and waits, when it has it, for no other lane; who makes tables has it after the lock of the schema, which no lane asks for.
 * @throws Failure `retry` `warehouse.lock-timeout`
 */
const holdView = async (connection: Connection, driver: string): Promise<void> => {
  const resource = `dsf:${connection.schemas.base}:view:${driver}`;
  const found = await connection.first(
    sql`DECLARE @lock int; EXEC @lock = sp_getapplock @Resource = ${text(resource)}, @LockMode = 'Exclusive', @LockOwner = 'Transaction'; SELECT @lock`,
  );
  if (integer(found?.[0]) < 0)
    throw new Failure(
      'retry',
      'warehouse.lock-timeout',
      `another lane has held the application lock ${resource} for longer than DSF_MSSQL_LOCK_TIMEOUT`,
      { resource },
    );
};

/**
 * A lane that has no row, or was retired by a resize, has nothing that the view could miss. Lanes are read without waiting: one that has its turn holds its
 * row, and may wait for `holdView`. What is not committed of it is a higher seq, or a new lane, which looks itself when it goes live.
 */
const isLiveEverywhere = async (connection: Connection, instance: string): Promise<boolean> => {
  const state = raw(connection.schemas.state);
  const missing = await connection.first(
    sql`SELECT TOP (1) 1 FROM ${state}.[lane] AS l WITH (READUNCOMMITTED) WHERE l.[phase] = 'summarise' AND l.[lane] < COALESCE(CONVERT(int, JSON_VALUE(l.[facts], '$.lanes')), l.[lane] + 1) AND NOT EXISTS (SELECT 1 FROM ${state}.[lane_instance] AS i WHERE i.[lane] = l.[lane] AND i.[instance] = ${text(instance)}) ${raw(bySeeking)}`,
  );
  return missing === undefined;
};

const shownBy = async (connection: Connection, driver: string): Promise<{ readonly name: string; readonly instance: string } | null> => {
  const row = await connection.first(
    sql`SELECT [name], [instance] FROM ${raw(connection.schemas.state)}.[summary_view] WHERE [driver] = ${text(driver)}`,
  );
  return row === undefined ? null : { name: textOf(row[0]), instance: textOf(row[1]) };
};

/** Makes the table and the view of an instance where they are missing. An instance that nothing was computed for yields the view at once. */
export const ensureSummaryTable = async (connection: Connection, instance: DriverInstance): Promise<void> => {
  if ((await readLayout(connection, instance.instance)) !== null) return;
  const layout = layoutOf(instance);
  await holdView(connection, layout.driver);
  await addInstance(connection, layout);
  const shown = await shownBy(connection, layout.driver);
  if (shown === null) await addView(connection, layout);
  else if (!(await isLiveAnywhere(connection, shown.instance))) await switchView(connection, shown.name, layout);
};

export const readShown = async (connection: Connection): Promise<readonly ShownInstance[]> =>
  (await connection.all(sql`SELECT [driver], [instance] FROM ${raw(connection.schemas.state)}.[summary_view] ORDER BY [driver]`)).map(
    ([driver, instance]) => ({ driver: textOf(driver), instance: textOf(instance) }),
  );

export const readInstances = async (connection: Connection): Promise<readonly string[]> =>
  (await connection.all(sql`SELECT [instance] FROM ${raw(connection.schemas.state)}.[driver_instance] ORDER BY [id]`)).map(([instance]) =>
    textOf(instance),
  );

/** Exactly these are live in a lane from now on; views stay as they are. */
export const replaceLiveInstances = async (connection: Connection, lane: number, live: readonly string[]): Promise<void> => {
  const table = raw(`${connection.schemas.state}.[lane_instance]`);
  await connection.run(sql`DELETE FROM ${table} WHERE [lane] = ${int(lane)}`);
  for (const instance of live)
    await connection.run(sql`INSERT INTO ${table} ([lane], [instance]) VALUES (${int(lane)}, ${text(instance)})`);
};

export const readLiveInstances = async (connection: Connection, lane: number): Promise<readonly string[]> =>
  (
    await connection.all(
      sql`SELECT [instance] FROM ${raw(connection.schemas.state)}.[lane_instance] WHERE [lane] = ${int(lane)} ORDER BY [instance]`,
    )
  ).map(([instance]) => textOf(instance));

/** @param layout - of the instance; the view moves over to it when it is live in every lane that has begun */
export const setInstanceLive = async (
  connection: Connection,
  lane: number,
  change: { readonly layout: SummaryLayout; readonly live: boolean },
): Promise<void> => {
  const { layout, live } = change;
  const table = raw(`${connection.schemas.state}.[lane_instance]`);
  const instance = text(layout.instance);
  if (!live) {
    await connection.run(sql`DELETE FROM ${table} WHERE [lane] = ${int(lane)} AND [instance] = ${instance}`);
    return;
  }
  await holdView(connection, layout.driver);
  await connection.run(
    sql`INSERT INTO ${table} ([lane], [instance]) SELECT ${int(lane)}, ${instance} WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE [lane] = ${int(lane)} AND [instance] = ${instance})`,
  );
  const shown = await shownBy(connection, layout.driver);
  if (shown === null || shown.instance === layout.instance) return;
  if (await isLiveEverywhere(connection, layout.instance)) await switchView(connection, shown.name, layout);
};
