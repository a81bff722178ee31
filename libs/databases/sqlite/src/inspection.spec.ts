import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Warehouse } from '@dsf/ports';
import { temporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openSqliteWarehouse({ file: folder.file('inspected.db') });
});
afterAll(async () => {
  await warehouse.close();
  folder.discard();
});

describe('a query in SQLite', () => {
  it.each([
    `ATTACH '${folder.file('attached.db')}' AS other`,
    `VACUUM INTO '${folder.file('copied.db')}'`,
    'VACUUM',
    'PRAGMA journal_mode = DELETE',
    'PRAGMA writable_schema = 1',
    'PRAGMA user_version',
    'BEGIN',
    'CREATE TEMP TABLE mine (a)',
    'WITH x AS (SELECT 1) DELETE FROM dsf_raw',
    'WITH x AS (SELECT 1) INSERT INTO dsf_schema SELECT 2, 2 FROM x RETURNING id',
    "SELECT load_extension('x')",
    'SELECT 1;;SELECT 2',
    'SELECT 1; /* and */ DROP TABLE dsf_raw',
    'REINDEX',
    'ANALYZE',
  ])('cannot write, in this file or beside it: %s', async (sql) => {
    await expect(warehouse.inspect.query(sql, 10)).rejects.toMatchObject({ kind: 'fatal', code: 'query.refused' });
    expect([existsSync(folder.file('attached.db')), existsSync(folder.file('copied.db'))]).toEqual([false, false]);
  });

  it.each([
    'SELECT 1 -- with a comment',
    'SELECT 1; -- behind',
    'SELECT 1 ; ;',
    "SELECT count(*) FROM pragma_table_info('dsf_raw')",
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) FROM n',
    'VALUES (1)',
  ])('may be any that reads: %s', async (sql) => {
    expect((await warehouse.inspect.query(sql, 10)).rows).toHaveLength(1);
  });

  it('is refused with a NUL, behind which SQLite would not read', async () => {
    await expect(warehouse.inspect.query('SELECT 1\0; DROP TABLE dsf_raw', 10)).rejects.toMatchObject({ code: 'query.refused' });
  });

  it('stops at its limit, also where the statement has no end', async () => {
    expect(
      (await warehouse.inspect.query('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n', 5)).rows,
    ).toEqual([[1], [2], [3], [4], [5]]);
  });
});
