import type { AdminTransaction } from '@dsf/ports';
import type { Connection } from './connection.ts';
import { movePlaces, readPlaces } from './group-rows.ts';
import { readStoredLanes, writeStoredLane } from './lane-state.ts';
import { closeRequests, readOpenRequests, writeRequests } from './requests.ts';
import { readInstances, type SummaryLayout } from './summary-tables.ts';

/** What operators do to all lanes at once, on a connection whose transaction has begun: SQLite's one writer keeps everybody else out. */
export const adminTransaction = (
  connection: Connection,
  layout: (connection: Connection, instance: string) => SummaryLayout | null,
): AdminTransaction => ({
  lanes: async () => readStoredLanes(connection),
  writeLane: async (lane) => writeStoredLane(connection, lane),
  writeRequests: async (requests, now) => writeRequests(connection, requests, now),
  readRequests: async () => readOpenRequests(connection),
  closeRequests: async (ids, now) => closeRequests(connection, ids, now),
  instances: async () => readInstances(connection),
  readGroupPlaces: async (instance, after, max) => {
    const known = layout(connection, instance);
    return known === null ? [] : readPlaces(connection, known, { after, max });
  },
  moveGroups: async (instance, places) => {
    const known = layout(connection, instance);
    if (known !== null) movePlaces(connection, known, places);
  },
});
