import { buildCatalog, freshSnapshot, type Definitions } from '@dsf/metadata';
import type { MetadataStore } from '@dsf/ports';
import { anyDefinitions, describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { openMssqlMetadataStore } from './metadata-store.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** As docs/sql-server.md shows it. */
const pipeline = `
INSERT INTO dsf_config.source ([name], [partitions]) VALUES (N'shop.orders', 4);
INSERT INTO dsf_config.source_path ([source], [path], [policy]) VALUES (N'shop.orders', N'customer', 'columns');
INSERT INTO dsf_config.driver ([name]) VALUES (N'revenue_by_country');
INSERT INTO dsf_config.driver_input ([driver], [input], [source]) VALUES (N'revenue_by_country', 0, N'shop.orders');
INSERT INTO dsf_config.driver_key ([driver], [name], [expression]) VALUES (N'revenue_by_country', N'country', N'customer.country');
INSERT INTO dsf_config.measure ([driver], [name], [position], [short]) VALUES
  (N'revenue_by_country', N'orders', 0, N'count'),
  (N'revenue_by_country', N'revenue', 1, N'sum(total)'),
  (N'revenue_by_country', N'dearest', 2, N'max(total)');
INSERT INTO dsf_config.publication ([name], [driver]) VALUES (N'shop.revenue', N'revenue_by_country');`;

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  let store: MetadataStore;
  beforeEach(async () => {
    store = await openMssqlMetadataStore(live().config);
  });
  afterEach(async () => {
    await store.close();
    for (const table of ['publication', 'driver', 'source', 'connection', 'setting', 'activation'])
      await run(`DELETE FROM dsf_config.${table}`);
  });

  /** Statements as a person writes them in an installation whose schema is dsf. */
  const run = (statements: string): Promise<readonly (readonly unknown[])[]> =>
    live().schema.sql(statements.replaceAll(/\bdsf_(config|state)\b/g, `[${live().schema.name}_$1]`));
  const now = 1_700_000_000_000;
  const carryOut = (): Promise<number> =>
    store.activateAsked?.({ now, check: (snapshot, version) => buildCatalog(snapshot, version, {}) }) ?? Promise.resolve(-1);
  const errorsOf = (definitions: Definitions): readonly string[] =>
    buildCatalog(freshSnapshot(null, definitions), 1, {})
      .problems.filter(({ severity }) => severity === 'error')
      .map(({ code }) => code);
  const wrong = async (): Promise<readonly unknown[]> =>
    (await run(`SELECT [code], [place] FROM dsf_config.validate WHERE [severity] = N'error'`)).map(([code, place]) =>
      [code, place].join(' '),
    );

  describe('an activation that is asked for with T-SQL', () => {
    it('makes what stands in the tables the version in force, once, and is answered', async () => {
      await run(pipeline);
      const before = await store.currentVersion();
      await run(`EXEC dsf_config.activate @comment = N'because'`);
      expect(await Promise.all([carryOut(), carryOut()])).toContain(1);
      expect(await store.currentVersion()).toBe(before + 1);
      expect((await store.history()).at(-1)).toMatchObject({ comment: 'because', activatedAt: now });
      expect((await store.loadVersion(before + 1)).definitions.drivers[0]?.measures).toEqual({
        orders: 'count',
        revenue: 'sum(total)',
        dearest: 'max(total)',
      });
      expect(await run(`SELECT [outcome], [version] FROM dsf_config.activation`)).toEqual([['activated', before + 1]]);
      expect(await carryOut()).toBe(0);
      await run(`EXEC dsf_config.activate`);
      expect(await carryOut()).toBe(1);
      expect(await run(`SELECT [outcome], [version] FROM dsf_config.activation ORDER BY [id] DESC`)).toEqual([
        ['unchanged', before + 1],
        ['activated', before + 1],
      ]);
    });

    it('is refused when something is wrong, which the view then shows with its place', async () => {
      await run(pipeline);
      await run(`UPDATE dsf_config.measure SET [short] = N'sum(total +)' WHERE [name] = N'revenue'`);
      const before = await store.currentVersion();
      await run(`EXEC dsf_config.activate`);
      expect(await carryOut()).toBe(1);
      expect(await store.currentVersion()).toBe(before);
      expect(await run(`SELECT [outcome] FROM dsf_config.activation`)).toEqual([['refused']]);
      const place = `table ${live().schema.name}_config.measure, row 'revenue_by_country', 'revenue'`;
      expect(await wrong()).toEqual([expect.stringContaining(`expression.invalid ${place}`)]);
    });

    it('that only checks changes nothing', async () => {
      await run(pipeline);
      const before = await store.currentVersion();
      await run(`UPDATE dsf_config.measure SET [short] = N'min(total)' WHERE [name] = N'dearest'`);
      await run(`EXEC dsf_config.activate @only_check = 1`);
      expect(await run(`SELECT [severity] FROM dsf_config.validate`)).toEqual([['waiting']]);
      expect(await carryOut()).toBe(1);
      expect(await run(`SELECT [outcome] FROM dsf_config.activation`)).toEqual([['valid']]);
      expect(await store.currentVersion()).toBe(before);
      expect(await wrong()).toEqual([]);
    });
  });

  describe('the view validate', () => {
    it.each([
      ["INSERT INTO dsf_config.source ([name]) VALUES (N'9a')", "metadata.row-invalid table source, row '9a'"],
      ["INSERT INTO dsf_config.source ([name]) VALUES (N'a.9')", "metadata.row-invalid table source, row 'a.9'"],
      ["INSERT INTO dsf_config.source ([name]) VALUES (N'a.')", "metadata.row-invalid table source, row 'a.'"],
      ["INSERT INTO dsf_config.source ([name], [start]) VALUES (N'a', 'now')", "metadata.row-invalid table source, row 'a', column start"],
      [
        "INSERT INTO dsf_config.source ([name], [retention_raw]) VALUES (N'a', '0d')",
        "metadata.row-invalid table source, row 'a', column retention_raw",
      ],
      ...["''", "' '", "'9'", "'d'", "'1.5d'", "'12345678d'"].map((kept): [string, string] => [
        `INSERT INTO dsf_config.source ([name], [retention_rows]) VALUES (N'a', ${kept})`,
        "metadata.row-invalid table source, row 'a', column retention_rows",
      ]),
      ["INSERT INTO dsf_config.source ([name]) VALUES (N'dsf.x')", "name.reserved table source, row 'dsf.x'"],
      [
        "INSERT INTO dsf_config.source ([name], [transport]) VALUES (N'a', 'kafka')",
        "connection.missing table source, row 'a', column connection",
      ],
      [
        "INSERT INTO dsf_config.source ([name], [connection]) VALUES (N'a', N'x')",
        "connection.unused table source, row 'a', column connection",
      ],
      [
        "INSERT INTO dsf_config.source ([name], [transport]) VALUES (N'a', 'post')",
        "metadata.row-invalid table source, row 'a', column transport",
      ],
      ["INSERT INTO dsf_config.source ([name]) VALUES (N'shop_orders')", "name.table-collision table source, row 'shop"],
      [
        "INSERT INTO dsf_config.source ([name], [topic]) VALUES (N'b', N'shop.revenue'); UPDATE dsf_config.publication SET [partitions] = 9",
        "topic.partitions table source, row 'b', column partitions",
      ],
      [
        "UPDATE dsf_config.driver SET [window_kind] = 'tumbling', [window_size] = '15x'",
        "metadata.row-invalid table driver, row 'revenue_by_country', column window_size",
      ],
      ['DELETE FROM dsf_config.driver_input', "driver.no-inputs table driver, row 'revenue_by_country'"],
      ['DELETE FROM dsf_config.measure', "driver.no-measures table driver, row 'revenue_by_country'"],
      [
        "UPDATE dsf_config.measure SET [name] = N'COUNTRY' WHERE [name] = N'orders'",
        "driver.column-collision table driver, row 'revenue_by_country'",
      ],
      [
        "UPDATE dsf_config.measure SET [name] = N'a b' WHERE [name] = N'orders'",
        "metadata.row-invalid table measure, row 'revenue_by_country', 'a b'",
      ],
      [
        "UPDATE dsf_config.measure SET [short] = N'sum' WHERE [name] = N'orders'",
        "measure.argument-missing table measure, row 'revenue_by_country', 'orders'",
      ],
      [
        "INSERT INTO dsf_config.driver_expression ([driver], [input], [name]) VALUES (N'revenue_by_country', 0, N'odd')",
        "driver.expression-unknown table driver_expression, row 'revenue_by_country', 'odd'",
      ],
      [
        "INSERT INTO dsf_config.driver_expression ([driver], [input], [name]) VALUES (N'revenue_by_country', 0, N'country')",
        "driver.key-null table driver_expression, row 'revenue_by_country', 'country'",
      ],
    ])('says what is wrong: %s', async (statements, problem) => {
      await run(pipeline);
      expect(await wrong()).toEqual([]);
      await run(statements);
      expect(await wrong()).toEqual([expect.stringContaining(problem)]);
      const { definitions } = await store.readTables();
      expect(definitions === null || errorsOf(definitions).length > 0).toBe(true);
    });

    it('warns of a measure that is not built in, because it may be one of your own', async () => {
      await run(pipeline);
      await run(`UPDATE dsf_config.measure SET [short] = N'geomean(total)' WHERE [name] = N'dearest'`);
      expect(await run(`SELECT [severity], [code] FROM dsf_config.validate`)).toEqual([['warning', 'measure.unknown']]);
    });

    it('calls nothing wrong that the services would take', async () => {
      for (const definitions of fc.sample(anyDefinitions, { numRuns: 20, seed: 7 })) {
        await store.writeTables(definitions);
        const found = await run(`SELECT [code] FROM dsf_config.validate WHERE [severity] = N'error'`);
        expect(errorsOf(definitions)).toEqual(expect.arrayContaining(found.map(([code]) => code)));
      }
    });
  });

  describe('history', () => {
    it('keeps what a definition was before it was changed or deleted, in one of two ways', async () => {
      await run(pipeline);
      await run(`UPDATE dsf_config.measure SET [short] = N'min(total)' WHERE [name] = N'dearest'`);
      await run(`DELETE FROM dsf_config.publication`);
      const [versioned, ours] = live().migrated.filter(({ name }) => name.includes('history'));
      expect([versioned?.outcome, ours?.outcome].toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(['applied', 'skipped']);
      const old = (table: string, column: string): string =>
        versioned?.outcome === 'applied'
          ? `SELECT [${column}] FROM dsf_config.${table}_history`
          : `SELECT JSON_VALUE([row], '$.${column}') FROM dsf_config.change WHERE [table_name] = '${table}' AND [state] = 'before'`;
      expect(await run(old('measure', 'short'))).toContainEqual(['max(total)']);
      expect(await run(old('publication', 'name'))).toContainEqual(['shop.revenue']);
    });
  });
});
