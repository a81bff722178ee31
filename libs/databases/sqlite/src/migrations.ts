import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Failure } from '@dsf/ports';
import type { SqliteClient } from './client.ts';
import { integer, text } from './columns.ts';
import type { Connection } from './connection.ts';

/** One numbered file of deploy/sql/sqlite. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
  /** sha256 of the text, with line ends as `\n`; hex. */
  readonly checksum: string;
}

const folder = new URL('../../../../deploy/sql/sqlite/', import.meta.url);

const migrationOf = (name: string, file: URL): Migration => {
  const sql = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  return { id: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
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
      'the SQL files of deploy/sql/sqlite are not installed: install DSF again',
      { folder: fileURLToPath(folder) },
      { cause: error },
    );
  }
};

interface Applied {
  readonly id: number;
  readonly name: string;
  readonly checksum: string;
}

const readApplied = (connection: Connection): readonly Applied[] => {
  const isThere = connection.first("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'dsf_migration'") !== undefined;
  if (!isThere) return [];
  return connection
    .all('SELECT id, name, sha256 FROM dsf_migration ORDER BY id')
    .map(([id, name, checksum]) => ({ id: integer(id), name: text(name), checksum: text(checksum) }));
};

/** Migrations that the database lacks. @throws Failure `fatal` when it has one that this build does not know, or knows differently */
const missingFrom = (applied: readonly Applied[], migrations: readonly Migration[], file: string): readonly Migration[] => {
  const known = new Map(migrations.map((migration) => [migration.id, migration]));
  for (const { id, name, checksum } of applied) {
    const migration = known.get(id);
    if (migration === undefined) {
      throw new Failure(
        'fatal',
        'warehouse.database-newer',
        `the database was made by a newer DSF (it has ${name}): run that version, or restore an older backup`,
        { file, migration: name },
      );
    }
    if (migration.checksum !== checksum) {
      throw new Failure(
        'fatal',
        'warehouse.migration-changed',
        `${name} is not the file that was applied to this database: install the DSF that made it`,
        { file, migration: name },
      );
    }
  }
  const done = new Set(applied.map(({ id }) => id));
  return migrations.filter(({ id }) => !done.has(id));
};

const createLedger = `CREATE TABLE IF NOT EXISTS dsf_migration (
  id     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL,
  sha256 TEXT NOT NULL
) STRICT`;

/**
 * Brings the database up to this build, each migration once, all in one transaction. Several processes may do so at once: one works,
 * the others wait and find it done.
 */
export const migrate = async (client: SqliteClient, migrations: readonly Migration[] = readMigrations()): Promise<void> => {
  const missing = await client.read((connection) => missingFrom(readApplied(connection), migrations, client.file));
  if (missing.length === 0) return;
  await client.write(async (connection) => {
    for (const { id, name, sql, checksum } of missingFrom(readApplied(connection), migrations, client.file)) {
      connection.exec(createLedger);
      connection.exec(sql);
      connection.run('INSERT INTO dsf_migration (id, name, sha256) VALUES (?, ?, ?)', id, name, checksum);
    }
  });
};
