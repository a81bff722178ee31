import type { Installation } from './installation.ts';
import { readCatalog } from './status.ts';

/**
 * Sources without offsets do not say where they end: their lanes are idle when nothing came for a moment. What they found the last time says
 * nothing of now, so whoever waits for them to be idle has them look again. Best effort: a lane that somebody has a turn in is looked at anyway.
 */
export const lookAgain = async ({ metadata, warehouse }: Pick<Installation, 'metadata' | 'warehouse'>): Promise<void> => {
  const { sources } = await readCatalog(metadata);
  for (const { id, definition } of sources) {
    if (definition.transport !== 'pubsub') continue;
    for (let lane = 0; lane < definition.partitions; lane += 1) {
      const key = { phase: 'ingest', source: id, lane } as const;
      const { seq, positions } = await warehouse.loadLane(key);
      const idle = positions.filter((position) => position.idle);
      if (idle.length === 0) continue;
      await warehouse
        .transact(key, seq, (transaction) => transaction.writePositions(idle.map((position) => ({ ...position, idle: false }))))
        .catch(() => undefined);
    }
  }
};
