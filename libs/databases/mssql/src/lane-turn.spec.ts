import type { RawRow } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { describe, expect, it, vi } from 'vitest';
import { liveSchema } from './live-schema.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const position = (source: number, next: number) => ({
  ...{ source, partition: 0, next, start: 0, time: null, idle: true, version: 1 },
  counters: { written: next, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 },
});

const rawRow = (source: number, offset: number): RawRow => ({
  ...{ source, partition: 0, offset, time: 0, timeType: 'create', ingestedAt: 0, topic: 't' },
  ...{ key: null, headers: [], payload: null, sha256: null },
});

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  const lane = { phase: 'flatten', source: 0, lane: 0 } as const;

  it('a turn of a lane asks three times beside its rows: it begins with its claim, and writes positions and facts together', async () => {
    const warehouse = await openMssqlWarehouse(live().config);
    const before = { ...live().client.traffic };
    await warehouse.transact(lane, 0, async (transaction) => {
      await transaction.writePositions([position(1, 5)]);
      await transaction.writeFacts({ cluster: 'c' });
    });
    expect(live().client.traffic.roundTrips - before.roundTrips).toBe(3);
    expect(live().client.traffic.transactions - before.transactions).toBe(1);
    expect(await warehouse.loadLane(lane)).toEqual({ seq: 1, positions: [position(1, 5)], facts: { cluster: 'c' } });
    await warehouse.close();
  });

  it('a turn that writes a position twice, reads it in between, and writes many, leaves the last of each', async () => {
    const warehouse = await openMssqlWarehouse(live().config);
    const { seq, facts } = await warehouse.loadLane(lane);
    await warehouse.transact(lane, seq, async (transaction) => {
      await transaction.writePositions([position(1, 6), position(2, 1)]);
      expect(await transaction.readRequests(lane, 1)).toEqual([]);
      await transaction.writePositions([position(1, 7)]);
      await transaction.writePositions([position(3, 1), position(1, 8)]);
    });
    expect(await warehouse.loadLane(lane)).toEqual({ seq: seq + 1, positions: [position(1, 8), position(2, 1), position(3, 1)], facts });
    await warehouse.close();
  });

  it('a claim by a seq that is not the lane’s, higher or lower, writes nothing', async () => {
    const warehouse = await openMssqlWarehouse(live().config);
    const before = await warehouse.loadLane(lane);
    for (const seq of [0, before.seq - 1, before.seq + 1])
      await expect(warehouse.transact(lane, seq, (transaction) => transaction.writeFacts({ cluster: 'other' }))).rejects.toMatchObject({
        kind: 'retry',
        code: 'lane.lost',
      });
    expect(await warehouse.loadLane(lane)).toEqual(before);
    await warehouse.close();
  });

  describe('an error of the server in the middle', () => {
    const duplicate = (): string =>
      `INSERT INTO [${live().schema.name}_state].[lane] ([phase], [source], [lane], [seq]) VALUES ('publish', 0, 7, 1)`;
    const published = (): Promise<readonly (readonly unknown[])[]> =>
      live().schema.sql(`SELECT [lane] FROM [${live().schema.name}_state].[lane] WHERE [phase] = 'publish'`);

    it('of a turn leaves nothing of it, also where the turn goes on as if nothing had been', async () => {
      const warehouse = await openMssqlWarehouse(live().config);
      const before = await warehouse.loadLane(lane);
      const turn = warehouse.transact(lane, before.seq, async (transaction) => {
        await transaction.writeRaw([rawRow(9, 0)]);
        await transaction.writeFacts({ cluster: 'half' });
        // The first of two rows with one key is written, and the second is refused.
        await transaction.writeRaw([rawRow(9, 1), rawRow(9, 0)]).catch(() => undefined);
        await transaction.writePositions([position(9, 2)]).catch(() => undefined);
      });
      await expect(turn).rejects.toMatchObject({ name: 'Failure' });
      expect(await warehouse.loadLane(lane)).toEqual(before);
      expect(await warehouse.committed.readRaw({ source: 9, partition: 0, from: 0, to: 10 }, 10)).toEqual([]);
      await warehouse.close();
    });

    it('of a transaction ends it on the server (XACT_ABORT): what was written before cannot be committed', async () => {
      const spoiled = live().client.write(async (connection) => {
        await connection.exec(duplicate());
        await connection.exec(duplicate()).catch(() => undefined);
      });
      await expect(spoiled).rejects.toMatchObject({ name: 'Failure' });
      expect(await published()).toEqual([]);
    });
  });
});
