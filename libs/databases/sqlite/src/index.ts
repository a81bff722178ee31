export type { SqliteConfig } from './client.ts';
export { openSqliteWarehouse } from './warehouse.ts';
