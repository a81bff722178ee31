import { warehouseContract } from '@dsf/testing';
import { afterAll } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
afterAll(folder.discard);

warehouseContract('SQLite', () => openSqliteWarehouse({ file: folder.file('warehouse.db') }));
