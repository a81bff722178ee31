import { encodeRawRange, type RawRange } from '@dsf/messages';
import type { Delivery, LaneKey } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { rawHop } from './hops.ts';
import { openLane } from './lane.ts';
import { checkSender, decodeRanges, newestVersion, positionsFor } from './receive.ts';
import { fakeContext } from './specs/fake-context.ts';
import { fakeWarehouse, positionAt } from './specs/fake-warehouse.ts';

const key: LaneKey = { phase: 'flatten', source: 0, lane: 0 };
const ingest: LaneKey = { phase: 'ingest', source: 1, lane: 0 };
const range = (from: number, to: number, version = 1): RawRange => ({
  ...{ source: 1, partition: 0, from, to, version, time: null, idle: false, items: [] },
});
const delivery = (offset: number, body: Uint8Array | null): Delivery => ({
  ...{ offset, time: 0, timeType: 'append', key: null, headers: [], body },
});

describe('ranges of a batch', () => {
  it('are read in their order', () => {
    const context = fakeContext();
    const lane = openLane(context.warehouse, key);
    const ranges = decodeRanges(
      context,
      lane,
      [delivery(0, encodeRawRange(range(1, 2))), delivery(1, encodeRawRange(range(2, 3)))],
      rawHop,
    );
    expect(ranges.map(({ from }) => from)).toEqual([1, 2]);
  });

  it('are taken as they are when they were handed over', () => {
    const context = fakeContext();
    const handed = { ...delivery(0, null), content: range(1, 2) };
    expect(decodeRanges(context, openLane(context.warehouse, key), [handed], rawHop)).toEqual([range(1, 2)]);
  });

  it('leave out what cannot be read, and say where it was: the range after it will not join on', () => {
    const context = fakeContext();
    const lane = openLane(context.warehouse, key);
    const broken = [delivery(7, new TextEncoder().encode('{')), delivery(8, null), delivery(9, encodeRawRange(range(2, 3)))];
    expect(decodeRanges(context, lane, broken, rawHop)).toHaveLength(1);
    expect(context.events).toMatchObject([7, 8].map((offset) => ({ name: 'refused', code: 'delivery.unreadable-range', offset })));
  });

  it('do not hide a mistake of ours', () => {
    const context = fakeContext();
    const decode = (): never => {
      throw new TypeError('a mistake');
    };
    expect(() => decodeRanges(context, openLane(context.warehouse, key), [delivery(0, null)], { ...rawHop, decode })).toThrow('a mistake');
  });

  it('ask for the newest of their versions', () => {
    expect(newestVersion([range(0, 1, 3), range(1, 2, 7), range(2, 3, 5)])).toBe(7);
    expect(newestVersion([])).toBe(0);
  });
});

describe('positions for a batch', () => {
  it('are the lane’s own, or begin where the sender began, so that a first range that was lost leaves a gap', async () => {
    const warehouse = fakeWarehouse([
      [key, { positions: [positionAt(40, { partition: 1 })] }],
      [ingest, { positions: [positionAt(100, { start: 25 })] }],
    ]);
    const lane = openLane(warehouse, key);
    await lane.refresh();
    const known = { ...range(50, 60), partition: 1 };
    const before = await positionsFor(fakeContext({ warehouse }), lane, [known, range(90, 100), range(100, 100)], () => ingest);
    expect(before({ source: 1, partition: 1 }).next).toBe(40);
    expect(before({ source: 1, partition: 0 })).toMatchObject({ next: 25, start: 25, version: 0 });
  });

  it('stop the service when the sender knows nothing of what the broker has: the database is older', async () => {
    const warehouse = fakeWarehouse([[key, {}]]);
    const lane = openLane(warehouse, key);
    await lane.refresh();
    await expect(positionsFor(fakeContext({ warehouse }), lane, [range(5, 6)], () => ingest)).rejects.toMatchObject({
      kind: 'fatal',
      code: 'delivery.database-older',
    });
  });
});

describe('a sender', () => {
  it('may stand at the end of a range that has to be read from its rows, or above', async () => {
    const warehouse = fakeWarehouse([[ingest, { positions: [positionAt(60)] }]]);
    await expect(checkSender(fakeContext({ warehouse }), ingest, range(50, 60))).resolves.toBeUndefined();
  });

  it('may not stand below it', async () => {
    const warehouse = fakeWarehouse([[ingest, { positions: [positionAt(59)] }]]);
    await expect(checkSender(fakeContext({ warehouse }), ingest, range(50, 60))).rejects.toMatchObject({ code: 'delivery.database-older' });
  });
});
