import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Failure } from '@dsf/ports';
import type { MssqlClient } from './client.ts';
import { integer, text as textOf } from './columns.ts';
import { assertCompatible } from './compatibility.ts';
import type { Connection } from './connection.ts';
import { roles } from './permission-advice.ts';
import { integer as int, raw, sql, text, word } from './sql.ts';
import { failureOf } from './verdict.ts';

/** One numbered file of deploy/sql/mssql. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  /** With `$(schema)` where the name of the schema belongs. */
  readonly sql: string;
  /** sha256 of the text, with line ends as `\n`; hex. */
  readonly checksum: string;
  /** What the server may lack, so that the file may be left out: the first line says `-- optional: <what>`. */
  readonly optional: string | null;
  /** The optional file that this one stands in for: it is left out where that one was applied. The first line says `-- instead of: <name>`. */
  readonly insteadOf: string | null;
}

const folder = new URL('../../../../deploy/sql/mssql/', import.meta.url);

const headOf = (sql: string, word: 'optional' | 'instead of'): string | null =>
  new RegExp(`^-- ${word}: (.+)$`, 'm').exec(sql.slice(0, 500))?.[1] ?? null;

const migrationOf = (name: string, file: URL): Migration => {
  const content = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  return {
    id: Number(name.slice(0, 4)),
    name,
    sql: content,
    checksum: createHash('sha256').update(content).digest('hex'),
    optional: headOf(content, 'optional'),
    insteadOf: headOf(content, 'instead of'),
  };
};

/** The migrations of this build, in order. @throws Failure `fatal` `warehouse.migrations-missing` when the installation lacks them */
export const readMigrations = (): readonly Migration[] => {
  try {
    const names = readdirSync(folder).filter((name) => /^\d{4}_.*\.sql$/.test(name));
    return names.toSorted().map((name) => migrationOf(name, new URL(name, folder)));
  } catch (error) {
    throw new Failure(
      'fatal',
      'warehouse.migrations-missing',
      'the SQL files of deploy/sql/mssql are not installed: install DSF again',
      { folder: fileURLToPath(folder) },
      { cause: error },
    );
  }
};

/** A script as its batches: what stands between lines of GO, as sqlcmd reads it. */
export const batchesOf = (script: string, base: string): readonly string[] =>
  script
    .replaceAll('$(schema)', base)
    .split(/^GO[ \t]*$/m)
    .map((batch) => batch.trim())
    .filter((batch) => batch.replaceAll(/--[^\n]*/g, '').trim() !== '');

export interface Applied {
  readonly id: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: number;
  readonly appliedBy: string;
  /** Why an optional one was left out; null when it was applied. */
  readonly skipped: string | null;
}

const momentOf = (value: unknown): number => (value instanceof Date ? value.getTime() : 0);

/** The catalog hides what a login may not see, so what it does not show may be there: a question tells. @throws Failure `fatal` `warehouse.permission` */
const assertAbsent = async (connection: Connection): Promise<void> => {
  const { base, state } = connection.schemas;
  try {
    await connection.all(sql`SELECT TOP (0) [id] FROM ${raw(state)}.[migration]`);
  } catch (error) {
    const failure = failureOf(error, {});
    if (!(failure instanceof Failure) || failure.code !== 'warehouse.permission') return;
    throw new Failure(
      'fatal',
      failure.code,
      `the login may not read ${state}.[migration]: GRANT SELECT ON SCHEMA::${state} TO [<user>], ${roles}; for \`dsf migrate\` that is [${base}_migrator]`,
      { ...failure.facts, schema: base },
      { cause: error },
    );
  }
};

export const readApplied = async (connection: Connection): Promise<readonly Applied[]> => {
  const state = raw(connection.schemas.state);
  const ledger = await connection.first(
    sql`SELECT 1 FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name = ${text(`${connection.schemas.base}_state`)} AND t.name = 'migration'`,
  );
  if (ledger === undefined) {
    await assertAbsent(connection);
    return [];
  }
  const rows = await connection.all(
    sql`SELECT [id], [name], [sha256], [applied_at], [applied_by], [skipped] FROM ${state}.[migration] ORDER BY [id]`,
  );
  return rows.map(([id, name, checksum, at, by, skipped]) => ({
    id: integer(id),
    name: textOf(name),
    checksum: textOf(checksum),
    appliedAt: momentOf(at),
    appliedBy: textOf(by),
    skipped: typeof skipped === 'string' ? skipped : null,
  }));
};

/** As `readApplied`, before anything is migrated. @throws Failure `fatal` `warehouse.compatibility-level` */
export const readCompatible = async (connection: Connection): Promise<readonly Applied[]> => {
  await assertCompatible(connection);
  return readApplied(connection);
};

/** Migrations that the database lacks. @throws Failure `fatal` when it has one that this build does not know, or knows differently */
export const missingFrom = (applied: readonly Applied[], migrations: readonly Migration[]): readonly Migration[] => {
  const known = new Map(migrations.map((migration) => [migration.id, migration]));
  for (const { id, name, checksum } of applied) {
    const migration = known.get(id);
    if (migration === undefined) {
      throw new Failure(
        'fatal',
        'warehouse.database-newer',
        `the database was made by a newer DSF (it has ${name}): run that version, or restore an older backup`,
        { migration: name },
      );
    }
    if (migration.checksum !== checksum) {
      throw new Failure(
        'fatal',
        'warehouse.migration-changed',
        `${name} is not the file that was applied to this database: install the DSF that made it`,
        { migration: name },
      );
    }
  }
  const done = new Set(applied.map(({ id }) => id));
  return migrations.filter(({ id }) => !done.has(id));
};

