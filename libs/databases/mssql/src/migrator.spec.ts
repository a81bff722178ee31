import { describeOnMssql, freshMssqlSchema, mssqlLogin, runMssqlRole, type MssqlTestLogin, type MssqlTestSchema } from '@dsf/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import { configOf } from './live-schema.ts';
import { assertMigrated, migrate, readMigrations } from './migrations.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describeOnMssql(process.env, (server) => {
  let schema: MssqlTestSchema;
  let login: MssqlTestLogin;
  let client: MssqlClient;
  beforeEach(async () => {
    schema = await freshMssqlSchema(server);
    login = await mssqlLogin(server, schema, 'migrator');
    client = await openMssqlClient({
      ...configOf(server, schema.name),
      login: { kind: 'sql', user: login.user, password: login.password },
    });
  });
  afterEach(async () => {
    await client.close();
    await schema.discard();
  });

  it('a login of the role migrator makes everything from nothing, and the scripts of the other roles run on what it made', async () => {
    const steps = await migrate(client);
    expect(steps.map(({ name }) => name)).toEqual(readMigrations().map(({ name }) => name));
    await client.read((connection) => assertMigrated(connection));
    for (const role of ['ingestor', 'flattener', 'summariser', 'publisher', 'operator', 'reader', 'migrator'] as const)
      await runMssqlRole(schema, role);
  });

  it('a login of the role migrator brings an older database up to this build, after its script was run again', async () => {
    await migrate(client, readMigrations().slice(0, 7));
    await runMssqlRole(schema, 'migrator');
    const steps = await migrate(client);
    expect(steps.map(({ name }) => name)).toEqual(
      readMigrations()
        .slice(7)
        .map(({ name }) => name),
    );
    await client.read((connection) => assertMigrated(connection));
  });
});
