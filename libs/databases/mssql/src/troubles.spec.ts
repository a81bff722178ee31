import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Failure } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema, mssqlLogin, type MssqlTestLogin } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { liveSchema } from './live-schema.ts';
import { openTestProxy, type TestProxy } from './test-proxy.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const failureIn = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error(`no Failure, but ${String(error)}`);
};

const connecting = async (config: MssqlConfig): Promise<Failure> => {
  const client = await openMssqlClient({ connectTimeoutMs: 5000, ...config });
  try {
    return await failureIn(client.read((connection) => connection.exec('SELECT 1')));
  } finally {
    await client.close();
  }
};

describe('a way to SQL Server', () => {
  const nowhere: MssqlConfig = { server: '127.0.0.1', port: 1, database: 'dsf', login: { kind: 'sql', user: 'u', password: 'p' } };

  it('that leads nowhere is tried again, and names the settings that lead there', async () => {
    expect(await connecting(nowhere)).toMatchObject({
      kind: 'retry',
      code: 'warehouse.away',
      message: expect.stringMatching(/DSF_MSSQL_SERVER.*127\.0\.0\.1:1/),
    });
    expect(await connecting({ ...nowhere, server: 'no-such-host.invalid' })).toMatchObject({ kind: 'retry', code: 'warehouse.away' });
  });

  it('on which nobody answers, as behind a firewall, is tried again, and names the settings that lead there and that of the time', async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const failure = await connecting({ ...nowhere, port, connectTimeoutMs: 200 });
    silent.close();
    expect(failure).toMatchObject({ kind: 'retry', code: 'warehouse.away', facts: { driverCode: 'ETIMEOUT' } });
    for (const words of ['DSF_MSSQL_SERVER', 'DSF_MSSQL_PORT', `127.0.0.1:${port}`, 'DSF_MSSQL_CONNECT_TIMEOUT'])
      expect(failure.message).toContain(words);
  });
});

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  const lane = { phase: 'flatten', source: 0, lane: 0 } as const;
  const logins: MssqlTestLogin[] = [];
  const clients: MssqlClient[] = [];
  let proxy: TestProxy;
  beforeEach(async () => {
    proxy = await openTestProxy(server.server, server.port);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const login of logins.splice(0)) await login.discard();
    await proxy.close();
    await live().schema.sql(`DELETE FROM [${live().schema.name}_state].[position]; DELETE FROM [${live().schema.name}_state].[lane]`);
  });
  const clientOf = async (settings: Partial<MssqlConfig>): Promise<MssqlClient> => {
    const client = await openMssqlClient({ ...live().config, ...settings });
    clients.push(client);
    return client;
  };

  it('a wrong password stops, and names the settings', async () => {
    const login = { kind: 'sql', user: server.user, password: `${server.password}x` } as const;
    const failure = await connecting({ ...live().config, login });
    expect(failure).toMatchObject({ kind: 'fatal', code: 'warehouse.login', message: expect.stringContaining('DSF_MSSQL_PASSWORD') });
    expect(failure.message).not.toContain(login.password);
  });

  it('a database that is not there stops, and names the setting', async () => {
    const failure = await connecting({ ...live().config, database: 'dsf_no_such_database' });
    expect(failure).toMatchObject({ kind: 'fatal', message: expect.stringContaining('DSF_MSSQL_DATABASE') });
  });

  it('a login without a role stops, and names the GRANT and the roles', async () => {
    const nobody = await mssqlLogin(server, live().schema, null);
    logins.push(nobody);
    const { schema, config } = live();
    const opening = openMssqlWarehouse({ ...config, login: { kind: 'sql', user: nobody.user, password: nobody.password } });
    const failure = await failureIn(opening);
    expect(failure).toMatchObject({ kind: 'fatal', code: 'warehouse.permission' });
    expect(failure.message).toContain(`GRANT SELECT ON SCHEMA::[${schema.name}_state] TO`);
    expect(failure.message).toContain('deploy/sql/mssql/roles');
    expect(failure.message).not.toContain('run `dsf migrate`');
  });

  it('schemas that nobody has migrated are told from those that a login may not see', async () => {
    const failure = await failureIn(openMssqlWarehouse({ ...live().config, schema: `${live().schema.name}_none` }));
    expect(failure).toMatchObject({ kind: 'fatal', code: 'warehouse.not-migrated', message: expect.stringContaining('migrator.sql') });
  });

  // Where the suite's own settings ask for encryption, the server has it, and they lead in.
  it.skipIf(server.encrypt !== 'off')('a server without encryption is not asked for a password where encryption is on', async () => {
    const failure = await connecting({ ...live().config, encrypt: 'on', trustServerCertificate: false });
    expect(failure.message).toMatch(/DSF_MSSQL_ENCRYPT|DSF_MSSQL_CA_FILE/);
    expect(failure.kind).toBe('fatal');
  });

  const raise = (client: MssqlClient, number: number, first?: () => Promise<void>): Promise<number> =>
    client.write(async (connection) => {
      const one = (at: number): Promise<void> =>
        // By the whole key: a search through the rows would wait for those that another holds.
        connection.exec(
          `UPDATE [${live().schema.name}_state].[lane] SET [seq] = [seq] + 1 WHERE [phase] = 'flatten' AND [source] = 0 AND [lane] = ${at}`,
        );
      await one(number);
      await first?.();
      await one(1 - number);
      return number;
    });
  const twoLanes = (): Promise<unknown> =>
    live().schema.sql(
      `INSERT INTO [${live().schema.name}_state].[lane] ([phase], [source], [lane], [seq]) VALUES ('flatten', 0, 0, 1), ('flatten', 0, 1, 1)`,
    );

  it('of two transactions in a deadlock one is decided again, and the other commits', async () => {
    await twoLanes();
    const both = [await clientOf({ applicationName: 'a' }), await clientOf({ applicationName: 'b' })] as const;
    const [gates, arrived] = [[Promise.withResolvers<void>(), Promise.withResolvers<void>()], { count: 0 }];
    const meet = async (): Promise<void> => {
      arrived.count += 1;
      if (arrived.count === 2) for (const gate of gates) gate.resolve();
      await gates[0]?.promise;
    };
    const ends = await Promise.allSettled([raise(both[0], 0, meet), raise(both[1], 1, meet)]);
    expect(ends.map(({ status }) => status).toSorted((a, b) => a.localeCompare(b))).toEqual(['fulfilled', 'rejected']);
    const rejected = ends.find((end) => end.status === 'rejected');
    expect(rejected?.reason).toMatchObject({ kind: 'retry', code: expect.stringMatching(/warehouse\.(deadlock|lock-timeout)/) });
  });

  it('a lock that another session holds is waited for no longer than DSF_MSSQL_LOCK_TIMEOUT says', async () => {
    await twoLanes();
    const [holder, waiter] = [await clientOf({ applicationName: 'a' }), await clientOf({ lockTimeoutMs: 300 })];
    const failure = await holder.write(async (connection) => {
      await connection.exec(`UPDATE [${live().schema.name}_state].[lane] SET [seq] = [seq] + 1`);
      return failureIn(raise(waiter, 0));
    });
    // A server that gives one number to every error that it does not know tells by its words alone.
    const isNumbered = failure.facts['mssqlNumber'] === 1222;
    expect(isNumbered ? failure.code : failure.message).toMatch(/^warehouse\.lock-timeout$|lock timeout/);
  });

  it('a session that a DBA ends in the middle of a transaction is decided again, and nothing was written', async () => {
    await twoLanes();
    const client = await clientOf({ applicationName: 'ended' });
    const ended = client.write(async (connection) => {
      await connection.exec(`UPDATE [${live().schema.name}_state].[lane] SET [seq] = [seq] + 1`);
      const row = await connection.first({ text: 'SELECT @@SPID', binds: [] });
      await live().schema.sql(`KILL ${String(row?.[0])}`);
      await connection.exec(`UPDATE [${live().schema.name}_state].[lane] SET [seq] = [seq] + 1`);
    });
    expect(await failureIn(ended)).toMatchObject({ kind: 'retry', code: 'warehouse.away' });
    expect(
      await client.read((connection) => connection.all({ text: `SELECT [seq] FROM [${live().schema.name}_state].[lane]`, binds: [] })),
    ).toEqual([['1'], ['1']]);
  });

  describe('a connection that is lost', () => {
    const throughProxy = (): MssqlConfig => ({ ...live().config, server: '127.0.0.1', port: proxy.port, requestTimeoutMs: 10_000 });
    const seqNow = async (): Promise<number> => {
      const direct = await openMssqlWarehouse(live().config);
      const { seq } = await direct.loadLane(lane);
      await direct.close();
      return seq;
    };

    it('before the commit has left is decided again, and nothing was written', async () => {
      const warehouse = await openMssqlWarehouse(throughProxy());
      await warehouse.transact(lane, 0, async () => undefined);
      const lost = warehouse.transact(lane, 1, async (transaction) => {
        proxy.breakOnQuestion();
        await transaction.writeFacts({});
      });
      expect(await failureIn(lost)).toMatchObject({ kind: 'retry', code: 'warehouse.away' });
      expect(await seqNow()).toBe(1);
      proxy.mend();
      await warehouse.transact(lane, 1, async () => undefined);
      expect(await seqNow()).toBe(2);
      await warehouse.close();
    });

    it.each(['answer', 'question'] as const)('while it commits leaves open whether it has: its %s', async (what) => {
      const warehouse = await openMssqlWarehouse(throughProxy());
      const unknown = warehouse.transact(lane, 0, async () => {
        if (what === 'answer') proxy.breakOnAnswer();
        else proxy.breakOnQuestion();
      });
      expect(await failureIn(unknown)).toMatchObject({ kind: 'retry', code: 'warehouse.commit-unknown' });
      proxy.mend();
      const committed = what === 'answer' ? 1 : 0;
      await vi.waitFor(async () => expect(await seqNow()).toBe(committed), { timeout: 10_000 });
      // Whoever decides again by the old seq is told; by the lane's own he goes on.
      const again = warehouse.transact(lane, 0, async () => undefined);
      if (committed === 1) expect(await failureIn(again)).toMatchObject({ kind: 'retry', code: 'lane.lost' });
      else await again;
      expect(await seqNow()).toBe(1);
      await warehouse.close();
    });
  });
});
