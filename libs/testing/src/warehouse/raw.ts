import type { RawRecord } from '@dsf/messages';
import type { RawRow, RowRange, SentMessage } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { bytes, everything, rawRow, turn } from './room.ts';
import type { Room } from './room.ts';

const recordOf = ({ topic: _topic, sha256: _sha256, ...record }: RawRow): RawRecord => record;

export const rawContract = (room: Room): void => {
  const write = async (source: number, rows: readonly RawRow[]): Promise<void> =>
    turn(room.warehouse(), { phase: 'ingest', source, lane: 0 }, (transaction) => transaction.writeRaw(rows));

  describe('raw rows', () => {
    it.skipIf(room.lacks('one transaction'))('refuse a second message at the same coordinates, as a reason to look again', async () => {
      const source = room.fresh();
      await write(source, [rawRow(source, 1)]);
      await expect(write(source, [rawRow(source, 1)])).rejects.toMatchObject({ kind: 'retry' });
    });

    it('come back byte for byte: all byte values, empty, tombstone, no key, repeated and odd headers', async () => {
      const source = room.fresh();
      const headers = [
        ['a', bytes('1')],
        ['a', new Uint8Array([0, 255, 128])],
        ['', new Uint8Array()],
        ['"é😀\0', bytes('x')],
      ] as const;
      const rows = [
        rawRow(source, 0, { headers }),
        rawRow(source, 1, { payload: new Uint8Array(), key: new Uint8Array() }),
        rawRow(source, 2, { payload: null, key: null, sha256: null, timeType: 'append' }),
        rawRow(source, Number.MAX_SAFE_INTEGER - 1, { payload: new Uint8Array(3_000_000).fill(7), time: -1 }),
      ];
      await write(source, rows);
      expect(await room.warehouse().committed.readRaw(everything(source), 10)).toEqual(rows.map(recordOf));
    });

    it('are read in offset order, in [from, to), at most as many as asked for, of one partition alone', async () => {
      const source = room.fresh();
      const offsets = [9, 3, 5, 4, 11];
      await write(source, [...offsets.map((offset) => rawRow(source, offset)), rawRow(source, 4, { partition: 1 })]);
      const read = async (range: Partial<RowRange>, max: number): Promise<readonly number[]> =>
        (await room.warehouse().committed.readRaw({ ...everything(source), ...range }, max)).map(({ offset }) => offset);
      expect(await read({}, 100)).toEqual([3, 4, 5, 9, 11]);
      expect(await read({ from: 4, to: 11 }, 100)).toEqual([4, 5, 9]);
      expect(await read({ from: 4 }, 2)).toEqual([4, 5]);
      expect(await read({ partition: 1 }, 100)).toEqual([4]);
    });

    it('of a source without offsets are known by their ids, in whatever lane they came, until they are forgotten', async () => {
      const source = room.fresh();
      const message = (id: string, offset: number, time = 1000) => ({ id, offset, time });
      const note = (partition: number, messages: readonly SentMessage[]): Promise<void> =>
        turn(room.warehouse(), { phase: 'ingest', source, lane: partition }, (transaction) =>
          transaction.writeMessages({ source, partition }, messages),
        );
      const known = async (ids: readonly string[]) => (await room.warehouse().committed.readMessages(source, ids)).toSorted();
      await note(0, [message('a', 0), message('A', 1), message(`b'; --`, 2, 2000)]);
      expect(await known(['a', 'A', `b'; --`, 'c'])).toEqual(['A', 'a', `b'; --`]);
      await expect(note(1, [message('c', 0), message('a', 1)])).rejects.toMatchObject({ kind: 'retry' });
      expect(await known(['c'])).toEqual([]);
      expect(await room.warehouse().committed.readMessages(room.fresh(), ['a'])).toEqual([]);
      const forget = (partition: number, before: number, max: number): Promise<void> =>
        turn(room.warehouse(), { phase: 'ingest', source, lane: partition }, (transaction) =>
          transaction.forgetMessages({ source, partition }, before, max),
        );
      await forget(1, 5000, 10);
      await forget(0, 1500, 1);
      expect(await known(['a', 'A', `b'; --`])).toHaveLength(2);
      await forget(0, 1500, 10);
      expect(await known(['a', 'A', `b'; --`])).toEqual([`b'; --`]);
    });

    it('keep what is their own where neighbours in a batch differ', async () => {
      const source = room.fresh();
      const rows = Array.from({ length: 300 }, (_, offset) =>
        rawRow(source, offset, {
          partition: Math.floor(offset / 170),
          time: 1000 - offset,
          timeType: Math.floor(offset / 40) % 2 === 0 ? 'create' : 'append',
          ingestedAt: 5000 + Math.floor(offset / 90),
          headers: offset % 3 === 0 ? [['n', bytes(String(offset))]] : [],
          key: offset % 5 === 0 ? null : bytes(`k${offset}`),
        }),
      );
      await write(source, rows);
      const read = (partition: number) => room.warehouse().committed.readRaw({ ...everything(source), partition }, 5_000);
      expect([...(await read(0)), ...(await read(1))]).toEqual(rows.map(recordOf));
    });

    it('are written in batches of any size', async () => {
      const source = room.fresh();
      const rows = Array.from({ length: 1_237 }, (_, offset) => rawRow(source, offset, { payload: bytes(String(offset)) }));
      await write(source, rows);
      expect(await room.warehouse().committed.readRaw(everything(source), 5_000)).toEqual(rows.map(recordOf));
    });
  });
};
