import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteClient } from './client.ts';
import { migrate, readMigrations } from './migrations.ts';
import type { Migration } from './migrations.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
afterAll(folder.discard);

const extra: Migration = { id: 9000, name: '9000_extra.sql', sql: 'CREATE TABLE extra (a INTEGER)', checksum: 'x' };

describe('migrations', () => {
  it('stop at a database that a newer DSF made', async () => {
    const client = await openSqliteClient({ file: folder.file('newer.db') });
    await migrate(client, [...readMigrations(), extra]);
    await expect(migrate(client)).rejects.toMatchObject({
      kind: 'fatal',
      code: 'warehouse.database-newer',
      facts: { migration: '9000_extra.sql' },
    });
    await client.close();
  });

  it('stop when an applied file reads otherwise now', async () => {
    const client = await openSqliteClient({ file: folder.file('changed.db') });
    await migrate(client);
    const [first, ...rest] = readMigrations();
    if (first === undefined) throw new Error('there are no migrations');
    await expect(migrate(client, [{ ...first, checksum: 'other' }, ...rest])).rejects.toMatchObject({
      kind: 'fatal',
      code: 'warehouse.migration-changed',
    });
    await client.close();
  });

  it('leave nothing behind when one of them fails', async () => {
    const client = await openSqliteClient({ file: folder.file('broken.db') });
    await expect(
      migrate(client, [...readMigrations(), { ...extra, sql: 'CREATE TABLE half (a); CREATE TABLE half (a)' }]),
    ).rejects.toMatchObject({ name: 'Failure' });
    expect(await client.read((connection) => connection.all('SELECT name FROM sqlite_schema'))).toEqual([]);
    await migrate(client);
    await client.close();
  });

  it('are applied once, in order, and numbered without gaps', async () => {
    const client = await openSqliteClient({ file: folder.file('twice.db') });
    await Promise.all([migrate(client), migrate(client)]);
    await migrate(client, [...readMigrations(), extra]);
    const applied = await client.read((connection) => connection.all('SELECT id FROM dsf_migration ORDER BY id'));
    expect(applied).toEqual([...readMigrations().map((_, index) => [index + 1]), [9000]]);
    await client.close();
  });
});
