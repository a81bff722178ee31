import { setTimeout as delay } from 'node:timers/promises';
import type { Warehouse } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { childRow, driverInstance, groupRow, ordersTables, rawRow, rootRow, tableOf, turn } from './room.ts';
import type { Room } from './room.ts';

export const inspectionContract = (room: Room): void => {
  const query = (sql: string, max = 100): ReturnType<ReturnType<Room['warehouse']>['inspect']['query']> =>
    room.warehouse().inspect.query(sql, max);

  describe('a query', () => {
    it.each([
      'DELETE FROM dsf_raw',
      "INSERT INTO dsf_raw (topic) VALUES ('x')",
      'UPDATE dsf_lane SET seq = 0',
      'DROP TABLE dsf_raw',
      'CREATE TABLE mine (a INTEGER)',
      'SELECT 1; DELETE FROM dsf_raw',
      'SELECT 1; SELECT 2',
      '',
      '  -- nothing',
    ])('is refused unless it is one statement that reads: %s', async (sql) => {
      await expect(query(sql)).rejects.toMatchObject({ kind: 'fatal', code: 'query.refused' });
    });

    it('says in the words of the database what is wrong with it', async () => {
      await expect(query('SELECT nonsense_column FROM dsf_raw')).rejects.toMatchObject({
        kind: 'fatal',
        code: 'query.failed',
        message: expect.stringContaining('nonsense_column'),
      });
      // Some engines take a first word that they do not know for a procedure: then it is refused.
      await expect(query('SELEC 1')).rejects.toMatchObject({ kind: 'fatal', code: expect.stringMatching(/^query\.(failed|refused)$/) });
    });

    it('gives columns by name and at most as many rows as asked for', async () => {
      const source = room.fresh();
      await turn(room.warehouse(), { phase: 'ingest', source, lane: 0 }, (transaction) =>
        transaction.writeRaw([1, 2, 3].map((offset) => rawRow(source, offset))),
      );
      const sql = `SELECT _dsf_off AS place, topic FROM dsf_raw WHERE _dsf_src = ${source} ORDER BY _dsf_off`;
      expect(await query(sql, 2)).toMatchObject({
        columns: ['place', 'topic'],
        rows: [
          [1, 'orders'],
          [2, 'orders'],
        ],
      });
      expect(await query(`${sql};`, 100)).toMatchObject({
        rows: [
          [1, 'orders'],
          [2, 'orders'],
          [3, 'orders'],
        ],
      });
      expect(await query(sql, 0)).toMatchObject({ columns: ['place', 'topic'], rows: [] });
      expect(await query(`SELECT _dsf_off FROM dsf_raw WHERE _dsf_src = ${source} AND _dsf_off > 3`)).toMatchObject({
        columns: ['_dsf_off'],
        rows: [],
      });
    });

    it('keeps integers beyond 2^53 and columns of the same name', async () => {
      const second = room.lacks('columns of the same name') ? 'b' : 'a';
      expect(await query(`SELECT 9007199254740993 AS a, 1 AS ${second}`)).toMatchObject({
        columns: ['a', second],
        rows: [[9_007_199_254_740_993n, 1]],
      });
    });
  });

  describe('tables', () => {
    it('are counted by kind: raw, root, child, and summaries under the driver’s name', async () => {
      const source = room.fresh();
      const lane = { phase: 'summarise', source: 0, lane: source } as const;
      const schema = await room.warehouse().evolve(() => ordersTables(source));
      const driver = driverInstance(`counted.driver_${source}`, '00000001');
      await room.warehouse().ensureSummaryTables([driver]);
      await turn(room.warehouse(), lane, async (transaction) => {
        const tables = [
          { table: tableOf(schema, source, ''), rows: [rootRow(1, [1, null]), rootRow(2, [1, null])] },
          { table: tableOf(schema, source, 'items'), rows: [childRow(1, 0, ['a'])] },
        ];
        await transaction.writeFlat({ source, partition: 0, tables }, 1, schema.version);
        await transaction.writeGroups(driver.instance, source, [
          groupRow(driver.instance, ['DE'], 1),
          groupRow(driver.instance, ['FR'], 1, { status: 'gone', measures: [] }),
        ]);
      });
      const tables = await room.warehouse().inspect.tables();
      expect(tables).toContainEqual({ name: `orders_${source}`, kind: 'root', rows: 2 });
      expect(tables).toContainEqual({ name: `orders_${source}__items`, kind: 'child', rows: 1 });
      expect(tables).toContainEqual({ name: `counted_driver_${source}`, kind: 'summary', rows: 1 });
      expect(tables.filter(({ kind }) => kind === 'raw').length).toBeGreaterThan(0);
    });

    it('of summaries show keys and measures by name, live groups alone', async () => {
      const lane = room.fresh();
      const driver = driverInstance(`shown.driver_${lane}`, '00000001', { windowMs: 3_600_000 });
      await room.warehouse().ensureSummaryTables([driver]);
      const window = Date.UTC(2024, 1, 29, 23);
      await turn(room.warehouse(), { phase: 'summarise', source: 0, lane }, (transaction) =>
        transaction.writeGroups(driver.instance, lane, [
          groupRow(driver.instance, ['DE'], 1, {
            window,
            windowEnd: window + 3_600_000,
            measures: [{ n: '3' }, { n: '12345678901234567890.5' }],
          }),
          groupRow(driver.instance, ['FR'], 1, { window, windowEnd: window + 3_600_000, status: 'failed', measures: [] }),
        ]),
      );
      const { rows } = await query(`SELECT country, window_start, window_end, orders, revenue, _dsf_revision FROM shown_driver_${lane}`);
      const revenue = room.lacks('exact decimals in questions') ? expect.stringMatching(/^1234567890123456/) : '12345678901234567890.5';
      expect(rows).toEqual([['DE', '2024-02-29T23:00:00.000Z', '2024-03-01T00:00:00.000Z', 3, revenue, 1]]);
    });

    /** A driver with an instance that is live in two new lanes, and another one that is live in all lanes but these. */
    const changedDriver = async () => {
      const [first, second] = [room.fresh(), room.fresh()];
      const name = `changed_driver_${first}`;
      const [before, after] = [
        driverInstance(name, '00000001'),
        driverInstance(name, '00000002', { measures: [{ name: 'total', function: 'sum', type: 'decimal', max: 1 }] }),
      ];
      const lanes = (await room.warehouse().inspect.lanes()).filter(({ phase }) => phase === 'summarise').map(({ lane }) => lane);
      const setLive = (lane: number, instance: string): Promise<void> =>
        turn(room.warehouse(), { phase: 'summarise', source: 0, lane }, (transaction) => transaction.setInstanceLive(lane, instance, true));
      const columns = async (): Promise<readonly string[]> => (await query(`SELECT * FROM ${name}`)).columns;

      await room.warehouse().ensureSummaryTables([before]);
      const begunAt = performance.now();
      for (const lane of [first, second]) await setLive(lane, before.instance);
      const tookMs = performance.now() - begunAt;
      await room.warehouse().ensureSummaryTables([after]);
      for (const lane of lanes) await setLive(lane, after.instance);
      return { first, second, after, setLive, columns, tookMs };
    };

    it('of a changed driver show the old numbers until the new ones are live in every lane', async () => {
      const { first, second, after, setLive, columns } = await changedDriver();
      await setLive(first, after.instance);
      expect(await columns()).toContain('orders');
      await setLive(second, after.instance);
      expect(await columns()).toContain('total');
    });

    it('of a changed driver show the new numbers also when the last two lanes go live at the same moment', async () => {
      const { first, second, after, columns, tookMs } = await changedDriver();
      const other = await room.open();
      for (const warehouse of [room.warehouse(), other]) await warehouse.loadLane({ phase: 'summarise', source: 0, lane: first });
      /** Goes on when both are there, or when one has to wait for the end of the other's turn and does not come. */
      const meeting = (): (() => Promise<unknown>) => {
        const both = Promise.withResolvers<void>();
        let there = 0;
        return () => {
          there += 1;
          if (there === 2) both.resolve();
          return Promise.race([both.promise, delay(200 + 2 * tookMs, null, { ref: false })]);
        };
      };
      const [inside, live] = [meeting(), meeting()];
      const goLive = (warehouse: Warehouse, lane: number): Promise<void> =>
        turn(warehouse, { phase: 'summarise', source: 0, lane }, async (transaction) => {
          await inside();
          await transaction.setInstanceLive(lane, after.instance, true);
          await live();
        });
      await Promise.all([goLive(room.warehouse(), first), goLive(other, second)]);
      await other.close();
      expect(await columns()).toContain('total');
    });
  });
};
