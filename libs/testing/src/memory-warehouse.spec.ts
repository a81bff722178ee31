import { afterAll, beforeAll, describe } from 'vitest';
import type { Warehouse } from '@dsf/ports';
import { heldVersionContract } from './held-version-contract.ts';
import { createMemoryConfig, openMemoryMetadata } from './memory-metadata.ts';
import { createMemoryDatabase } from './memory-warehouse-database.ts';
import { openMemoryWarehouse } from './memory-warehouse.ts';
import { administrationContract } from './warehouse/administration.ts';
import { choresContract } from './warehouse/chores.ts';
import { flatContract } from './warehouse/flat.ts';
import { groupsContract } from './warehouse/groups.ts';
import { intentsContract } from './warehouse/intents.ts';
import { lanesContract } from './warehouse/lanes.ts';
import { rawContract } from './warehouse/raw.ts';
import { retentionContract } from './warehouse/retention.ts';
import type { Room } from './warehouse/room.ts';
import { schemaContract } from './warehouse/schema.ts';

/** All of the warehouse contract but the queries of `inspect`: there is no SQL in memory. */
describe('the warehouse contract, kept by the warehouse in memory', () => {
  const database = createMemoryDatabase();
  const open = async (): Promise<Warehouse> => openMemoryWarehouse(database);
  let opened: Warehouse;
  let numbers = 0;
  const room: Room = { warehouse: () => opened, open, fresh: () => (numbers += 1), takes: () => true, lacks: () => false };
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
  retentionContract(room);
  administrationContract(room);
  intentsContract(room);
});

const config = createMemoryConfig();
const defined = createMemoryDatabase(config);
heldVersionContract('memory', async () => ({ store: openMemoryMetadata(config), warehouse: openMemoryWarehouse(defined) }));
