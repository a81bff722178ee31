/*
 * A worker in a process of its own, for specs that kill it. Arguments: file, lane, turns. Takes turns in the lane, each writing three raw rows,
 * and says the seq of each turn when it is committed.
 */
import { writeSync } from 'node:fs';
import { Failure } from '@dsf/ports';
import type { LaneTransaction } from '@dsf/ports';
import { openSqliteWarehouse } from './warehouse.ts';

const [file = '', laneText = '0', turnsText = '1'] = process.argv.slice(2);
const lane = { phase: 'ingest', source: Number(laneText), lane: 0 } as const;
const warehouse = await openSqliteWarehouse({ file });

const work = async (transaction: LaneTransaction): Promise<number> => {
  const from = (transaction.seq - 1) * 3;
  for (const offset of [from, from + 1, from + 2]) {
    const place = { source: lane.source, partition: 0, offset };
    await transaction.writeRaw([
      {
        ...place,
        topic: 't',
        time: 1,
        timeType: 'create',
        ingestedAt: 1,
        key: null,
        headers: [],
        payload: new Uint8Array(2000),
        sha256: null,
      },
    ]);
    // Leaves the transaction open across the event loop, so that a kill finds it half done.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const counters = { written: from + 3, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 };
  await transaction.writePositions([
    { source: lane.source, partition: 0, next: from + 3, start: 0, time: 1, idle: false, version: 1, counters },
  ]);
  return transaction.seq;
};

const takeTurn = async (): Promise<number | null> => {
  const { seq } = await warehouse.loadLane(lane);
  try {
    return await warehouse.transact(lane, seq, work);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'retry') return null;
    throw error;
  }
};

for (let turns = 0; turns < Number(turnsText);) {
  const seq = await takeTurn();
  if (seq === null) continue;
  turns += 1;
  // At once, so that a kill loses nothing that was said before it.
  writeSync(1, `${seq}\n`);
}
await warehouse.close();
