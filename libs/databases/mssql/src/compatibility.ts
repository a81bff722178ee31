import { Failure } from '@dsf/ports';
import type { Connection } from './connection.ts';
import { quoteName } from './dialect.ts';

/*
 * A database that was restored from an older server, or brought along by an upgrade, keeps the compatibility level of before, and below 130 there is no
 * OPENJSON: it is then an unknown object (208), as if the tables had changed.
 * https://learn.microsoft.com/sql/t-sql/functions/openjson-transact-sql
 */

const levelMin = 130;
/** Of SQL Server 2019, which every server that DSF is for knows. */
const levelAdvised = 150;

/**
 * Asks for what is needed rather than for the level, which not every server that speaks TDS means as SQL Server does.
 * @throws Failure `fatal` `warehouse.compatibility-level`
 */
export const assertCompatible = async (connection: Connection): Promise<void> => {
  try {
    await connection.all({ text: "SELECT TOP (0) [key] FROM OPENJSON(N'[]')", binds: [] });
  } catch (error) {
    const row = await connection
      .first({ text: 'SELECT [compatibility_level], [name] FROM sys.databases WHERE [name] = DB_NAME()', binds: [] })
      .catch(() => undefined);
    const level = Number(row?.[0] ?? levelMin);
    if (level >= levelMin) throw error;
    const database = String(row?.[1]);
    throw new Failure(
      'fatal',
      'warehouse.compatibility-level',
      `the database ${database} has the compatibility level ${level}, and below ${levelMin} lacks what DSF needs: ALTER DATABASE ${quoteName(database)} SET COMPATIBILITY_LEVEL = ${levelAdvised}`,
      { database, level },
      { cause: error },
    );
  }
};
