import { quoteText } from './dialect.ts';
import { batchesOf, ledgerScript, missingFrom, readMigrations, standsInFor, type Applied, type Migration } from './migrations.ts';

/*
 * What `migrate` would do, as a script for sqlcmd: each file and its row of the ledger in a transaction of their own.
 *
 * No error alone ends a script of several batches. One of syntax, or of a name that is not there, ends its batch and leaves the transaction open, whatever
 * XACT_ABORT says; one at run time ends the transaction, and the batches after it would commit each for itself. So behind each batch stands a look at both,
 * which lets nothing more happen where something went wrong, with sqlcmd or without: https://learn.microsoft.com/sql/t-sql/statements/set-xact-abort-transact-sql
 */

const head = `-- sqlcmd -b -I -S <server> -d <database> -i <this file>
--
-- Each file and its row in [$(schema)_state].[migration] are one transaction. The first error ends the script: the files before it stand, of the one that
-- failed nothing is left, and what follows is not done. Then print it again. Elsewhere than in sqlcmd leave out the next line: what follows an error is not
-- done there either.
:on error exit
GO
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET NUMERIC_ROUNDABORT OFF;`;

const guard = 'IF @@ERROR <> 0 OR @@TRANCOUNT = 0 SET NOEXEC ON;';

const tail = `-- Open is alone what failed.
SET NOEXEC OFF;
GO
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;`;

/** Under the lock that `migrate` takes. */
const begin = `BEGIN TRANSACTION;
DECLARE @lock int;
EXEC @lock = sp_getapplock @Resource = N'dsf:$(schema):schema', @LockMode = 'Exclusive', @LockOwner = 'Transaction';
IF @lock < 0 THROW 50010, N'another process is migrating this database: run the script again', 1;`;

const inTransaction = (batches: readonly string[]): readonly string[] => [
  ...[begin, ...batches].flatMap((batch) => [batch, guard]),
  'COMMIT TRANSACTION;',
];

const fileOf = ({ id, name, sql, checksum }: Migration, leftOut: string | null): readonly string[] => {
  const isDone = `IF EXISTS (SELECT 1 FROM [$(schema)_state].[migration] WHERE [id] = ${id}) THROW 50011, ${quoteText(`${name} was applied meanwhile: print the script again`)}, 1;`;
  const row = `INSERT INTO [$(schema)_state].[migration] ([id], [name], [sha256], [skipped]) VALUES (${id}, ${quoteText(name)}, '${checksum}', ${leftOut === null ? 'NULL' : quoteText(leftOut)});`;
  const [first = '', ...rest] = inTransaction([isDone, ...(leftOut === null ? batchesOf(sql, '$(schema)') : []), row]);
  return [`-- ${name}${leftOut === null ? '' : ` is left out: ${leftOut}`}\n${first}`, ...rest];
};

/** The script, ledger included; '' when nothing is missing. @throws Failure as `missingFrom` */
export const migrationScript = (applied: readonly Applied[], base: string, migrations: readonly Migration[] = readMigrations()): string => {
  const missing = missingFrom(applied, migrations);
  if (missing.length === 0) return '';
  // By hand nothing finds out what the server lacks: the script is for one that has everything.
  const without = new Set(applied.filter(({ skipped }) => skipped !== null).map(({ name }) => name));
  const files = missing.flatMap((migration) => {
    const { insteadOf } = migration;
    return fileOf(migration, insteadOf === null || without.has(insteadOf) ? null : standsInFor(insteadOf));
  });
  return [head, ...inTransaction(batchesOf(ledgerScript, '$(schema)')), ...files, tail]
    .map((batch) => `${batch}\nGO\n`)
    .join('')
    .replaceAll('$(schema)', base);
};
