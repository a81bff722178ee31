import { openSqliteClient } from './client.ts';
import type { SqliteClient, SqliteConfig } from './client.ts';
import { migrate } from './migrations.ts';

/**
 * Opens a file and brings it up to this build.
 * @throws Failure `fatal` when it cannot be opened, is not a database, is damaged, or was made by a newer DSF
 */
export const openDatabase = async (config: SqliteConfig): Promise<SqliteClient> => {
  const client = await openSqliteClient(config);
  try {
    await migrate(client);
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
};
