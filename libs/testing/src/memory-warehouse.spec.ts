import { afterAll, beforeAll, describe } from 'vitest';
import type { Warehouse } from '@dsf/ports';
import { createMemoryDatabase, openMemoryWarehouse } from './memory-warehouse.ts';
import { choresContract } from './warehouse/chores.ts';
import { flatContract } from './warehouse/flat.ts';
import { groupsContract } from './warehouse/groups.ts';
import { lanesContract } from './warehouse/lanes.ts';
import { rawContract } from './warehouse/raw.ts';
import type { Room } from './warehouse/room.ts';
import { schemaContract } from './warehouse/schema.ts';

/** All of the warehouse contract but the queries of `inspect`: there is no SQL in memory. */
describe('the warehouse contract, kept by the warehouse in memory', () => {
  const database = createMemoryDatabase();
  const open = async (): Promise<Warehouse> => openMemoryWarehouse(database);
  let opened: Warehouse;
  let numbers = 0;
  const room: Room = { warehouse: () => opened, open, fresh: () => (numbers += 1) };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  lanesContract(room);
  rawContract(room);
  schemaContract(room);
  flatContract(room);
  groupsContract(room);
  choresContract(room);
});
