import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { definitionsSchema } from '@dsf/metadata';
import {
  activateAll,
  describeOnMssql,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  freshMssqlSchema,
  mssqlLogin,
  mssqlVariables,
  readAll,
  sendShop,
  shopDefinitions,
  shopStream,
  untilIdle,
  withFleet,
  type MssqlRole,
  type MssqlTestLogin,
  type MssqlTestSchema,
} from '@dsf/testing';
import { databaseMigrations, openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterEach, beforeEach, expect, it } from 'vitest';

type Variables = Readonly<Record<string, string>>;

const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 120_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so after two minutes: ${what}`);
    await delay(200);
  }
};

describeOnMssql(process.env, (server) => {
  let schema: MssqlTestSchema;
  let home: string;
  const logins: MssqlTestLogin[] = [];
  const open: Installation[] = [];

  beforeEach(async () => {
    schema = await freshMssqlSchema(server);
    home = mkdtempSync(join(tmpdir(), 'dsf-sql-roles-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((installation) => installation.close()));
    for (const login of logins.splice(0)) await login.discard();
    await schema.discard();
    rmSync(home, { recursive: true, force: true });
  });

  const variables = (): Variables => ({
    ...fleetEnvironment(home),
    ...mssqlVariables(server, schema.name),
  });
  const loginOf = async (role: MssqlRole): Promise<{ readonly settings: Variables; readonly lacks: readonly string[] }> => {
    const login = await mssqlLogin(server, schema, role);
    logins.push(login);
    return { settings: { DSF_MSSQL_USER: login.user, DSF_MSSQL_PASSWORD: login.password }, lacks: login.lacks };
  };
  const installed = async (settings: Variables = {}): Promise<Installation> => {
    const installation = await openInstallation({ home, environment: { ...variables(), ...settings } });
    open.push(installation);
    return installation;
  };
  const config = (statements: string) => schema.sql(statements.replaceAll('dsf_config', `[${schema.name}_config]`));
  const outcomes = async () => (await config('SELECT [outcome] FROM dsf_config.activation ORDER BY [id]')).map(([outcome]) => outcome);

  it('definitions written with T-SQL are activated with T-SQL, and running services follow; each with the login of its role', async () => {
    const { messages, expected } = shopStream(7, 300);
    const migrator = await loginOf('migrator');
    await (await databaseMigrations({ ...variables(), ...migrator.settings })).apply();
    const own = {
      ingestor: (await loginOf('ingestor')).settings,
      flattener: (await loginOf('flattener')).settings,
      summariser: (await loginOf('summariser')).settings,
      publisher: (await loginOf('publisher')).settings,
    };
    const operator = await installed((await loginOf('operator')).settings);
    const owner = await installed();
    const log = await operator.transport('local');
    await log.ensureTopic('shop.orders', 4);
    const idle = () => until('all phases are idle', async () => (await readStatus(operator)).idle);
    // Where the server knows no GRANT to make tables, the owner's services make them before the others begin.
    const mayMakeTables = logins.every(({ lacks }) => lacks.length === 0);

    const run = async (accounts: typeof own | undefined, part: typeof messages, whileRunning: () => Promise<void>): Promise<void> => {
      await withFleet({ environment: variables(), replicas: 1, ...(accounts === undefined ? {} : { own: accounts }) }, async () => {
        await whileRunning();
        await sendShop(log, 'shop.orders', { messages: part, pauseMs: 0 });
        await until('the messages are stored', async () => {
          const positions = await operator.warehouse.inspect.positions();
          return positions.filter(({ phase }) => phase === 'ingest').length > 0;
        });
        await idle();
      });
    };

    await operator.metadata.writeTables(definitionsSchema.parse({ ...shopDefinitions, publications: [] }));
    await run(mayMakeTables ? own : undefined, messages.slice(0, 150), async () => {
      await config(`EXEC dsf_config.activate @comment = N'first'`);
      await until('the first version is in force', async () => (await outcomes())[0] === 'activated');
    });
    await run(own, messages.slice(150), async () => {
      await config(
        `INSERT INTO dsf_config.publication ([name], [driver]) VALUES (N'shop.totals', N'shop.totals'); EXEC dsf_config.activate @comment = N'published'`,
      );
      await until('the publication is in force', async () => (await outcomes())[1] === 'activated');
    });
    await expectShopTables(owner.warehouse, messages, expected);
    expectShopTotals(await readAll(log, 'shop.totals'), expected);

    const reader = await installed((await loginOf('reader')).settings);
    expect((await reader.warehouse.inspect.query('SELECT COUNT(*) FROM dsf_raw', 1)).rows).toEqual([[messages.length]]);
    // A server that words its errors as SQL Server does gets the GRANT as well; verdict.spec.ts holds the words.
    await expect(reader.metadata.writeTables(definitionsSchema.parse({}))).rejects.toMatchObject({
      kind: 'fatal',
      code: 'warehouse.permission',
      message: expect.stringContaining('deploy/sql/mssql/roles'),
    });
  }, 600_000);

  it('one login that owns the schemas migrates, defines and runs everything, as in docker-compose.yml', async () => {
    const { messages, expected } = shopStream(8, 60);
    const { settings } = await loginOf('migrator');
    await (await databaseMigrations({ ...variables(), ...settings })).apply();
    const owner = await installed(settings);
    const log = await owner.transport('local');
    await log.ensureTopic('shop.orders', 4);
    await activateAll(owner.metadata, shopDefinitions);
    await withFleet({ environment: { ...variables(), ...settings }, replicas: 1 }, async () => {
      await sendShop(log, 'shop.orders', { messages, pauseMs: 0 });
      await untilIdle(() => readStatus(owner), 240_000);
    });
    await expectShopTables(owner.warehouse, messages, expected);
    expectShopTotals(await readAll(log, 'shop.totals'), expected);
  }, 600_000);
});
