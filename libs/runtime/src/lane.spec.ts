import { Failure, fitScope, type LaneKey } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { addCounts, laneName, noCounts, openLane } from './lane.ts';
import { fakeWarehouse, positionAt } from './specs/fake-warehouse.ts';

const key: LaneKey = { phase: 'summarise', source: 0, lane: 3 };
const nothing = async (): Promise<void> => undefined;

describe('a lane', () => {
  it('does not let its memory be used before it was read', () => {
    expect(() => openLane(fakeWarehouse(), key).seq()).toThrow('the memory of lane summarise/3 was used before it was read');
  });

  it('begins at zero where there is none yet', async () => {
    const lane = openLane(fakeWarehouse(), key);
    await lane.refresh();
    expect([lane.seq(), lane.loadedSeq(), lane.positions(), lane.facts()]).toEqual([0, 0, [], {}]);
  });

  it('remembers what it committed without reading it again', async () => {
    const warehouse = fakeWarehouse([[key, { seq: 4, positions: [positionAt(10)] }]]);
    const lane = openLane(warehouse, key);
    await lane.refresh();
    await lane.transact({ positions: [positionAt(12), positionAt(3, { partition: 1 })], facts: { cluster: 'c' } }, nothing);
    expect(lane.seq()).toBe(5);
    expect(lane.loadedSeq()).toBe(4);
    expect(lane.position({ source: 1, partition: 0 })?.next).toBe(12);
    expect(lane.position({ source: 1, partition: 1 })?.next).toBe(3);
    expect(lane.facts()).toEqual({ cluster: 'c' });
    expect(lane.epoch()).toBe(1);
    expect(await warehouse.loadLane(key)).toEqual({ seq: 5, positions: lane.positions(), facts: { cluster: 'c' } });
  });

  it('keeps its facts when a transaction does not change them', async () => {
    const lane = openLane(fakeWarehouse([[key, { facts: { cluster: 'c' } }]]), key);
    await lane.refresh();
    await lane.transact({}, nothing);
    expect(lane.facts()).toEqual({ cluster: 'c' });
  });

  it('loses its turn to whoever was there, forgets everything, and reads it again under a new epoch', async () => {
    const warehouse = fakeWarehouse([[key, { seq: 4, positions: [positionAt(10)] }]]);
    const lane = openLane(warehouse, key);
    await lane.refresh();
    warehouse.takeTurn(key, [positionAt(20)]);
    await expect(lane.transact({ positions: [positionAt(12)] }, nothing)).rejects.toMatchObject({ kind: 'retry', code: 'lane.lost' });
    expect(() => lane.seq()).toThrow('before it was read');
    await lane.refresh();
    expect([lane.seq(), lane.loadedSeq(), lane.epoch()]).toEqual([5, 5, 2]);
    expect(lane.position({ source: 1, partition: 0 })?.next).toBe(20);
  });

  it('forgets everything after any error, because the transaction may have happened all the same', async () => {
    const warehouse = fakeWarehouse([[key, { seq: 4 }]]);
    const lane = openLane(warehouse, key);
    await lane.refresh();
    warehouse.beforeCommit = () => {
      throw new Failure('retry', 'warehouse.busy', 'no answer');
    };
    await expect(lane.transact({ positions: [positionAt(12)] }, nothing)).rejects.toMatchObject({ code: 'warehouse.busy' });
    expect(() => lane.position({ source: 1, partition: 0 })).toThrow('before it was read');
    await lane.refresh();
    expect([lane.seq(), lane.epoch(), lane.positions()]).toEqual([4, 2, []]);
  });

  it('finds out, when it asks, that a commit landed of which it never heard', async () => {
    const warehouse = fakeWarehouse([[key, { seq: 4 }]]);
    const lane = openLane(warehouse, key);
    await lane.recheck();
    await lane.recheck();
    expect([lane.seq(), lane.epoch()]).toEqual([4, 1]);
    warehouse.takeTurn(key, [positionAt(20)]);
    await lane.recheck();
    expect([lane.seq(), lane.epoch(), lane.position({ source: 1, partition: 0 })?.next]).toEqual([5, 2, 20]);
  });

  it('reads nothing again while its memory is good', async () => {
    const lane = openLane(fakeWarehouse(), key);
    await lane.refresh();
    await lane.refresh();
    expect(lane.epoch()).toBe(1);
  });

  it('writes of the scope of a failure, whatever its phase put there, what every database can hold', async () => {
    const warehouse = fakeWarehouse();
    const lane = openLane(warehouse, key);
    await lane.refresh();
    const failure = { phase: 'publish', source: 1, partition: 0, offset: 7, code: 'x', path: null, detail: '', version: 1 } as const;
    const scopes = ['d@00000001/0', `["${'k'.repeat(5_000)}"]`];
    await lane.transact({ facts: { kept: 1 } }, async (transaction) => {
      expect(transaction.seq).toBe(1);
      await transaction.writeFailures(
        scopes.map((scope) => ({ ...failure, scope })),
        9,
      );
    });
    expect(warehouse.writes).toEqual([
      ['writeFailures', scopes.map((scope) => ({ ...failure, scope: fitScope(scope) })), 9],
      ['writeFacts', { kept: 1 }],
    ]);
  });

  it('is named by its phase, and for ingest by its source', () => {
    expect([laneName(key), laneName({ phase: 'ingest', source: 7, lane: 2 })]).toEqual(['summarise/3', 'ingest/7/2']);
  });
});

describe('counters', () => {
  it('add up, and may be taken back by a replay', () => {
    const before = addCounts(noCounts, { written: 5, failed: 2, absent: 1 });
    expect(addCounts(before, { written: 1, failed: -1, refills: 1 })).toEqual({
      ...noCounts,
      written: 6,
      failed: 1,
      absent: 1,
      refills: 1,
    });
  });
});
