import { DatabaseSync } from 'node:sqlite';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import { metadataStoreContract } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteMetadataStore } from './metadata-store.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { TemporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const runSql = (file: string, statements: string, options: { readonly enableForeignKeyConstraints: boolean }): void => {
  const database = new DatabaseSync(file, { ...options, timeout: 1000 });
  try {
    database.exec(statements);
  } finally {
    database.close();
  }
};

metadataStoreContract('SQLite', async () => {
  const folder = temporaryFolder();
  const file = folder.file('metadata.db');
  return {
    open: () => openSqliteMetadataStore({ file }),
    sql: async (statements) => runSql(file, statements, { enableForeignKeyConstraints: true }),
    discard: async () => folder.discard(),
  };
});

describe('config tables in SQLite', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.discard());

  it('report rows whose owner is missing, as a tool without foreign keys can leave them', async () => {
    const file = folder.file('orphans.db');
    const store = await openSqliteMetadataStore({ file });
    runSql(
      file,
      "INSERT INTO dsf_source_path (source, path, policy) VALUES ('gone', 'a', 'json'); INSERT INTO dsf_measure (driver, name, short) VALUES ('gone', 'n', 'count');",
      { enableForeignKeyConstraints: false },
    );
    const { definitions, problems } = await store.readTables();
    expect(definitions).toBeNull();
    expect(problems.map(({ code, message }) => [code, message.includes("'gone'")])).toEqual([
      ['metadata.orphan-row', true],
      ['metadata.orphan-row', true],
    ]);
    await store.close();
  });

  it('follow the name of their owner when it is changed by plain SQL', async () => {
    const file = folder.file('renamed.db');
    const store = await openSqliteMetadataStore({ file });
    await store.writeTables(
      definitionsSchema.parse({
        sources: [{ name: 'a', paths: { x: 'json' } }],
        drivers: [{ name: 'd', inputs: [{ source: 'a' }], key: {}, measures: { n: 'count' } }],
      }),
    );
    runSql(file, "UPDATE dsf_source SET name = 'b'", { enableForeignKeyConstraints: true });
    const { definitions } = await store.readTables();
    expect(definitions?.sources[0]).toMatchObject({ name: 'b', paths: { x: 'json' } });
    expect(definitions?.drivers[0]?.inputs[0]?.source).toBe('b');
    await store.close();
  });

  it('refuse another number of lanes once a service has claimed one, and change nothing', async () => {
    const file = folder.file('lanes.db');
    const [store, warehouse] = await Promise.all([openSqliteMetadataStore({ file }), openSqliteWarehouse({ file })]);
    const activate = (lanes: number) =>
      store.activate({ definitions: definitionsSchema.parse({ settings: { lanes } }), comment: '', now: 1, check: buildCatalog });
    expect(await activate(4)).toEqual({ kind: 'activated', version: 1 });
    expect(await activate(8)).toEqual({ kind: 'activated', version: 2 });
    await warehouse.transact({ phase: 'flatten', source: 0, lane: 0 }, 0, async () => undefined);
    for (const lanes of [4, 16]) {
      expect(await activate(lanes)).toMatchObject({
        kind: 'refused',
        problems: [{ code: 'settings.lanes-fixed', at: ['settings', 'lanes'] }],
      });
    }
    expect((await store.readTables()).definitions?.settings).toEqual({ lanes: 8 });
    expect(await activate(8)).toEqual({ kind: 'unchanged', version: 2 });
    expect(await store.activate({ lanes: 16, comment: '', now: 1, check: buildCatalog })).toEqual({ kind: 'activated', version: 3 });
    await Promise.all([store.close(), warehouse.close()]);
  });

  it('may share their file with the warehouse, transaction by transaction', async () => {
    const file = folder.file('both.db');
    const [store, warehouse] = await Promise.all([openSqliteMetadataStore({ file }), openSqliteWarehouse({ file })]);
    const lane = { phase: 'ingest', source: 1, lane: 0 } as const;
    const turn = warehouse.transact(lane, 0, async () => {
      expect(await store.currentVersion()).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    const catalog = { version: 1, settings: { lanes: 4 }, sources: [], drivers: [], publications: [] };
    const activation = store.activate({
      definitions: definitionsSchema.parse({ sources: [{ name: 'a' }] }),
      comment: '',
      now: 1,
      check: () => ({ catalog, problems: [] }),
    });
    await Promise.all([turn, activation]);
    await store.close();
    expect((await warehouse.loadLane(lane)).seq).toBe(1);
    await warehouse.close();
  });
});
