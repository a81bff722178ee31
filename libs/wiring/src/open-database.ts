import { join } from 'node:path';
import { parseDatabase, type DatabaseConfig, type Environment } from '@dsf/config';
import type { mssqlMigrations } from '@dsf/database-mssql';
import { openSqliteMetadataStore, openSqliteWarehouse } from '@dsf/database-sqlite';
import type { MetadataStore, Warehouse } from '@dsf/ports';
import { openSplitWarehouse } from '@dsf/runtime';
import { bigQueryConfig } from './bigquery-config.ts';
import { mssqlConfig } from './mssql-config.ts';

export interface OpenDatabase {
  readonly metadata: MetadataStore;
  readonly warehouse: Warehouse;
}

interface Choice {
  readonly home: string;
  readonly environment: Environment;
  /** For SQLite, where several threads of this process write to the file. */
  readonly turns?: SharedArrayBuffer;
}

/** Whoever tries again until the database answers must not keep half of what it opened each time. */
const both = async (metadata: MetadataStore, open: () => Promise<Warehouse>): Promise<OpenDatabase> => {
  try {
    return { metadata, warehouse: await open() };
  } catch (error) {
    await metadata.close();
    throw error;
  }
};

/** The database of definitions and state: a file in `home`, or SQL Server. */
const openState = async (config: DatabaseConfig, { home, turns }: Choice): Promise<OpenDatabase> => {
  if (config.database === 'mssql') {
    const { openMssqlMetadataStore, openMssqlWarehouse } = await import('@dsf/database-mssql');
    return both(await openMssqlMetadataStore(mssqlConfig(config)), () => openMssqlWarehouse(mssqlConfig(config)));
  }
  const file = { file: join(home, 'dsf.db'), ...(turns === undefined ? {} : { turns }) };
  return both(await openSqliteMetadataStore(file), () => openSqliteWarehouse(file));
};

/** The databases that the environment chooses: one for everything, or one for definitions and state and BigQuery for the rows. @throws ConfigError, Failure */
export const openDatabase = async (choice: Choice): Promise<OpenDatabase> => {
  const config = parseDatabase(choice.environment);
  const { metadata, warehouse: state } = await openState(config, choice);
  if (config.warehouse === 'database') return { metadata, warehouse: state };
  const { openBigQueryRows } = await import('@dsf/database-bigquery');
  const rows = openBigQueryRows(bigQueryConfig(config));
  return { metadata, warehouse: openSplitWarehouse({ state, rows, currentVersion: () => metadata.currentVersion() }) };
};

/** What `dsf migrate` does; the embedded database brings itself up to date. @throws ConfigError, Failure `fatal` `warehouse.not-chosen` */
export const databaseMigrations = async (environment: Environment): Promise<ReturnType<typeof mssqlMigrations>> => {
  const config = mssqlConfig(parseDatabase(environment));
  return (await import('@dsf/database-mssql')).mssqlMigrations(config);
};

export interface DatabaseTraffic {
  /** Since this process began. */
  readonly read: () => { readonly roundTrips: number; readonly transactions: number };
  readonly close: () => Promise<void>;
}

/** How often this process has asked the database server, for the benchmark; always 0 for a file. */
export const databaseTraffic = async (environment: Environment): Promise<DatabaseTraffic> => {
  const config = parseDatabase(environment);
  if (config.database !== 'mssql') return { read: () => ({ roundTrips: 0, transactions: 0 }), close: async () => undefined };
  return (await import('@dsf/database-mssql')).mssqlTraffic(mssqlConfig(config));
};
