import { pointsPhase } from '@dsf/phase-points';
import { summarisePhase } from '@dsf/phase-summarise';
import { openSplitWarehouse } from '@dsf/runtime';
import { createMemoryDatabase, foldsContract, openMemoryRowStore, openMemoryWarehouse } from '@dsf/testing';

foldsContract(
  'a store of rows in memory',
  async () => {
    const database = createMemoryDatabase();
    return openSplitWarehouse({ state: openMemoryWarehouse(database), rows: openMemoryRowStore(database), currentVersion: async () => 1 });
  },
  { points: pointsPhase, summarise: summarisePhase, runs: 100 },
);
