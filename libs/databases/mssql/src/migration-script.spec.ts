import { describe, expect, it } from 'vitest';
import { migrationScript } from './migration-script.ts';
import { batchesOf, readMigrations } from './migrations.ts';

const applied = readMigrations().map(({ id, name, checksum }) => ({ id, name, checksum, appliedAt: 0, appliedBy: 'x', skipped: null }));

/** A failure of one batch: at run time it ends the transaction, by its syntax it does not. */
type Mishap = 'ends the transaction' | 'leaves it open';

/** What stands in a database after the script, though its batch `broken` fails and nobody stops: a model of a session, statement by statement. */
const filesAfter = (batches: readonly string[], broken: number, mishap: Mishap): readonly string[] => {
  const session = { open: false, noExec: false, error: false };
  let [inTransaction, done]: [string[], string[]] = [[], []];
  const end = (keeps: boolean): void => {
    if (keeps) done = [...done, ...inTransaction];
    inTransaction = [];
    session.open = false;
  };
  const run = (batch: string): void => {
    if (batch.startsWith('IF @@ERROR <> 0 OR @@TRANCOUNT = 0 SET NOEXEC ON')) session.noExec ||= session.error || !session.open;
    if (batch.includes('BEGIN TRANSACTION;')) session.open = true;
    if (batch === 'COMMIT TRANSACTION;') end(true);
    if (batch.startsWith('IF @@TRANCOUNT > 0 ROLLBACK')) end(false);
    // Every batch leaves something; outside of a transaction at once.
    const name = /^INSERT INTO \[mine_state\]\.\[migration\] .*?N'([^']+)'/m.exec(batch)?.[1];
    inTransaction.push(name ?? 'something');
    if (!session.open) end(true);
  };
  for (const [index, batch] of batches.entries()) {
    if (batch.includes('SET NOEXEC OFF;')) session.noExec = false;
    else if (!session.noExec && index !== broken) run(batch);
    if (index === broken && mishap === 'ends the transaction') end(false);
    session.error = index === broken;
  }
  if (session.open) end(false);
  return done.filter((one) => one !== 'something');
};

describe('migrations as a script for sqlcmd', () => {
  const script = migrationScript([], 'mine');
  const batches = batchesOf(script, 'mine');

  it('name every file with its checksum, in the schemas of the installation', () => {
    expect(script).not.toContain('$(schema)');
    for (const { name, checksum } of readMigrations()) expect(script).toContain(`N'${name}', '${checksum}'`);
    expect(migrationScript(applied, 'mine')).toBe('');
  });

  it('begin with how they are to be run, end at the first error, and set what indexes with a filter or a computed column need', () => {
    const [line = '', ...rest] = script.split('\n');
    expect(line).toMatch(/^-- sqlcmd -b -I /);
    expect(rest.find((one) => !one.startsWith('--'))).toBe(':on error exit');
    const settings = script.slice(0, script.indexOf('BEGIN TRANSACTION'));
    const on = ['QUOTED_IDENTIFIER', 'ANSI_NULLS', 'ANSI_PADDING', 'ANSI_WARNINGS', 'ARITHABORT', 'CONCAT_NULL_YIELDS_NULL', 'XACT_ABORT'];
    for (const setting of on) expect(settings).toContain(`SET ${setting} ON;`);
    expect(settings).toContain('SET NUMERIC_ROUNDABORT OFF;');
  });

  it('make of each file and its row in the ledger one transaction, with all of its batches', () => {
    const transactions = script.split('BEGIN TRANSACTION;').slice(1);
    expect(transactions).toHaveLength(readMigrations().length + 1);
    for (const [index, { name, sql, insteadOf }] of readMigrations().entries()) {
      const [transaction = '', after] = transactions[index + 1]?.split('COMMIT TRANSACTION;') ?? [];
      expect(transaction).toContain(`N'${name}', '`);
      expect(after).toMatch(/^\s*GO\s*(-- \S+\.sql.*\s*)?(-- Open[\s\S]*)?$/);
      if (insteadOf === null) for (const batch of batchesOf(sql, 'mine')) expect(transaction).toContain(batch);
    }
  });

  it.each(['ends the transaction', 'leaves it open'] as const)(
    'leave nothing of a file whose batch fails and %s, nor of those after it, and all of those before it',
    (mishap) => {
      const names = readMigrations().map(({ name }) => name);
      expect(filesAfter(batches, -1, mishap)).toEqual(names);
      const begins = batches.flatMap((batch, index) => (batch.includes('BEGIN TRANSACTION;') ? [index] : []));
      for (let broken = begins[0] ?? 0; broken < batches.length; broken += 1) {
        // Guards and the end of a transaction do nothing that could fail.
        if (/^(IF @@|COMMIT|-- Open)/.test(batches[broken] ?? '')) continue;
        const before = begins.filter((begin) => begin <= broken).length;
        expect(filesAfter(batches, broken, mishap)).toEqual(names.slice(0, Math.max(0, before - 2)));
      }
    },
  );

  it('leave out those that stand in for an optional one, unless the server is known to lack it', () => {
    const optional = readMigrations().find((one) => one.optional !== null);
    const standIn = readMigrations().find(({ insteadOf }) => insteadOf === optional?.name);
    const isThere = (script: string): boolean => script.includes('_keeps_history');
    expect(standIn?.sql).toContain('_keeps_history');
    expect(isThere(migrationScript([], 'mine'))).toBe(false);
    expect(migrationScript([], 'mine')).toContain(`N'${standIn?.name}'`);
    const upTo = applied.slice(0, optional?.id).map((one) => ({ ...one, skipped: one.id === optional?.id ? 'has none' : null }));
    expect(isThere(migrationScript(upTo, 'mine'))).toBe(true);
  });
});
