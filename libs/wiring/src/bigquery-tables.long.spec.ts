import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlatTable, LaneTransaction, PhaseName, SchemaChange, Warehouse } from '@dsf/ports';
import { startBigQueryEmulator, whyNoBigQuery, type BigQueryEmulator } from '@dsf/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from './open-database.ts';

const why = whyNoBigQuery(process.env);

/** Passes everything on to the emulator and notes what was asked. */
const startProxy = async (restUrl: string): Promise<{ readonly url: string; readonly asked: string[]; readonly server: Server }> => {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const passed = request(`${restUrl}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
};

describe.skipIf(why !== null)(`tables and appends in BigQuery (an emulator)${why === null ? '' : `: ${why}`}`, () => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
  const source = 1;
  let emulator: BigQueryEmulator;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let warehouse: Warehouse;
  let close: () => Promise<void>;

  beforeAll(async () => {
    emulator = await startBigQueryEmulator();
    proxy = await startProxy(emulator.environment['DSF_BIGQUERY_EMULATOR_REST'] ?? '');
    const environment = { ...emulator.environment, DSF_BIGQUERY_EMULATOR_REST: proxy.url };
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
    proxy.server.close();
    await emulator.stop();
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
  it('are partitioned by the day of ingest and described', async () => {
    const answer = await fetch(`${proxy.url}/bigquery/v2/projects/dsf-test/datasets/dsf/tables/dsf_base_orders`);
    expect(await answer.json()).toMatchObject({
      timePartitioning: { field: '_dsf_day' },
      description: expect.stringContaining('read orders instead'),
    });
  });

  it('ask no statement and change no table per batch, once the tables are there', async () => {
    await turn('ingest', (transaction) => transaction.writeRaw([raw(0)]));
    await flat(0, [1, null]);
    proxy.asked.length = 0;
    for (let offset = 1; offset <= 20; offset += 1) {
      await turn('ingest', (transaction) => transaction.writeRaw([raw(offset)]));
      await flat(offset, [offset, null]);
    }
    expect(proxy.asked).toEqual([]);
    expect(await ask('SELECT COUNT(*) FROM dsf_raw')).toEqual([[21]]);
    expect(await ask('SELECT COUNT(*) FROM orders')).toEqual([[21]]);
  });

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
