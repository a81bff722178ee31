import type { LaneKey } from '@dsf/ports';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
afterAll(folder.discard);

const lane = (number: number): LaneKey => ({ phase: 'flatten', source: 0, lane: number });

describe('a turn of a lane', () => {
  it('keeps nobody waiting while its work decides: the file is locked only while it writes', async () => {
    const warehouse = await openSqliteWarehouse({ file: folder.file('deciding.db') });
    const decided = Promise.withResolvers<void>();
    const slow = warehouse.transact(lane(0), 0, async (transaction) => {
      await transaction.writeFacts({ from: 'slow' });
      await decided.promise;
    });
    await warehouse.transact(lane(1), 0, (transaction) => transaction.writeFacts({ from: 'quick' }));
    expect(await warehouse.loadLane(lane(1))).toMatchObject({ seq: 1, facts: { from: 'quick' } });
    expect(await warehouse.loadLane(lane(0))).toMatchObject({ seq: 0 });
    decided.resolve();
    await slow;
    expect(await warehouse.loadLane(lane(0))).toMatchObject({ seq: 1, facts: { from: 'slow' } });
    await warehouse.close();
  });

  it('begins when its work wants to know something, with all that was written before', async () => {
    const warehouse = await openSqliteWarehouse({ file: folder.file('asking.db') });
    const seen = await warehouse.transact(lane(0), 0, async (transaction) => {
      await transaction.writeRequests([{ lane: lane(0), body: { kind: 'replay', source: 1, partition: 0, offset: 7 } }], 1);
      const requests = await transaction.readRequests(lane(0), 10);
      await transaction.writeFacts({ asked: requests.length });
      return requests.length;
    });
    expect(seen).toBe(1);
    expect(await warehouse.loadLane(lane(0))).toMatchObject({ seq: 1, facts: { asked: 1 } });
    await warehouse.close();
  });

  it('of two that decide at the same time, one is lost', async () => {
    const warehouse = await openSqliteWarehouse({ file: folder.file('racing.db') });
    const both = await Promise.allSettled(
      ['a', 'b'].map((who) => warehouse.transact(lane(0), 0, (transaction) => transaction.writeFacts({ who }))),
    );
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { kind: 'retry', code: 'lane.lost' } });
    expect(await warehouse.loadLane(lane(0))).toMatchObject({ seq: 1, facts: { who: 'a' } });
    await warehouse.close();
  });
});
