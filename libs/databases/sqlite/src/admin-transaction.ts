import type { AdminTransaction } from '@dsf/ports';
import type { Connection } from './connection.ts';
import { movePlaces, readPlaces } from './group-rows.ts';
import { readIntents } from './intents.ts';
import { turnWithin, type CatalogViews } from './lane-transaction.ts';
import { readStoredLanes, writeStoredLane } from './lane-state.ts';
import { closeRequests, readOpenRequests, writeRequests } from './requests.ts';
import { readInstances } from './summary-tables.ts';

/** What operators do to all lanes at once, on a connection whose transaction has begun: SQLite's one writer keeps everybody else out. */
export const adminTransaction = (connection: Connection, views: CatalogViews): AdminTransaction => ({
  intents: async () => readIntents(connection),
  turn: (lane, work) => turnWithin(connection, { lane, views }, work),
  lanes: async () => readStoredLanes(connection),
  writeLane: async (lane) => writeStoredLane(connection, lane),
  writeRequests: async (requests, now) => writeRequests(connection, requests, now),
  readRequests: async () => readOpenRequests(connection),
  closeRequests: async (ids, now) => closeRequests(connection, ids, now),
  instances: async () => readInstances(connection),
  readGroupPlaces: async (instance, after, max) => {
    const known = views.layout(connection, instance);
    return known === null ? [] : readPlaces(connection, known, { after, max });
  },
  moveGroups: async (instance, places) => {
    const known = views.layout(connection, instance);
    if (known !== null) movePlaces(connection, known, places);
  },
});
