import type { LaneKey } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { everything, position, rawRow, turn } from './room.ts';
import type { Room } from './room.ts';

export const lanesContract = (room: Room): void => {
  const freshLane = (): LaneKey => ({ phase: 'ingest', source: room.fresh(), lane: 0 });

  describe('a lane', () => {
    it('refuses a turn that was decided on an older seq, and keeps nothing of it', async () => {
      const lane = freshLane();
      await room.warehouse().transact(lane, 0, async () => undefined);
      const stale = room.warehouse().transact(lane, 0, (transaction) => transaction.writeRaw([rawRow(lane.source, 1)]));
      await expect(stale).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
      await expect(room.warehouse().transact(lane, 7, async () => undefined)).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
      expect(await room.warehouse().committed.readRaw(everything(lane.source), 10)).toEqual([]);
      expect((await room.warehouse().loadLane(lane)).seq).toBe(1);
    });

    it('refuses such a turn also when its work begins with a question', async () => {
      const lane = freshLane();
      await turn(room.warehouse(), lane, async () => undefined);
      const work = room.warehouse().transact(lane, 0, (transaction) => transaction.readRequests(lane, 1));
      await expect(work).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
    });

    it('lets only one of two handles take a turn, whichever comes first', async () => {
      const lane = freshLane();
      const other = await room.open();
      const tries = await Promise.allSettled([
        room.warehouse().transact(lane, 0, async () => 'a'),
        other.transact(lane, 0, async () => 'b'),
      ]);
      expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect((await other.loadLane(lane)).seq).toBe(1);
      await other.close();
    });

    it('takes a turn in one handle while another one is inside its own turn in another lane', async () => {
      const [first, second] = [freshLane(), freshLane()];
      const other = await room.open();
      const slow = room.warehouse().transact(first, 0, async (transaction) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await transaction.writeRaw([rawRow(first.source, 1)]);
      });
      await Promise.all([slow, other.transact(second, 0, (transaction) => transaction.writeRaw([rawRow(second.source, 1)]))]);
      expect(await other.committed.readRaw(everything(first.source), 10)).toHaveLength(1);
      expect(await room.warehouse().committed.readRaw(everything(second.source), 10)).toHaveLength(1);
      await other.close();
    });

    it('of ingest can be asked for by its source, whichever of its partitions have begun', async () => {
      const { source } = freshLane();
      const stands = (partition: number, next: number) => ({ ...position(source, next), partition });
      for (const [partition, next] of [
        [7, 3],
        [2, 12],
        [10, 1],
      ] as const)
        await turn(room.warehouse(), { phase: 'ingest', source, lane: partition }, (transaction) =>
          transaction.writePositions([stands(partition, next)]),
        );
      // Of other phases, and of others, nothing counts.
      await turn(room.warehouse(), { phase: 'flatten', source: 0, lane: room.fresh() }, (transaction) =>
        transaction.writePositions([stands(2, 5), stands(3, 5)]),
      );
      expect(await room.warehouse().committed.readEnds(source)).toEqual([stands(2, 12), stands(7, 3), stands(10, 1)]);
      expect(await room.warehouse().committed.readEnds(room.fresh())).toEqual([]);
    });

    it('is at seq 0 without positions and facts before its first turn', async () => {
      expect(await room.warehouse().loadLane(freshLane())).toEqual({ seq: 0, positions: [], facts: {} });
    });

    it('tells its new seq to the work and gives back what the work returns', async () => {
      const lane = freshLane();
      expect(await room.warehouse().transact(lane, 0, async ({ seq }) => seq)).toBe(1);
      expect(await room.warehouse().transact(lane, 1, async ({ seq }) => seq)).toBe(2);
    });

    it('keeps lanes apart by phase, source and number', async () => {
      const source = room.fresh();
      const lanes: readonly LaneKey[] = [
        { phase: 'ingest', source, lane: 0 },
        { phase: 'ingest', source, lane: 1 },
        { phase: 'flatten', source, lane: 0 },
      ];
      for (const [index, lane] of lanes.entries())
        await turn(room.warehouse(), lane, (transaction) => transaction.writePositions([position(source, index + 1)]));
      const states = await Promise.all(lanes.map((lane) => room.warehouse().loadLane(lane)));
      expect(states.map(({ seq, positions }) => [seq, positions[0]?.next])).toEqual([
        [1, 1],
        [1, 2],
        [1, 3],
      ]);
    });
  });

  describe('a transaction', () => {
    it('leaves nothing behind when the work throws, not even the raised seq', async () => {
      const lane = freshLane();
      const work = room.warehouse().transact(lane, 0, async (transaction) => {
        await transaction.writeRaw([rawRow(lane.source, 1)]);
        await transaction.writePositions([position(lane.source, 2)]);
        throw new Error('the power of the unexpected');
      });
      await expect(work).rejects.toThrow('the power of the unexpected');
      expect(await room.warehouse().loadLane(lane)).toEqual({ seq: 0, positions: [], facts: {} });
      expect(await room.warehouse().committed.readRaw(everything(lane.source), 10)).toEqual([]);
    });

    it.skipIf(room.lacks('one transaction'))('leaves nothing behind when a write failed, even if the work catches the error', async () => {
      const lane = freshLane();
      const work = room.warehouse().transact(lane, 0, async (transaction) => {
        await transaction.writeRaw([rawRow(lane.source, 1)]);
        await transaction.writeRaw([rawRow(lane.source, 2), rawRow(lane.source, 1)]).catch(() => undefined);
      });
      await expect(work).rejects.toMatchObject({ kind: 'retry' });
      expect(await room.warehouse().committed.readRaw(everything(lane.source), 10)).toEqual([]);
    });

    it.skipIf(room.lacks('one transaction'))('reads what it has written itself, while others see only what is committed', async () => {
      const lane = freshLane();
      const other = await room.open();
      await room.warehouse().transact(lane, 0, async (transaction) => {
        await transaction.writeRaw([rawRow(lane.source, 1)]);
        expect(await transaction.readRaw(everything(lane.source), 10)).toHaveLength(1);
        for (const handle of [room.warehouse(), other]) {
          expect(await handle.committed.readRaw(everything(lane.source), 10)).toEqual([]);
          expect((await handle.loadLane(lane)).seq).toBe(0);
        }
      });
      expect(await other.committed.readRaw(everything(lane.source), 10)).toHaveLength(1);
      await other.close();
    });

    it('refuses calls that come after its end', async () => {
      const lane = freshLane();
      const kept = await room.warehouse().transact(lane, 0, async (transaction) => transaction);
      await expect(kept.writeRaw([rawRow(lane.source, 1)])).rejects.toMatchObject({ kind: 'fatal' });
      expect(await room.warehouse().committed.readRaw(everything(lane.source), 10)).toEqual([]);
    });

    it('is open for the next lane at once after one that failed', async () => {
      const lane = freshLane();
      await expect(room.warehouse().transact(lane, 0, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
      await expect(room.warehouse().transact(lane, 0, async () => 'yes')).resolves.toBe('yes');
    });
  });

  describe('positions and facts', () => {
    it('come back as they were written, ordered, and are replaced by the next turn', async () => {
      const lane: LaneKey = { phase: 'flatten', source: 0, lane: room.fresh() };
      const source = room.fresh();
      const counters = { written: 5, failed: 1, filtered: 2, absent: 3, duplicates: 4, refills: 6 };
      const first = position(source, 11, { partition: 3, start: 2, time: 1_700_000_000_123, idle: true, version: 9, counters });
      const second = position(source, Number.MAX_SAFE_INTEGER, { partition: 1 });
      await turn(room.warehouse(), lane, async (transaction) => {
        await transaction.writePositions([first, second]);
        await transaction.writeFacts({ cluster: 'c-1', offset: 12, sha256: null });
      });
      expect(await room.warehouse().loadLane(lane)).toEqual({
        seq: 1,
        positions: [second, first],
        facts: { cluster: 'c-1', offset: 12, sha256: null },
      });
      await turn(room.warehouse(), lane, (transaction) => transaction.writePositions([{ ...first, next: 12 }]));
      expect((await room.warehouse().loadLane(lane)).positions).toEqual([second, { ...first, next: 12 }]);
      expect((await room.warehouse().loadLane(lane)).facts).toEqual({ cluster: 'c-1', offset: 12, sha256: null });
    });

    it('are shown to people with phase and lane', async () => {
      const lane: LaneKey = { phase: 'publish', source: 0, lane: room.fresh() };
      const at = position(room.fresh(), 4);
      await turn(room.warehouse(), lane, (transaction) => transaction.writePositions([at]));
      expect(await room.warehouse().inspect.positions()).toContainEqual({ ...at, phase: 'publish', lane: lane.lane });
      expect(await room.warehouse().inspect.lanes()).toContainEqual({ ...lane, seq: 1 });
    });
  });
};
