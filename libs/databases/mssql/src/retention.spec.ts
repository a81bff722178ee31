import type { FlatTable, LaneKey, RawRow, Warehouse } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import { deleteInSteps } from './delete-in-steps.ts';
import { liveSchema } from './live-schema.ts';
import { recordingConnection } from './recording-connection.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const source = 1;

describe('rows of a range', () => {
  it('go in statements of 2,000 rows, fewer than the locks at which the server takes the table, and lock rows, not pages', async () => {
    const { connection, statements } = recordingConnection([2_000, 2_000, 7]);
    expect(await deleteInSteps(connection, '[dsf].[dsf_raw]', { source, partition: 0, from: 0, to: 9_000 })).toBe(4_007);
    expect(statements.map(({ binds }) => binds[0]?.value)).toEqual([2_000, 2_000, 2_000]);
    for (const { text } of statements) expect(text).toContain('FROM [dsf].[dsf_raw] WITH (ROWLOCK) WHERE');
  });
});

/** More locks than a statement may take before it asks for the whole table. */
const rows = 5_500;
const kept = 10;

const rawRow = (offset: number, partition = 0): RawRow => ({
  ...{ source, partition, offset, time: offset, timeType: 'create', ingestedAt: 0, topic: 't' },
  ...{ key: null, headers: [], payload: null, sha256: null },
});

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  const purging: LaneKey = { phase: 'flatten', source: 0, lane: 0 };
  const writing: LaneKey = { phase: 'flatten', source: 0, lane: 1 };
  let client: MssqlClient;
  let purger: Warehouse;
  let writer: Warehouse;
  let tables: readonly FlatTable[];
  let version: number;

  /** A raw row, a root row and a child row for each offset. */
  const write = async (warehouse: Warehouse, lane: LaneKey, { partition, offsets }: { partition: number; offsets: readonly number[] }) => {
    const place = { listIdx: null, listIdx2: null, shape: null, time: null, ingestedAt: null, row: 0, cells: [] };
    const { seq } = await warehouse.loadLane(lane);
    await warehouse.transact(lane, seq, async (transaction) => {
      await transaction.writeRaw(offsets.map((offset) => rawRow(offset, partition)));
      const flat = tables.map((table) => ({
        table,
        rows: offsets.map((offset) => ({ ...place, offset, parentRow: table.parent === null ? null : 0 })),
      }));
      await transaction.writeFlat({ source, partition, tables: flat }, 1, version);
    });
  };
  const offsetsOf = async (partition: number): Promise<readonly (readonly number[])[]> => {
    const range = { source, partition, from: 0, to: Number.MAX_SAFE_INTEGER };
    const raw = await writer.committed.readRaw(range, 2 * rows);
    const flat = await writer.committed.readFlat(
      range,
      tables.map(({ id }) => id),
      2 * rows,
    );
    return [raw.map(({ offset }) => offset), ...flat.rows.tables.map((table) => table.rows.map(({ offset }) => offset))];
  };

  beforeEach(async () => {
    const config = { ...live().config, applicationName: 'purger' };
    client = await openMssqlClient(config);
    purger = await openMssqlWarehouse(config);
    // Who has to wait fails soon, and not when the test does.
    writer = await openMssqlWarehouse({ ...live().config, applicationName: 'writer', lockTimeoutMs: 2_000, requestTimeoutMs: 10_000 });
    const schema = await purger.evolve(() => [
      { kind: 'table', source, path: '', parentPath: null, name: 'orders' },
      { kind: 'table', source, path: 'items', parentPath: '', name: 'orders__items' },
    ]);
    [tables, version] = [schema.tables, schema.version];
  });
  afterEach(async () => {
    for (const one of [purger, writer, client]) await one.close();
  });

  it('a purge that is under way keeps nobody waiting who writes the same tables, at the end of its partition or in another', async () => {
    const offsets = Array.from({ length: rows }, (_, offset) => offset);
    await write(purger, purging, { partition: 0, offsets });
    const range = { source, partition: 0, from: 0, to: rows - kept };
    const { seq } = await purger.loadLane(purging);
    await purger.transact(purging, seq, async (transaction) => {
      const before = client.traffic.roundTrips;
      expect(await transaction.purge('raw', range, rows)).toBe(rows - kept);
      // One question for where it ends, and three statements.
      expect(client.traffic.roundTrips - before).toBe(4);
      expect(await transaction.purge('flat', range, rows)).toBe(rows - kept);
      // Nothing of it is committed yet.
      await write(writer, writing, { partition: 0, offsets: [rows, rows + 1] });
      await write(writer, writing, { partition: 1, offsets: [0] });
      expect((await writer.loadLane(writing)).seq).toBe(2);
      expect((await offsetsOf(1)).flat()).toEqual([0, 0, 0]);
    });
    const left = [...offsets.slice(-kept), rows, rows + 1];
    expect(await offsetsOf(0)).toEqual([left, left, left]);
  });
});
