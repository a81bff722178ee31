import { describeOnMssql, freshMssqlSchema, type MssqlTestSchema } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { configOf } from './live-schema.ts';
import { mssqlMigrations } from './migrate-database.ts';
import { migrationScript } from './migration-script.ts';
import { batchesOf, migrate, readApplied, readMigrations, type Migration } from './migrations.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const extra: Migration = { id: 9000, name: '9000_extra.sql', sql: '', checksum: 'x', optional: null, insteadOf: null };
/** The second of its three batches is no statement. */
const broken: Migration = {
  ...extra,
  sql: 'CREATE TABLE [$(schema)].[first_half] ([a] int NULL);\nGO\nCREATE no statement;\nGO\nCREATE TABLE [$(schema)].[second_half] ([a] int NULL);\nGO\n',
};

describeOnMssql(process.env, (server) => {
  let schema: MssqlTestSchema;
  let config: MssqlConfig;
  const clients: MssqlClient[] = [];
  beforeEach(async () => {
    schema = await freshMssqlSchema(server);
    config = configOf(server, schema.name);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await schema.discard();
  });

  /** Each place has connections of its own, as another process has. */
  const from = async (place: string): Promise<MssqlClient> => {
    const client = await openMssqlClient({ ...config, applicationName: place });
    clients.push(client);
    return client;
  };
  const names = readMigrations().map(({ name }) => name);
  const ledger = async (): Promise<readonly unknown[]> =>
    (await schema.sql(`SELECT [name] FROM [${schema.name}_state].[migration] ORDER BY [id]`)).map(([name]) => name);
  const tables = async (like: string): Promise<readonly unknown[]> =>
    (
      await schema.sql(
        `SELECT t.name FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name LIKE N'${schema.name}%' AND t.name LIKE N'${like}'`,
      )
    ).map(([name]) => name);

  /** As sqlcmd does: its own commands are no statements, and the first error ends the session. */
  const runByHand = async (script: string): Promise<void> => {
    const session = await openMssqlClient({ ...config, applicationName: 'by hand', poolMax: 1 });
    clients.push(session);
    await session.apart(async (connection) => {
      for (const batch of batchesOf(script.replaceAll(/^:.*$/gm, ''), schema.name)) await connection.exec(batch);
    });
  };
  /** Whether the server has what the one optional file asks for. */
  const hasHistory = (): Promise<boolean> =>
    schema
      .sql(
        `CREATE TABLE [${schema.name}_probe] ([id] int NOT NULL PRIMARY KEY, [a] datetime2 GENERATED ALWAYS AS ROW START NOT NULL, [b] datetime2 GENERATED ALWAYS AS ROW END NOT NULL, PERIOD FOR SYSTEM_TIME ([a], [b])); DROP TABLE [${schema.name}_probe]`,
      )
      .then(
        () => true,
        () => false,
      );

  describe('migrations of a fresh database', () => {
    it('are applied once when two begin at the same time, and not again by whoever comes later', async () => {
      const [one, other] = [await from('one'), await from('other')];
      const steps = (await Promise.all([migrate(one), migrate(other)])).flat();
      expect(steps.map(({ name }) => name).toSorted()).toEqual(names);
      expect(await ledger()).toEqual(names);
      expect(await migrate(other)).toEqual([]);
      expect(await mssqlMigrations(config).apply()).toEqual([]);
      expect(await ledger()).toEqual(names);
    });

    it('are missing before and there afterwards, each with who applied it and when, or why it was left out', async () => {
      const migrations = mssqlMigrations(config);
      const none = { state: 'missing', appliedAt: null, appliedBy: null, reason: null };
      expect(await migrations.states()).toEqual(names.map((name) => ({ name, ...none })));
      expect(await tables('%')).toEqual([]);
      const steps = await migrations.apply();
      const by = { appliedAt: expect.any(Number), appliedBy: expect.stringMatching(/./) };
      expect(await migrations.states()).toEqual(steps.map(({ name, outcome, reason }) => ({ name, state: outcome, reason, ...by })));
      const at = (await migrations.states()).map(({ appliedAt }) => appliedAt ?? 0);
      expect(at.every((ms) => Math.abs(Date.now() - ms) < 3_600_000)).toBe(true);
      expect(steps.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name.includes('history'))).toEqual([true]);
    });

    it('can be printed, which changes nothing, and the printed statements do from the first file on what would have been done', async () => {
      const migrations = mssqlMigrations(config);
      const printed = await migrations.script();
      expect(await tables('%')).toEqual([]);
      // The script is for a server that has everything optional, or is known to lack it: that is written in the ledger.
      const lacked = (await hasHistory()) ? [] : readMigrations().filter(({ optional }) => optional !== null);
      const known = lacked.map(({ id, name, checksum }) => ({ id, name, checksum, appliedAt: 0, appliedBy: '', skipped: 'has none' }));
      await runByHand(known.length === 0 ? printed : migrationScript(known, schema.name));
      for (const { id, name, checksum } of lacked)
        await schema.sql(
          `INSERT INTO [${schema.name}_state].[migration] ([id], [name], [sha256], [skipped]) VALUES (${id}, N'${name}', '${checksum}', N'has none')`,
        );
      expect(await migrations.script()).toBe('');
      expect(await ledger()).toEqual(names);
      expect((await migrations.states()).filter(({ state }) => state === 'missing')).toEqual([]);
      // What came of it is what `dsf migrate` makes: a file more goes on from there.
      expect(await migrate(await from('one'), [...readMigrations(), extra])).toMatchObject([{ name: extra.name, outcome: 'applied' }]);
    });

    it('printed and run by hand, leave nothing of a file that fails, nor of its row, and all of those before it', async () => {
      await migrate(await from('one'));
      const applied = await (await from('one')).read(readApplied);
      const [first, last] = ['first', 'last'].map((name, index) => ({
        ...extra,
        id: 9000 + 2 * index,
        name: `${name}.sql`,
        sql: 'SELECT 1',
      }));
      if (first === undefined || last === undefined) throw new Error('there are two');
      const script = migrationScript(applied, schema.name, [...readMigrations(), first, { ...broken, id: 9001 }, last]);
      await expect(runByHand(script)).rejects.toMatchObject({ name: 'Failure', kind: 'fatal' });
      expect(await tables('%half')).toEqual([]);
      expect(await ledger()).toEqual([...names, first.name]);
    });
  });

  describe('a migration that fails in the middle', () => {
    it('leaves nothing of itself and all of those before it, and can be applied when it is mended', async () => {
      const client = await from('one');
      await expect(migrate(client, [...readMigrations(), broken])).rejects.toMatchObject({ name: 'Failure', kind: 'fatal' });
      expect(await tables('%half')).toEqual([]);
      expect(await ledger()).toEqual(names);
      const mended = { ...broken, sql: broken.sql.replace('CREATE no statement;', 'SELECT 1;') };
      expect(await migrate(client, [...readMigrations(), mended])).toEqual([{ name: mended.name, outcome: 'applied', reason: null }]);
      expect(new Set(await tables('%half'))).toEqual(new Set(['first_half', 'second_half']));
    });

    it('leaves nothing either where it is optional, and is listed with the reason', async () => {
      const client = await from('one');
      const steps = await migrate(client, [...readMigrations(), { ...broken, optional: 'such statements' }]);
      expect(steps.at(-1)).toEqual({
        name: broken.name,
        outcome: 'skipped',
        reason: expect.stringContaining('this server has no such statements; it said: '),
      });
      expect(await tables('%half')).toEqual([]);
      expect(await ledger()).toEqual([...names, broken.name]);
    });
  });
});
