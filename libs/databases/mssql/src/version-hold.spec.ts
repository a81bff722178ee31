import { definitionsSchema } from '@dsf/metadata';
import type { LaneKey, MetadataStore } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema, heldVersionContract } from '@dsf/testing';
import { describe, expect, it, vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { openMssqlMetadataStore } from './metadata-store.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const catalog = { version: 0, settings: { lanes: 4 }, sources: [], drivers: [], publications: [] };
const check = () => ({ catalog, problems: [] });
const activation = (name: string): Parameters<MetadataStore['activate']>[0] => ({
  ...{ definitions: definitionsSchema.parse({ sources: [{ name }] }), comment: '', now: 1, check },
});
/** An activation that tells when it has decided: what it asks for next is the lock. */
const telling = <T extends object>(asked: T) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const tell = () => {
    resolve();
    return check();
  };
  return { asked: { ...asked, check: tell }, decided: promise };
};
const laneOf = (lane: number): LaneKey => ({ phase: 'flatten', source: 0, lane });
/** Long enough for the two statements and the commit that are then left. */
const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

describeOnMssql(process.env, (server) => {
  const defined = liveSchema(server, freshMssqlSchema);
  heldVersionContract('SQL Server', async () => ({
    store: await openMssqlMetadataStore(defined().config),
    warehouse: await openMssqlWarehouse(defined().config),
  }));

  describe('the version in force in SQL Server', () => {
    const live = liveSchema(server, freshMssqlSchema);

    it('is held by several lanes side by side, and each of them keeps others from coming into force', async () => {
      const store = await openMssqlMetadataStore(live().config);
      const warehouse = await openMssqlWarehouse(live().config);
      await store.activate(activation('side_by_side'));
      const version = await store.currentVersion();
      let seen: Promise<readonly number[]> = Promise.resolve([]);
      const { asked, decided } = telling(activation('beside_both'));
      await warehouse.transact(laneOf(201), 0, async (one) => {
        await one.holdVersion(version);
        await warehouse.transact(laneOf(202), 0, async (other) => {
          await other.holdVersion(version);
          seen = store
            .activate(asked)
            .then(() => Promise.all([201, 202].map(async (lane) => (await warehouse.loadLane(laneOf(lane))).seq)));
          await decided;
          await moment();
        });
        await moment();
        expect(await store.currentVersion()).toBe(version);
      });
      expect(await seen).toEqual([1, 1]);
      await Promise.all([store.close(), warehouse.close()]);
    });

    it('is waited for also by an activation that was asked for with SQL', async () => {
      const store = await openMssqlMetadataStore(live().config);
      const warehouse = await openMssqlWarehouse(live().config);
      await store.activate(activation('asked_before'));
      const version = await store.currentVersion();
      await store.writeTables(definitionsSchema.parse({ sources: [{ name: 'asked' }] }));
      await live().schema.sql(`INSERT INTO [${live().schema.name}_config].[activation] ([comment], [only_check]) VALUES (N'by hand', 0)`);
      let seen: Promise<number> = Promise.resolve(0);
      const { asked, decided } = telling({ now: 1 });
      await warehouse.transact(laneOf(203), 0, async (transaction) => {
        await transaction.holdVersion(version);
        seen = (store.activateAsked?.(asked) ?? Promise.resolve(0)).then(async () => (await warehouse.loadLane(laneOf(203))).seq);
        await decided;
        await moment();
        expect(await store.currentVersion()).toBe(version);
      });
      expect(await seen).toBe(1);
      expect(await store.currentVersion()).toBe(version + 1);
      await Promise.all([store.close(), warehouse.close()]);
    });

    it('does not keep an activation waiting for longer than DSF_MSSQL_LOCK_TIMEOUT, which then changes nothing', async () => {
      const store = await openMssqlMetadataStore({ ...live().config, lockTimeoutMs: 200 });
      const warehouse = await openMssqlWarehouse(live().config);
      await store.activate(activation('patient'));
      const version = await store.currentVersion();
      await warehouse.transact(laneOf(204), 0, async (transaction) => {
        await transaction.holdVersion(version);
        await expect(store.activate(activation('impatient'))).rejects.toMatchObject({ kind: 'retry', code: 'warehouse.lock-timeout' });
      });
      expect(await store.currentVersion()).toBe(version);
      expect((await store.readTables()).definitions?.sources[0]?.name).toBe('patient');
      expect(await store.activate(activation('impatient'))).toEqual({ kind: 'activated', version: version + 1 });
      await Promise.all([store.close(), warehouse.close()]);
    });
  });
});
