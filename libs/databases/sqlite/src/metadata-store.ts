import { createHash } from 'node:crypto';
import { findConflicts, freshSnapshot, withLanes } from '@dsf/metadata';
import type { Definitions, Problem, Snapshot } from '@dsf/metadata';
import { Failure, lanesFixed, readSnapshot, referenceMissing, refuseConflicts, Refusal, versionMissing } from '@dsf/ports';
import type { Activation, MetadataStore, VersionInfo } from '@dsf/ports';
import type { SqliteClient, SqliteConfig } from './client.ts';
import { integer, text } from './columns.ts';
import { readDefinitions, replaceConfigRows, writeLanes } from './config-rows.ts';
import { readCurrentVersion } from './version-hold.ts';
import type { Connection } from './connection.ts';
import { openDatabase } from './database.ts';

const readSnapshotText = (connection: Connection, version: number): string | null => {
  const row = connection.first('SELECT snapshot FROM dsf_version WHERE version = ?', version);
  return row === undefined ? null : text(row[0]);
};

const readHistory = (connection: Connection): readonly VersionInfo[] =>
  connection
    .all('SELECT version, activated_at, comment FROM dsf_version ORDER BY version')
    .map(([version, activatedAt, comment]) => ({ version: integer(version), activatedAt: integer(activatedAt), comment: text(comment) }));

const insertNames = (connection: Connection, kind: 'source' | 'publication', ids: Readonly<Record<string, number>>): void => {
  for (const [name, id] of Object.entries(ids))
    connection.run('INSERT INTO dsf_name (kind, name, id) VALUES (?, ?, ?) ON CONFLICT (kind, name) DO NOTHING', kind, name, id);
};

interface NewVersion {
  readonly version: number;
  readonly snapshot: Snapshot;
  readonly stored: string;
  readonly now: number;
  readonly comment: string;
}

const insertVersion = (connection: Connection, { version, snapshot, stored, now, comment }: NewVersion): void => {
  const hash = createHash('sha256').update(stored).digest('hex');
  connection.run(
    'INSERT INTO dsf_version (version, snapshot, sha256, activated_at, comment) VALUES (?, ?, ?, ?, ?)',
    version,
    stored,
    hash,
    now,
    comment.toWellFormed(),
  );
  insertNames(connection, 'source', snapshot.sourceIds);
  insertNames(connection, 'publication', snapshot.publicationIds);
};

type Change = Parameters<MetadataStore['activate']>[0];

const isError = ({ severity }: Problem): boolean => severity === 'error';

const nextSnapshot = (
  connection: Connection,
  change: Change,
): { readonly snapshot: Snapshot; readonly current: number; readonly stored: string | null } => {
  if (change.definitions !== undefined) {
    const conflicts = findConflicts(change.definitions);
    if (conflicts.length > 0) throw new Refusal(conflicts);
    replaceConfigRows(connection, change.definitions);
  }
  const current = readCurrentVersion(connection);
  const stored = readSnapshotText(connection, current);
  if (change.lanes !== undefined && stored !== null) {
    writeLanes(connection, change.lanes);
    return { snapshot: withLanes(readSnapshot(stored, current), change.lanes), current, stored };
  }
  const { definitions, problems } = readDefinitions(connection);
  if (definitions === null) throw new Refusal(problems);
  return { snapshot: freshSnapshot(stored === null ? null : readSnapshot(stored, current), definitions), current, stored };
};

/** A problem once a service has claimed a lane. (Lanes are in this file when the warehouse is.) */
const lanesProblem = (connection: Connection, before: Snapshot, after: Snapshot): Problem | null => {
  const fixed = lanesFixed(before, after);
  return fixed !== null && connection.first('SELECT 1 FROM dsf_lane LIMIT 1') !== undefined ? fixed : null;
};

const activateWithin = (connection: Connection, change: Change): Activation => {
  const { snapshot, current, stored: before } = nextSnapshot(connection, change);
  const stored = JSON.stringify(snapshot);
  if (stored === before) return { kind: 'unchanged', version: current };
  const fixed = before === null || change.lanes !== undefined ? null : lanesProblem(connection, readSnapshot(before, current), snapshot);
  if (fixed !== null) throw new Refusal([fixed]);
  const version = current + 1;
  const { catalog, problems } = change.check(snapshot, version);
  if (catalog === null || problems.some(isError)) throw new Refusal(problems);
  insertVersion(connection, { version, snapshot, stored, now: change.now, comment: change.comment });
  return { kind: 'activated', version };
};

/** SQLITE_CONSTRAINT_FOREIGNKEY, raised at the commit: the foreign keys of the config tables wait until then. */
const danglingReference = 787;

const namingReference = (error: unknown): unknown =>
  error instanceof Failure && error.facts['sqliteCode'] === danglingReference ? referenceMissing(error) : error;

const writeTables = async (client: SqliteClient, definitions: Definitions): Promise<void> => {
  refuseConflicts(definitions);
  try {
    await client.write(async (connection) => replaceConfigRows(connection, definitions));
  } catch (error) {
    throw namingReference(error);
  }
};

const activate = async (client: SqliteClient, change: Change): Promise<Activation> => {
  try {
    return await client.write(async (connection) => activateWithin(connection, change));
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', problems: error.problems };
    throw namingReference(error);
  }
};

/**
 * The config tables and their versions in one SQLite file, which may be the warehouse's.
 * @throws Failure `fatal` as `openSqliteWarehouse`; `writeTables`: `metadata.conflict`, `metadata.reference-missing`
 */
export const openSqliteMetadataStore = async (config: SqliteConfig): Promise<MetadataStore> => {
  const client = await openDatabase(config);
  return {
    currentVersion: () => client.read(readCurrentVersion),
    loadVersion: async (version) => {
      const stored = await client.read((connection) => readSnapshotText(connection, version));
      if (stored === null) throw versionMissing(version);
      return readSnapshot(stored, version);
    },
    history: () => client.read(readHistory),
    readTables: () => client.read(readDefinitions),
    writeTables: (definitions) => writeTables(client, definitions),
    activate: (change) => activate(client, change),
    close: () => client.close(),
  };
};
