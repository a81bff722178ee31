import { groupText } from '@dsf/messages';
import type { Value } from '@dsf/messages';
import type { GroupRow, LaneTransaction } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { driverInstance, groupRow, turn } from './room.ts';
import type { Room } from './room.ts';

export const groupsContract = (room: Room): void => {
  const inLane = <T>(lane: number, work: (transaction: LaneTransaction) => Promise<T>): Promise<T> =>
    turn(room.warehouse(), { phase: 'summarise', source: 0, lane }, work);
  const freshDriver = async (): Promise<{ readonly instance: string; readonly lane: number; readonly name: string }> => {
    const lane = room.fresh();
    const name = `sales.by_country_${lane}`;
    const driver = driverInstance(name, '00000001');
    await room.warehouse().ensureSummaryTables([driver]);
    return { instance: driver.instance, lane, name };
  };

  describe('groups', () => {
    it('of an instance without a table are no groups, and cannot be written yet', async () => {
      const lane = room.fresh();
      expect(await room.warehouse().committed.readGroups('nobody@00000000', ['["a"]'])).toEqual([]);
      expect(await room.warehouse().committed.readGroupsByRevision('nobody@00000000', lane, 0, 9, null, 9)).toEqual([]);
      await expect(
        inLane(lane, (transaction) => transaction.writeGroups('nobody@00000000', lane, [groupRow('nobody@00000000', ['a'], 1)])),
      ).rejects.toMatchObject({ kind: 'retry' });
    });

    it('come back exactly: keys of every kind, windows, nested states, every status and reason', async () => {
      const { lane, name } = await freshDriver();
      const driver = driverInstance(name, '00000002', { windowMs: 3_600_000, key: ['a', 'b', 'c', 'd'] });
      await room.warehouse().ensureSummaryTables([driver]);
      const state: Value = { l: [{ m: { n: { n: '1' }, l: 'x', ['__proto__']: true } }, null, 'lone \ud800', { l: [] }] };
      const window = -3_600_000;
      const rows: readonly GroupRow[] = [
        groupRow(driver.instance, ['é😀\0\ud800', { n: '12345678901234567890.5' }, true, null], 1, {
          window,
          windowEnd: 0,
          states: [state, null],
          measures: [{ n: '99999999999999999999' }, { n: '0.1' }],
        }),
        groupRow(driver.instance, ['', { n: '-1' }, false, null], 2, {
          window: 0,
          windowEnd: 3_600_000,
          status: 'failed',
          reason: 'correction',
          measures: [],
        }),
        groupRow(driver.instance, [null, null, null, null], 3, {
          window: 0,
          windowEnd: 3_600_000,
          status: 'gone',
          reason: 'retract',
          measures: [],
          states: [],
        }),
      ];
      await inLane(lane, (transaction) => transaction.writeGroups(driver.instance, lane, rows));
      const read = await room.warehouse().committed.readGroups(driver.instance, [...rows.map(({ group }) => group), 'absent']);
      expect(read.toSorted((a, b) => a.revision - b.revision)).toEqual(rows);
    });

    it('are replaced by (instance, group) and seen by the transaction that wrote them', async () => {
      const { instance, lane } = await freshDriver();
      await inLane(lane, (transaction) => transaction.writeGroups(instance, lane, [groupRow(instance, ['DE'], 1)]));
      const newer = groupRow(instance, ['DE'], 2, {
        measures: [{ n: '2' }, { n: '25' }],
        states: [{ n: '2' }, { n: '25' }],
        reason: 'late',
        version: 3,
      });
      await inLane(lane, async (transaction) => {
        await transaction.writeGroups(instance, lane, [newer]);
        expect(await transaction.readGroups(instance, [newer.group])).toEqual([newer]);
      });
      expect(await room.warehouse().committed.readGroups(instance, [newer.group])).toEqual([newer]);
    });

    it('are written and read by the thousand', async () => {
      const { instance, lane } = await freshDriver();
      const rows = Array.from({ length: 1_111 }, (_, index) => groupRow(instance, [`k${index}`], 1));
      await inLane(lane, (transaction) => transaction.writeGroups(instance, lane, rows));
      const read = await room.warehouse().committed.readGroups(
        instance,
        rows.map(({ group }) => group),
      );
      expect(new Set(read.map(({ group }) => group))).toEqual(new Set(rows.map(({ group }) => group)));
    });

    it('are paged by revision and group without loss or repetition, for every page size', async () => {
      const { instance, lane } = await freshDriver();
      const written = Array.from({ length: 23 }, (_, index) =>
        groupRow(instance, [`k${index % 2 === 0 ? index : 100 - index}`], 1 + Math.floor(index / 5)),
      );
      for (const row of written) await inLane(lane, (transaction) => transaction.writeGroups(instance, lane, [row]));
      await inLane(lane + 1_000_000, (transaction) =>
        transaction.writeGroups(instance, lane + 1_000_000, [groupRow(instance, ['elsewhere'], 2)]),
      );
      for (const max of [1, 2, 3, 5, 7, 100]) {
        const read: GroupRow[] = [];
        let [from, after]: [number, string | null] = [2, null];
        for (;;) {
          const page = await room.warehouse().committed.readGroupsByRevision(instance, lane, from, 5, after, max);
          expect(page.length).toBeLessThanOrEqual(max);
          read.push(...page);
          const last = page.at(-1);
          if (last === undefined) break;
          [from, after] = [last.revision, last.group];
        }
        const wanted = written.filter(({ revision }) => revision >= 2 && revision < 5);
        expect(read.map(({ revision }) => revision)).toEqual(read.map(({ revision }) => revision).toSorted((a, b) => a - b));
        expect(read.map(({ group }) => group).toSorted()).toEqual(wanted.map(({ group }) => group).toSorted());
      }
    });
  });

  describe('driver instances', () => {
    it('are live per lane, and no more when they are taken off', async () => {
      const { instance, lane } = await freshDriver();
      await inLane(lane, async (transaction) => {
        await transaction.setInstanceLive(lane, instance, true);
        await transaction.setInstanceLive(lane, instance, true);
        expect(await transaction.readLiveInstances(lane)).toEqual([instance]);
      });
      expect(await room.warehouse().committed.readLiveInstances(lane)).toEqual([instance]);
      expect(await room.warehouse().committed.readLiveInstances(lane + 1_000_000)).toEqual([]);
      await inLane(lane, (transaction) => transaction.setInstanceLive(lane, instance, false));
      expect(await room.warehouse().committed.readLiveInstances(lane)).toEqual([]);
    });

    it('keep their groups when they are ensured again, by any handle', async () => {
      const { instance, lane, name } = await freshDriver();
      const row = groupRow(instance, ['DE'], 1);
      await inLane(lane, (transaction) => transaction.writeGroups(instance, lane, [row]));
      const other = await room.open();
      await Promise.all(
        [other, room.warehouse()].map((handle) =>
          handle.ensureSummaryTables([driverInstance(name, '00000001'), driverInstance(name, '00000003')]),
        ),
      );
      expect(await other.committed.readGroups(instance, [groupText(['DE'], null)])).toEqual([row]);
      await other.close();
    });
  });
};