export const ledgerScript = `-- Which numbered files this database has.
IF SCHEMA_ID(N'$(schema)_state') IS NULL EXEC (N'CREATE SCHEMA [$(schema)_state]');
GO
IF OBJECT_ID(N'[$(schema)_state].[migration]') IS NULL
  CREATE TABLE [$(schema)_state].[migration] (
    [id]         int              NOT NULL CONSTRAINT [PK_migration] PRIMARY KEY CLUSTERED,
    [name]       nvarchar(128)    NOT NULL,
    [sha256]     char(64)         NOT NULL,
    [applied_at] datetimeoffset(3) NOT NULL CONSTRAINT [DF_migration_applied_at] DEFAULT (SYSDATETIMEOFFSET()),
    [applied_by] nvarchar(128)    NOT NULL CONSTRAINT [DF_migration_applied_by] DEFAULT (SUSER_SNAME()),
    [skipped]    nvarchar(max)    NULL
  );
GO
`;

const record = (connection: Connection, { id, name, checksum }: Migration, skipped: string | null): Promise<number> =>
  connection.run(
    sql`INSERT INTO ${raw(connection.schemas.state)}.[migration] ([id], [name], [sha256], [skipped]) VALUES (${int(id)}, ${text(name)}, ${word(checksum)}, ${text(skipped)})`,
  );

const applyOne = async (connection: Connection, migration: Migration): Promise<void> => {
  for (const batch of batchesOf(migration.sql, connection.schemas.base)) await connection.exec(batch);
  await record(connection, migration, null);
};

/** What a server that lacks the feature answers: no permission and no connection would be another matter. */
const lacksFeature = (error: unknown): boolean => error instanceof Failure && error.code === 'warehouse.statement';

/** Why an optional file is left out, in the server's own words: what is advised elsewhere after such an error, to report a defect, is wrong here. */
export const reasonToSkip = (optional: string, error: unknown): string => {
  const cause = error instanceof Failure ? (error.cause ?? error) : error;
  return `this server has no ${optional}; it said: ${cause instanceof Error ? cause.message : String(cause)}`;
};

export interface MigrationStep {
  readonly name: string;
  readonly outcome: 'applied' | 'skipped';
  readonly reason: string | null;
}

export const standsInFor = (name: string): string => `${name} was applied, which this file stands in for`;

/** One migration in a transaction of its own, under the lock; null when another process was faster. */
const step = async (client: MssqlClient, migration: Migration): Promise<MigrationStep | null> => {
  const isDone = async (connection: Connection): Promise<boolean> => (await readApplied(connection)).some(({ id }) => id === migration.id);
  try {
    return await client.writeAlone('schema', async (connection) => {
      const applied = await readApplied(connection);
      if (applied.some(({ id }) => id === migration.id)) return null;
      if (applied.some(({ name, skipped }) => name === migration.insteadOf && skipped === null)) {
        const reason = standsInFor(String(migration.insteadOf));
        await record(connection, migration, reason);
        return { name: migration.name, outcome: 'skipped', reason };
      }
      await applyOne(connection, migration);
      return { name: migration.name, outcome: 'applied', reason: null };
    });
  } catch (error) {
    const { optional } = migration;
    if (optional === null || !lacksFeature(failureOf(error, {}))) throw error;
    const reason = reasonToSkip(optional, error);
    return client.writeAlone('schema', async (connection) => {
      if (await isDone(connection)) return null;
      await record(connection, migration, reason);
      return { name: migration.name, outcome: 'skipped', reason };
    });
  }
};

/**
 * Brings the database up to this build, each migration once and whole. Several processes may do so at once: one works, the others wait and
 * find it done.
 */
export const migrate = async (
  client: MssqlClient,
  migrations: readonly Migration[] = readMigrations(),
): Promise<readonly MigrationStep[]> => {
  const missing = missingFrom(await client.read(readCompatible), migrations);
  if (missing.length === 0) return [];
  await client.writeAlone('schema', async (connection) => {
    for (const batch of batchesOf(ledgerScript, connection.schemas.base)) await connection.exec(batch);
  });
  const steps: MigrationStep[] = [];
  for (const migration of missing) {
    const done = await step(client, migration);
    if (done !== null) steps.push(done);
  }
  return steps;
};

/** @throws Failure `fatal` `warehouse.not-migrated` when the database lacks something that this build needs */
export const assertMigrated = async (connection: Connection, migrations: readonly Migration[] = readMigrations()): Promise<void> => {
  const missing = missingFrom(await readApplied(connection), migrations);
  if (missing.length === 0) return;
  throw new Failure(
    'fatal',
    'warehouse.not-migrated',
    `the database has no ${missing.map(({ name }) => name).join(', ')}: run \`dsf migrate\` with a login of the role that deploy/sql/mssql/roles/migrator.sql makes, or of db_owner`,
    { missing: missing.length, schema: connection.schemas.base },
  );
};
