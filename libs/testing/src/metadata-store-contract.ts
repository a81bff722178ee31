import { definitionsSchema } from '@dsf/metadata';
import type { Catalog, Definitions, Problem, Snapshot } from '@dsf/metadata';
import type { Activation, MetadataStore } from '@dsf/ports';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anyDefinitions } from './any-definitions.ts';

/** A metadata store, and plain SQL on its tables as a person would write it. */
export interface MetadataStoreHarness {
  /** A handle on one database; each call gives another handle on the same one. */
  readonly open: () => Promise<MetadataStore>;
  /** Runs statements as a person would, past DSF. Rejects or throws when the database refuses. */
  readonly sql: (statements: string) => Promise<void>;
  /** What SQL calls a config table, such as `source`; without it `dsf_source`. */
  readonly table?: (name: string) => string;
  /** What problems call it, where that is not the same. */
  readonly spoken?: (name: string) => string;
  /** Whether the server takes such JSON, where it is not the engine itself: halves of surrogate pairs, for one. Default: any. */
  readonly takes?: (json: string) => boolean;
  /** Removes the database. */
  readonly discard: () => Promise<void>;
}

const half = '\ud800';
const ordersWith = (key: string): Definitions =>
  definitionsSchema.parse({
    sources: [
      {
        name: 'shop.orders',
        paths: { items: 'child', 'items.sku': { type: 'text' }, shipping: { policy: 'columns' }, odd: {} },
        headers: { tenant: 'tenant', A: 'a' },
      },
    ],
    drivers: [
      {
        name: 'sales',
        inputs: [
          { source: 'shop.orders', expressions: { orders: null, revenue: 'net' } },
          { source: 'shop.orders', table: 'items', filter: 'qty > 0' },
        ],
        key: { zone: 'zone', country: 'country' },
        window: { tumbling: '1h' },
        measures: { revenue: 'sum(total)', orders: { function: 'count' }, last: { function: 'list', of: 'sku', max: 5, type: 'json' } },
      },
    ],
    publications: [{ name: 'sales.feed', driver: 'sales', body: { [key]: [1, null, { key: 'key.country' }] } }],
  });

const accept = (): { readonly catalog: Catalog; readonly problems: readonly Problem[] } => ({
  catalog: { version: 0, settings: { lanes: 4 }, sources: [], drivers: [], publications: [] },
  problems: [],
});

/** In the text, order counts too: of a driver's key, for example. */
const asText = (definitions: Definitions | null): string => JSON.stringify(definitions);

const renamed = (from: Definitions, name: string): Definitions => ({
  ...from,
  drivers: [],
  publications: [],
  sources: from.sources.map((source) => ({ ...source, name })),
});

/**
 * Everything that the port promises, as tests. Each adapter runs it in its own spec.
 * @param prepare - makes an empty database, once per test
 */
