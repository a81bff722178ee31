import { heldVersionContract, warehouseContract } from '@dsf/testing';
import { afterAll } from 'vitest';
import { openSqliteMetadataStore } from './metadata-store.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
afterAll(folder.discard);

warehouseContract('SQLite', () => openSqliteWarehouse({ file: folder.file('warehouse.db') }));

const both = { file: folder.file('both.db') };
heldVersionContract('SQLite', async () => ({ store: await openSqliteMetadataStore(both), warehouse: await openSqliteWarehouse(both) }));
