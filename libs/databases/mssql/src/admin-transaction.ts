import type { AdminTransaction } from '@dsf/ports';
import type { Connection } from './connection.ts';
import { movePlaces, readPlaces } from './group-rows.ts';
import { readIntents } from './intents.ts';
import { turnWithin, type CatalogViews } from './lane-transaction.ts';
import { readStoredLanes, writeStoredLane } from './lane-state.ts';
import { closeRequests, readOpenRequests, writeRequests } from './requests.ts';
import { readInstances } from './summary-tables.ts';

/** What operators do to all lanes at once, on a connection whose transaction has the lock of the lanes alone. */
export const adminTransaction = (connection: Connection, views: CatalogViews): AdminTransaction => ({
  intents: () => readIntents(connection),
  turn: (lane, work) => turnWithin(connection, { lane, views }, work),
  lanes: () => readStoredLanes(connection),
  writeLane: (lane) => writeStoredLane(connection, lane),
  writeRequests: (requests, now) => writeRequests(connection, requests, now),
  readRequests: () => readOpenRequests(connection),
  closeRequests: (ids, now) => closeRequests(connection, ids, now),
  instances: () => readInstances(connection),
  readGroupPlaces: async (instance, after, max) => {
    const known = await views.layout(connection, instance);
    return known === null ? [] : readPlaces(connection, known, { after, max });
  },
  moveGroups: async (instance, places) => {
    const known = await views.layout(connection, instance);
    if (known !== null) await movePlaces(connection, known, places);
  },
});
