import { catalogBehind, Failure } from '@dsf/ports';
import { integer } from './columns.ts';
import type { Connection } from './connection.ts';
import { quoteText } from './dialect.ts';
import { raw, sql } from './sql.ts';

/*
 * The version in force, held by lanes' transactions: an application lock that each of them shares, and that whoever stores a new version takes alone.
 *
 * No deadlock can come of it. A lane takes it after the lock of all lanes and the row of its own, and its transaction asks for nothing of config. An
 * activation takes it after the lock and the rows of config, when it has read of the state what it has to, and asks for nothing of the state
 * from then on. So the one who waits has nothing that the other still wants.
 */

const versionLock = (base: string): string => `dsf:${base}:version`;

const lockText = (base: string, mode: 'Shared' | 'Exclusive'): string =>
  `EXEC @lock = sp_getapplock @Resource = ${quoteText(versionLock(base))}, @LockMode = '${mode}', @LockOwner = 'Transaction'`;

/** Waits as long as any lock is waited for, unless it says otherwise: `SET LOCK_TIMEOUT` of the connection. */
const lockTimeout = (base: string, holder: string): Failure =>
  new Failure(
    'retry',
    'warehouse.lock-timeout',
    `${holder} has held the application lock ${versionLock(base)} for longer than DSF_MSSQL_LOCK_TIMEOUT`,
    {
      resource: versionLock(base),
    },
  );

export const readCurrentVersion = async (connection: Connection): Promise<number> =>
  integer((await connection.first(sql`SELECT COALESCE(MAX([version]), 0) FROM ${raw(connection.schemas.config)}.[version]`))?.[0]);

/** For the transaction of a lane. @throws Failure `retry` `catalog.behind`, `warehouse.lock-timeout` */
export const holdVersion = async (connection: Connection, version: number): Promise<void> => {
  const { base, config } = connection.schemas;
  // The lock and the look in one round trip; the look is a statement of its own, so that it sees what was committed before the lock was given.
  const found = await connection.first({
    text: `DECLARE @lock int, @version int = -1;
${lockText(base, 'Shared')};
IF @lock >= 0 SELECT @version = COALESCE(MAX([version]), 0) FROM ${config}.[version];
SELECT @version`,
    binds: [],
  });
  const inForce = integer(found?.[0]);
  if (inForce < 0) throw lockTimeout(base, 'an activation');
  if (inForce !== version) throw catalogBehind(version, inForce);
};

/** Before a version is stored, whoever asked for it: waits for the transactions that hold the one before. @throws Failure `retry` `warehouse.lock-timeout` */
export const awaitHolds = async (connection: Connection): Promise<void> => {
  const { base } = connection.schemas;
  const found = await connection.first({ text: `DECLARE @lock int;\n${lockText(base, 'Exclusive')};\nSELECT @lock`, binds: [] });
  if (integer(found?.[0]) < 0) throw lockTimeout(base, 'a transaction that needs the version in force');
};
