import type { LaneKey } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { bytes, position, turn, type Room } from './room.ts';

/** What a lane is about to write in another database (delivery rule 10). */
export const intentsContract = (room: Room): void => {
  const begun = async (): Promise<LaneKey> => {
    const lane: LaneKey = { phase: 'flatten', source: 0, lane: room.fresh() };
    await turn(room.warehouse(), lane, async () => undefined);
    return lane;
  };
  const body = Uint8Array.from({ length: 70_000 }, (_, index) => (index * index) % 256);

  describe.skipIf(room.lacks('one transaction'))('an intent', () => {
    it('is kept byte for byte until a turn takes it, and leaves the seq as it is', async () => {
      const lane = await begun();
      expect(await room.warehouse().readIntent(lane)).toBeNull();
      await room.warehouse().intend(lane, 1, body);
      expect(await room.warehouse().readIntent(lane)).toEqual(body);
      expect((await room.warehouse().loadLane(lane)).seq).toBe(1);
      await room.warehouse().transact(lane, 1, async (transaction) => {
        expect(await transaction.takeIntent()).toEqual(body);
        expect(await transaction.takeIntent()).toBeNull();
      });
      expect(await room.warehouse().readIntent(lane)).toBeNull();
    });

    it('stays when the turn that took it fails', async () => {
      const lane = await begun();
      await room.warehouse().intend(lane, 1, body);
      const failing = room.warehouse().transact(lane, 1, async (transaction) => {
        await transaction.takeIntent();
        throw new Error('on purpose');
      });
      await expect(failing).rejects.toThrow('on purpose');
      expect(await room.warehouse().readIntent(lane)).toEqual(body);
    });

    it('is refused on an older seq, and where there is one already, which stays', async () => {
      const lane = await begun();
      await expect(room.warehouse().intend(lane, 0, body)).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
      expect(await room.warehouse().readIntent(lane)).toBeNull();
      await room.warehouse().intend(lane, 1, bytes('first'));
      await expect(room.warehouse().intend(lane, 1, bytes('second'))).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
      expect(await room.warehouse().readIntent(lane)).toEqual(bytes('first'));
    });

    it('goes to one of several that ask at once', async () => {
      const lane = await begun();
      const handles = await Promise.all([room.open(), room.open(), room.open()]);
      const asked = await Promise.allSettled(handles.map((handle, index) => handle.intend(lane, 1, bytes(`of ${index}`))));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await Promise.all(handles.map((handle) => handle.close()));
    });

    it('can be ended by operators, in a turn of the lane that is part of their transaction', async () => {
      const lane = await begun();
      const other = await begun();
      await room.warehouse().intend(lane, 1, body);
      await room.warehouse().administer(async (transaction) => {
        expect(await transaction.intents()).toContainEqual(lane);
        expect(await transaction.intents()).not.toContainEqual(other);
        await transaction.turn(lane, async (own) => {
          expect(own.seq).toBe(2);
          expect(await own.takeIntent()).toEqual(body);
          await own.writePositions([position(1, 5)]);
        });
        expect(await transaction.intents()).not.toContainEqual(lane);
      });
      expect(await room.warehouse().loadLane(lane)).toMatchObject({ seq: 2, positions: [{ source: 1, next: 5 }] });
    });
  });
};