export const metadataStoreContract = (name: string, prepare: () => Promise<MetadataStoreHarness>): void => {
  describe(`the metadata store contract, kept by ${name}`, () => {
    let harness: MetadataStoreHarness;
    let store: MetadataStore;
    let orders: Definitions;
    beforeEach(async () => {
      harness = await prepare();
      orders = ordersWith(harness.takes?.(JSON.stringify(half)) === false ? '😀' : half);
      store = await harness.open();
    });
    afterEach(async () => {
      await store.close();
      await harness.discard();
    });
    /** Statements as they are written for `dsf_source`, with the names that this database has. */
    const run = (statements: string): Promise<void> =>
      harness.sql(statements.replaceAll(/dsf_(\w+)/g, (whole, name: string) => harness.table?.(name) ?? whole));
    const spoken = (word: string): string => {
      const name = /^dsf_(\w+)$/.exec(word)?.[1];
      return name === undefined ? word : (harness.spoken?.(name) ?? word);
    };
    const activate = (definitions?: Definitions, check: Parameters<MetadataStore['activate']>[0]['check'] = accept): Promise<Activation> =>
      store.activate({ comment: 'because', now: 1_700_000_000_000, check, ...(definitions === undefined ? {} : { definitions }) });

    describe('bad metadata', () => {
      it('is refused with the problems of the check, and neither tables nor version change', async () => {
        await activate(orders);
        const problem: Problem = { code: 'driver.path-unknown', message: 'no', at: ['drivers', 0], severity: 'error' };
        for (const catalog of [null, accept().catalog]) {
          expect(await activate(renamed(orders, 'other'), () => ({ catalog, problems: [problem] }))).toEqual({
            kind: 'refused',
            problems: [problem],
          });
        }
        expect(await store.currentVersion()).toBe(1);
        expect(asText((await store.readTables()).definitions)).toBe(asText(orders));
      });

      it('is accepted when its problems are warnings', async () => {
        const warning: Problem = { code: 'driver.paths-unchecked', message: 'careful', at: [], severity: 'warning' };
        expect(await activate(orders, () => ({ catalog: accept().catalog, problems: [warning] }))).toEqual({
          kind: 'activated',
          version: 1,
        });
      });

      it('rolls back when the check throws', async () => {
        await activate(orders);
        const broken = activate(renamed(orders, 'other'), () => {
          throw new Error('a defect of the check');
        });
        await expect(broken).rejects.toThrow('a defect of the check');
        expect(asText((await store.readTables()).definitions)).toBe(asText(orders));
      });

      it('with one name twice, or in two spellings, is refused with the place of the second', async () => {
        const [source] = orders.sources;
        if (source === undefined) throw new Error('no source');
        for (const second of ['shop.orders', 'Shop.ORDERS']) {
          const twice = { ...orders, sources: [source, { ...source, name: second }] };
          expect(await activate(twice)).toMatchObject({
            kind: 'refused',
            problems: [{ code: 'name.duplicate', at: ['sources', 1, 'name'] }],
          });
          await expect(store.writeTables(twice)).rejects.toMatchObject({ kind: 'fatal' });
        }
        expect(await store.currentVersion()).toBe(0);
      });

      it('that names what is not defined cannot be written', async () => {
        await store.writeTables(orders);
        await expect(store.writeTables({ ...orders, sources: [] })).rejects.toMatchObject({
          kind: 'fatal',
          code: 'metadata.reference-missing',
        });
        expect(asText((await store.readTables()).definitions)).toBe(asText(orders));
      });

      it('written by plain SQL is refused with table, row and column, and the last good version stays', async () => {
        await activate(orders);
        const edits = [
          ["UPDATE dsf_source SET name = 'not a name!'", ['dsf_source', 'not a name!', 'name']],
          ["UPDATE dsf_source SET start = 'whenever'", ['dsf_source', 'start']],
          ["UPDATE dsf_source SET transport = 'pigeon'", ['dsf_source', 'shop.orders', 'transport']],
          ["UPDATE dsf_driver SET window_size = '1 hour'", ['dsf_driver', 'sales', 'window_size']],
          ['DELETE FROM dsf_driver_input', ['dsf_driver_input', 'sales']],
          ["UPDATE dsf_driver_key SET name = 'a-b' WHERE name = 'zone'", ['dsf_driver_key', 'a-b']],
          ["UPDATE dsf_measure SET [function] = '' WHERE name = 'orders'", ['dsf_measure', 'orders', 'function']],
          ["UPDATE dsf_driver_expression SET expression = '' WHERE name = 'revenue'", ['dsf_driver_expression', 'revenue']],
        ] as const;
        for (const [edit, words] of edits) {
          await run(edit);
          const { definitions, problems } = await store.readTables();
          expect(definitions, edit).toBeNull();
          expect(await activate()).toEqual({ kind: 'refused', problems });
          for (const word of words) expect(problems[0]?.message, edit).toContain(spoken(word));
          expect(problems[0]).toMatchObject({ code: 'metadata.row-invalid', severity: 'error' });
          await store.writeTables(orders);
        }
        expect(await store.currentVersion()).toBe(1);
        expect(asText((await store.loadVersion(1)).definitions)).toBe(asText(orders));
      });

      it.each([
        'UPDATE dsf_source SET partitions = 0',
        "UPDATE dsf_source SET lists = 'sometimes'",
        "UPDATE dsf_publication SET body = '{'",
        "UPDATE dsf_measure SET short = 'count', [function] = 'count'",
        "UPDATE dsf_driver SET window_kind = 'none'",
        "INSERT INTO dsf_source (name) VALUES ('SHOP.orders')",
        "INSERT INTO dsf_source_header (source, header, column_name) VALUES ('nobody', 'a', 'b')",
        "UPDATE dsf_publication SET driver = 'nobody'",
      ])('is refused by the tables themselves where they can tell: %s', async (edit) => {
        await store.writeTables(orders);
        await expect(run(edit)).rejects.toBeInstanceOf(Error);
      });
    });

    describe('versions', () => {
      it('begin at 0 with empty tables and an error for each version asked for', async () => {
        expect(await store.currentVersion()).toBe(0);
        expect(await store.history()).toEqual([]);
        expect(await store.readTables()).toEqual({ definitions: definitionsSchema.parse({}), problems: [] });
        await expect(store.loadVersion(0)).rejects.toMatchObject({ kind: 'fatal', code: 'metadata.version-missing' });
        await expect(store.loadVersion(7)).rejects.toMatchObject({ kind: 'fatal', code: 'metadata.version-missing' });
      });

      it('hold what was activated, with the number that the check was told', async () => {
        const seen: { readonly snapshot: Snapshot; readonly version: number }[] = [];
        await activate(orders, (snapshot, version) => {
          seen.push({ snapshot, version });
          return accept();
        });
        expect(seen).toEqual([{ snapshot: await store.loadVersion(1), version: 1 }]);
        expect(asText(seen[0]?.snapshot.definitions ?? null)).toBe(asText(orders));
        expect(await store.history()).toEqual([{ version: 1, activatedAt: 1_700_000_000_000, comment: 'because' }]);
      });

      it('are not made when nothing differs', async () => {
        await activate(orders);
        expect(await activate(orders)).toEqual({ kind: 'unchanged', version: 1 });
        expect(await activate()).toEqual({ kind: 'unchanged', version: 1 });
        expect(await store.history()).toHaveLength(1);
      });

      it('take what plain SQL changed, once it is activated', async () => {
        await activate(orders);
        await run("UPDATE dsf_source SET partitions = 9 WHERE name = 'shop.orders'");
        expect((await store.loadVersion(await store.currentVersion())).definitions.sources[0]?.partitions).toBe(4);
        expect(await activate()).toEqual({ kind: 'activated', version: 2 });
        expect((await store.loadVersion(2)).definitions.sources[0]?.partitions).toBe(9);
        expect((await store.loadVersion(1)).definitions.sources[0]?.partitions).toBe(4);
      });

      it('get another number of lanes from a resize, which leaves alone what was edited and not activated', async () => {
        await activate(orders);
        await run("UPDATE dsf_source SET partitions = 9 WHERE name = 'shop.orders'");
        const resize = { lanes: 7, comment: 'resize', now: 1_700_000_000_000, check: accept };
        expect(await store.activate(resize)).toEqual({ kind: 'activated', version: 2 });
        expect(await store.activate(resize)).toEqual({ kind: 'unchanged', version: 2 });
        const { definitions } = await store.loadVersion(2);
        expect(asText(definitions)).toBe(asText({ ...orders, settings: { lanes: 7 } }));
        expect((await store.readTables()).definitions).toMatchObject({ settings: { lanes: 7 }, sources: [{ partitions: 9 }] });
        // Tables that make no version are nothing that a resize has to wait for.
        await run('DELETE FROM dsf_driver_input; DELETE FROM dsf_setting;');
        expect(await store.activate({ ...resize, lanes: 8 })).toEqual({ kind: 'activated', version: 3 });
        expect((await store.loadVersion(3)).definitions.drivers).toEqual(definitions.drivers);
      });

      it('can be gone back to, as a new version', async () => {
        await activate(orders);
        await activate(renamed(orders, 'other'));
        expect(await activate((await store.loadVersion(1)).definitions)).toEqual({ kind: 'activated', version: 3 });
        expect(asText((await store.readTables()).definitions)).toBe(asText(orders));
      });

      it.each([
        "UPDATE dsf_version SET comment = 'nothing happened'",
        'DELETE FROM dsf_version',
        'UPDATE dsf_name SET id = 9',
        'DELETE FROM dsf_name',
      ])('are history that SQL cannot rewrite: %s', async (edit) => {
        await activate(orders);
        await expect(run(edit)).rejects.toBeInstanceOf(Error);
        expect(await store.history()).toEqual([{ version: 1, activatedAt: 1_700_000_000_000, comment: 'because' }]);
      });

      it('are numbered without gaps and repetition when two handles activate at once', async () => {
        const other = await harness.open();
        const at = (handle: MetadataStore, index: number): Promise<Activation> =>
          handle.activate({ definitions: renamed(orders, `source_${index}`), comment: String(index), now: index, check: accept });
        const made = await Promise.all(Array.from({ length: 10 }, (_, index) => at(index % 2 === 0 ? store : other, index)));
        expect(new Set(made)).toEqual(new Set(Array.from({ length: 10 }, (_, index) => ({ kind: 'activated', version: index + 1 }))));
        expect(await other.currentVersion()).toBe(10);
        await other.close();
      });
    });

    describe('numbers given to names', () => {
      it('begin at 1, stay with their name, and are never given again', async () => {
        await activate(renamed(orders, 'first'));
        await activate(renamed(orders, 'second'));
        await activate(renamed(orders, 'first'));
        await activate(renamed(orders, 'third'));
        const { sourceIds } = await store.loadVersion(4);
        expect(sourceIds).toEqual({ first: 1, second: 2, third: 3 });
      });

      it('come with the last definition of a source that was removed, until it returns', async () => {
        await activate(renamed(orders, 'first'));
        await activate(renamed(orders, 'second'));
        expect((await store.loadVersion(2)).retiredSources).toEqual(renamed(orders, 'first').sources);
        await activate(renamed(orders, 'first'));
        expect((await store.loadVersion(3)).retiredSources.map((source) => source.name)).toEqual(['second']);
      });
    });

    describe('the config tables', () => {
      it('give back any definitions exactly, order and spelling included', async () => {
        await fc.assert(
          fc.asyncProperty(
            anyDefinitions.filter((one) => harness.takes?.(JSON.stringify(one)) !== false),
            async (definitions) => {
              await store.writeTables(definitions);
              const read = await store.readTables();
              expect(read.problems).toEqual([]);
              expect(asText(read.definitions)).toBe(asText(definitions));
            },
          ),
          { numRuns: 60 },
        );
      });

      it('can be written and read without being activated', async () => {
        await store.writeTables(orders);
        expect(await store.currentVersion()).toBe(0);
        expect(asText((await store.readTables()).definitions)).toBe(asText(orders));
      });

      it('fill in the defaults for what plain SQL leaves out', async () => {
        await run(
          "INSERT INTO dsf_source (name) VALUES ('clicks'); INSERT INTO dsf_source_path (source, path, policy) VALUES ('clicks', 'a', 'json');",
        );
        expect((await store.readTables()).definitions).toEqual(
          definitionsSchema.parse({ sources: [{ name: 'clicks', paths: { a: 'json' } }] }),
        );
      });
    });
  });
};
