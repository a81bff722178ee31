import { openMssqlClient } from './client.ts';
import type { MssqlClient } from './client.ts';
import { assertCompatible } from './compatibility.ts';
import type { MssqlConfig } from './config.ts';
import type { Traffic } from './connection.ts';
import { assertMigrated } from './migrations.ts';

/**
 * Opens a database that `dsf migrate` has brought up to this build.
 * @throws Failure `fatal` when the login fails, the database is missing or of too low a compatibility level, a permission is missing, or migrations are; `retry` when the server is away
 */
export const openDatabase = async (config: MssqlConfig): Promise<MssqlClient> => {
  const client = await openMssqlClient(config);
  try {
    await client.read(async (connection) => {
      await assertCompatible(connection);
      await assertMigrated(connection);
    });
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
};

/** What the connections of this process to a database have asked, for whoever measures. A handle of its own keeps the count. */
export const mssqlTraffic = async (
  config: MssqlConfig,
): Promise<{ readonly read: () => Readonly<Traffic>; readonly close: () => Promise<void> }> => {
  const client = await openMssqlClient(config);
  return { read: () => ({ ...client.traffic }), close: () => client.close() };
};
