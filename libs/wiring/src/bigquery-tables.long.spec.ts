import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverInstance } from '@dsf/metadata';
import type { FlatTable, GroupRow, LaneTransaction, PhaseName, SchemaChange, Warehouse } from '@dsf/ports';
import { bigQueryName, startBigQuery, startCountingProxy, whyNoBigQuery, type BigQueryServer, type CountingProxy } from '@dsf/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from './open-database.ts';

const why = whyNoBigQuery(process.env);
const isService = (process.env['DSF_TEST_GCP_PROJECT'] ?? '') !== '';

describe.skipIf(why !== null)(`tables and appends in ${bigQueryName(process.env)}${why === null ? '' : `: ${why}`}`, () => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
  const source = 1;
  let server: BigQueryServer;
  let proxy: CountingProxy | null = null;
  let environment: Readonly<Record<string, string>>;
  let warehouse: Warehouse;
  let close: () => Promise<void>;

  beforeAll(async () => {
    server = await startBigQuery(process.env);
    if (server.restUrl !== null) proxy = await startCountingProxy(server.restUrl);
    environment = { ...(await server.fresh()), ...(proxy === null ? {} : { DSF_BIGQUERY_EMULATOR_REST: proxy.url }) };
    const database = await openDatabase({ home, environment });
    warehouse = database.warehouse;
    close = async () => {
      await warehouse.close();
      await database.metadata.close();
    };
    await warehouse.evolve(() => [
      { kind: 'table', source, path: '', parentPath: null, name: 'orders' },
      column('total', 'bigint'),
      column('placed', 'timestamp'),
    ]);
  }, 200_000);
  afterAll(async () => {
    await close();
    proxy?.close();
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const column = (name: string, type: 'bigint' | 'timestamp' | 'text' | 'decimal'): SchemaChange => ({
    ...{ kind: 'column', source, tablePath: '', path: name, name, type, role: 'value' },
  });
  const turn = async (phase: PhaseName, work: (transaction: LaneTransaction) => Promise<void>): Promise<void> => {
    const lane = { phase, source: phase === 'ingest' ? source : 0, lane: 0 };
    await warehouse.transact(lane, (await warehouse.loadLane(lane)).seq, work);
  };
  const raw = (offset: number) => ({
    ...{ source, partition: 0, offset, time: 1_700_000_000_000, timeType: 'create' as const, ingestedAt: 1_700_000_000_500 },
    ...{ key: null, headers: [], payload: Uint8Array.of(1, 2, 3), topic: 'orders', sha256: new Uint8Array(32) },
  });
  const flat = async (offset: number, cells: readonly (string | number | null)[]): Promise<void> => {
    const schema = await warehouse.schema();
    const [table] = schema.tables as [FlatTable];
    const row = { offset, row: 0, parentRow: null, listIdx: null, listIdx2: null, shape: null, time: null, ingestedAt: 1_700_000_000_500 };
    await turn('flatten', (transaction) =>
      transaction.writeFlat({ source, partition: 0, tables: [{ table, rows: [{ ...row, cells }] }] }, 1, schema.version),
    );
  };
  const ask = async (sql: string): Promise<unknown> => (await warehouse.inspect.query(sql, 100)).rows;

  // The emulator does not say how a table is clustered; dialect.spec.ts looks at the statement.
  it.skipIf(isService)('are partitioned by the day of ingest and described', async () => {
    const answer = await fetch(
      `${server.restUrl}/bigquery/v2/projects/dsf-test/datasets/${environment['DSF_BIGQUERY_DATASET']}/tables/dsf_base_orders`,
    );
    expect(await answer.json()).toMatchObject({
      timePartitioning: { field: '_dsf_day' },
      description: expect.stringContaining('read orders instead'),
    });
  });

  it.skipIf(isService)(
    'ask no statement and change no table per batch of ingest, flatten and summarise, once the tables are there: counted at the emulator’s door',
    async () => {
      const driver: DriverInstance = {
        ...{ instance: 'sales@1', name: 'sales', inputs: [], key: ['city'], windowMs: null },
        measures: [{ name: 'total', function: 'sum', type: 'decimal', max: 1 }],
      };
      const summary = (revision: number): GroupRow => ({
        ...{ instance: driver.instance, group: '["Rom"]', key: ['Rom'], window: null, windowEnd: null, revision, reason: 'update' },
        ...{ time: 1_700_000_000_000, version: 1, status: 'live', measures: [{ n: String(revision) }], states: [{ n: String(revision) }] },
      });
      const all = async (offset: number): Promise<void> => {
        await turn('ingest', (transaction) => transaction.writeRaw([raw(offset)]));
        await flat(offset, [offset, null]);
        // As a turn of the summariser: groups that are not in memory are read, then written with the positions.
        expect(await warehouse.committed.readGroups(driver.instance, ['["Oslo"]'])).toEqual([]);
        await turn('summarise', (transaction) => transaction.writeGroups(driver.instance, 0, [summary(offset + 1)]));
      };
      await warehouse.ensureSummaryTables([driver]);
      await turn('summarise', (transaction) => transaction.setInstanceLive(0, driver.instance, true));
      await all(0);
      proxy?.asked.splice(0);
      for (let offset = 1; offset <= 20; offset += 1) await all(offset);
      expect(proxy?.asked).toEqual([]);
      expect(await ask('SELECT COUNT(*) FROM dsf_raw')).toEqual([[21]]);
      expect(await ask('SELECT COUNT(*) FROM orders')).toEqual([[21]]);
      expect(await ask('SELECT city, total FROM sales')).toEqual([['Rom', '21']]);
      expect(proxy?.asked.length).toBeGreaterThan(0);
    },
  );

  it('keep decimals and moments exact, in the columns that people read', async () => {
    await warehouse.evolve(() => [column('price', 'decimal')]);
    await flat(100, [1, '2024-02-29T23:59:59.123456Z', '-12345678901234567890.12345']);
    expect(
      await ask(
        'SELECT CAST(price AS STRING), UNIX_MICROS(placed), price = BIGNUMERIC "-12345678901234567890.12345" FROM orders WHERE _dsf_off = 100',
      ),
    ).toEqual([[expect.stringMatching(/^-12345678901234567890\.123450*$/), 1_709_251_199_123_456, true]]);
  });

  it('go on where a column was added and one was widened, by the same writer, and old rows stay as they are', async () => {
    await flat(200, [7, null, null]);
    await warehouse.evolve(() => [column('note', 'text'), { kind: 'widen', source, tablePath: '', column: 'total', type: 'decimal' }]);
    await flat(201, ['7.25', null, null, 'new']);
    const { tables } = (await warehouse.committed.readFlat({ source, partition: 0, from: 200, to: 300 }, [1], 10)).rows;
    expect(tables[0]?.rows.map(({ cells }) => cells)).toEqual([
      ['7', null, null, null],
      ['7.25', null, null, 'new'],
    ]);
    expect(await ask('SELECT total, note FROM orders WHERE _dsf_off >= 200 ORDER BY _dsf_off')).toEqual([
      ['7', null],
      ['7.25', 'new'],
    ]);
  });

  it('show one copy of what was appended twice, and of the newest generation alone', async () => {
    const copies = await ask('SELECT COUNT(*) FROM dsf_base_orders WHERE _dsf_off = 201');
    await turn('flatten', (transaction) => transaction.deleteFlat({ source, partition: 0, offset: 201 }));
    expect(await ask('SELECT COUNT(*) FROM orders WHERE _dsf_off = 201')).toEqual([[0]]);
    await flat(201, ['8', null, null, 'again']);
    expect(await ask('SELECT total, note FROM orders WHERE _dsf_off = 201')).toEqual([['8', 'again']]);
    expect([copies, await ask('SELECT COUNT(*) FROM dsf_base_orders WHERE _dsf_off = 201')]).toEqual([[[1]], [[3]]]);
  });
});
