import type { AdminTransaction, LaneKey, Request, StoredLane } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { driverInstance, groupRow, position, turn } from './room.ts';
import type { Room } from './room.ts';

export const administrationContract = (room: Room): void => {
  const find = async (key: LaneKey): Promise<StoredLane | undefined> =>
    room
      .warehouse()
      .administer(async (transaction) =>
        (await transaction.lanes()).find(({ phase, source, lane }) => phase === key.phase && source === key.source && lane === key.lane),
      );
  const freshInstance = async (): Promise<string> => {
    const instance = driverInstance(`admin_${room.fresh()}`, '00000001');
    await room.warehouse().ensureSummaryTables([instance]);
    return instance.instance;
  };

  describe('administration', () => {
    it('sees lanes with positions, facts and live instances, and replaces all of it', async () => {
      const number = room.fresh();
      const lane: LaneKey = { phase: 'summarise', source: 0, lane: number };
      const [one, other] = [await freshInstance(), await freshInstance()];
      await turn(room.warehouse(), lane, async (transaction) => {
        await transaction.writePositions([position(1, 5), position(2, 7, { partition: 3 })]);
        await transaction.writeFacts({ a: 'é', b: 2, c: null });
        await transaction.setInstanceLive(number, one, true);
      });
      const stored = {
        ...lane,
        seq: 1,
        positions: [position(1, 5), position(2, 7, { partition: 3 })],
        facts: { a: 'é', b: 2, c: null },
        live: [one],
      };
      expect(await find(lane)).toEqual(stored);
      const after: StoredLane = { ...stored, seq: 9, positions: [position(2, 8)], facts: { d: 1 }, live: [other] };
      await room.warehouse().administer((transaction) => transaction.writeLane(after));
      expect(await find(lane)).toEqual(after);
      const { live: _live, phase: _phase, source: _source, lane: _lane, ...state } = after;
      expect(await room.warehouse().loadLane(lane)).toEqual(state);
      expect(await room.warehouse().committed.readLiveInstances(number)).toEqual([other]);
    });

    it('makes lanes that nobody has begun, and never lets a seq fall', async () => {
      const lane: LaneKey = { phase: 'publish', source: 0, lane: room.fresh() };
      const write = (seq: number): Promise<void> =>
        room.warehouse().administer((transaction) => transaction.writeLane({ ...lane, seq, positions: [], facts: {}, live: [] }));
      await write(40);
      expect((await room.warehouse().loadLane(lane)).seq).toBe(40);
      await expect(write(40)).rejects.toMatchObject({ kind: 'fatal', code: 'lane.seq-falls' });
      await expect(write(39)).rejects.toMatchObject({ kind: 'fatal', code: 'lane.seq-falls' });
      await write(41);
    });

    it('takes lanes away from whoever has them', async () => {
      const lane: LaneKey = { phase: 'flatten', source: 0, lane: room.fresh() };
      await turn(room.warehouse(), lane, async () => undefined);
      await room.warehouse().administer((transaction) => transaction.writeLane({ ...lane, seq: 2, positions: [], facts: {}, live: [] }));
      await expect(room.warehouse().transact(lane, 1, async () => undefined)).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
      await room.warehouse().transact(lane, 2, async () => undefined);
    });

    it('overlaps no transaction of a lane', async () => {
      const lane: LaneKey = { phase: 'flatten', source: 0, lane: room.fresh() };
      const { promise, resolve } = Promise.withResolvers<void>();
      const first = turn(room.warehouse(), lane, async (transaction) => {
        // From its first answer on, at the latest, a transaction has begun.
        await transaction.readRequests(lane, 1);
        resolve();
        await new Promise((done) => setTimeout(done, 20));
        await transaction.writeFacts({ from: 'lane' });
      });
      await promise;
      await room.warehouse().administer(async (transaction) => {
        const own = (await transaction.lanes()).find((one) => one.phase === 'flatten' && one.lane === lane.lane);
        if (own !== undefined) await transaction.writeLane({ ...own, seq: own.seq + 1, facts: { ...own.facts, also: 'admin' } });
      });
      await first;
      expect(await room.warehouse().loadLane(lane)).toMatchObject({ seq: 2, facts: { from: 'lane', also: 'admin' } });
    });

    it('leaves nothing behind when its work fails', async () => {
      const lane: LaneKey = { phase: 'flatten', source: 0, lane: room.fresh() };
      const before = await room.warehouse().inspect.openRequests();
      const open = async (transaction: AdminTransaction): Promise<readonly Request[]> =>
        (await transaction.readRequests()).filter((request) => request.lane.lane === lane.lane && request.lane.phase === lane.phase);
      const work = room.warehouse().administer(async (transaction) => {
        await transaction.writeLane({ ...lane, seq: 3, positions: [position(1, 1)], facts: {}, live: [] });
        await transaction.writeRequests([{ lane, body: { kind: 'rebuild', instance: 'a@00000001', renew: true } }], 1);
        const [asked] = await open(transaction);
        expect(asked).toMatchObject({ lane, body: { kind: 'rebuild', instance: 'a@00000001', renew: true } });
        await transaction.closeRequests(asked === undefined ? [] : [asked.id], 2);
        expect(await open(transaction)).toEqual([]);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await room.warehouse().loadLane(lane)).toEqual({ seq: 0, positions: [], facts: {} });
      expect(await room.warehouse().inspect.openRequests()).toBe(before);
    });

    it('shows which lane each group is in, in pages, and gives groups to other lanes', async () => {
      const instance = await freshInstance();
      const lane: LaneKey = { phase: 'summarise', source: 0, lane: room.fresh() };
      const rows = ['a', 'b', 'c', 'd'].map((key, index) => groupRow(instance, [key], index + 1));
      await turn(room.warehouse(), lane, (transaction) => transaction.writeGroups(instance, lane.lane, rows));
      await room.warehouse().administer(async (transaction) => {
        expect(await transaction.instances()).toContain(instance);
        const first = await transaction.readGroupPlaces(instance, null, 3);
        expect(first).toEqual(['a', 'b', 'c'].map((key) => ({ group: `["${key}"]`, key: [key], lane: lane.lane })));
        expect(await transaction.readGroupPlaces(instance, '["c"]', 3)).toMatchObject([{ group: '["d"]' }]);
        expect(await transaction.readGroupPlaces('nobody@00000000', null, 3)).toEqual([]);
        await transaction.moveGroups(instance, [
          { group: '["b"]', lane: lane.lane + 1000 },
          { group: '["nobody"]', lane: lane.lane + 1000 },
        ]);
      });
      const read = (from: number): Promise<readonly { readonly group: string }[]> =>
        room.warehouse().committed.readGroupsByRevision(instance, from, 0, 99, null, 9);
      expect(await read(lane.lane + 1000)).toEqual(rows.filter(({ group }) => group === '["b"]'));
      expect((await read(lane.lane)).map(({ group }) => group)).toEqual(['["a"]', '["c"]', '["d"]']);
    });
  });
};
