import type { Definitions } from '@dsf/metadata';
import { Failure, readSnapshot, referenceMissing, refuseConflicts, Refusal, versionMissing } from '@dsf/ports';
import type { Activation, MetadataStore, VersionInfo } from '@dsf/ports';
import { activateWithin, readSnapshotText, type Change } from './activation.ts';
import { activateAsked } from './asked-activations.ts';
import type { MssqlClient } from './client.ts';
import { integer, moment as momentOf, text as textOf } from './columns.ts';
import type { MssqlConfig } from './config.ts';
import { readDefinitions, replaceConfigRows } from './config-rows.ts';
import type { Connection } from './connection.ts';
import { openDatabase } from './database.ts';
import { raw, sql } from './sql.ts';
import { readCurrentVersion } from './version-hold.ts';

const readHistory = async (connection: Connection): Promise<readonly VersionInfo[]> =>
  (
    await connection.all(
      sql`SELECT [version], [activated_at], [comment] FROM ${raw(connection.schemas.config)}.[version] ORDER BY [version]`,
    )
  ).map(([version, activatedAt, comment]) => ({ version: integer(version), activatedAt: momentOf(activatedAt), comment: textOf(comment) }));

/** Error 547 of a foreign key. */
const namingReference = (error: unknown): unknown =>
  error instanceof Failure && error.facts['mssqlNumber'] === 547 && error.kind === 'retry' ? referenceMissing(error) : error;

const writeTables = async (client: MssqlClient, definitions: Definitions): Promise<void> => {
  refuseConflicts(definitions);
  try {
    await client.writeAlone('config', (connection) => replaceConfigRows(connection, definitions));
  } catch (error) {
    throw namingReference(error);
  }
};

const activate = async (client: MssqlClient, change: Change): Promise<Activation> => {
  try {
    return await client.writeAlone('config', (connection) => activateWithin(connection, change));
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', problems: error.problems };
    throw namingReference(error);
  }
};

/**
 * The config tables and their versions in one database of SQL Server, which may be the warehouse's.
 * @throws Failure `fatal` as `openMssqlWarehouse`; `writeTables`: `metadata.conflict`, `metadata.reference-missing`
 */
export const openMssqlMetadataStore = async (config: MssqlConfig): Promise<MetadataStore> => {
  const client = await openDatabase(config);
  return {
    currentVersion: () => client.read(readCurrentVersion),
    loadVersion: async (version) => {
      const stored = await client.read((connection) => readSnapshotText(connection, version));
      if (stored === null) throw versionMissing(version);
      return readSnapshot(stored, version);
    },
    history: () => client.read(readHistory),
    readTables: () => client.snapshot(readDefinitions),
    writeTables: (definitions) => writeTables(client, definitions),
    activate: (change) => activate(client, change),
    activateAsked: (change) => activateAsked(client, change),
    close: () => client.close(),
  };
};
