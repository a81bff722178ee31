import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { warehouseContract } from '@dsf/testing';
import { afterAll } from 'vitest';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = mkdtempSync(join(tmpdir(), 'dsf-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

warehouseContract('SQLite', () => openSqliteWarehouse({ file: join(folder, 'warehouse.db') }));
