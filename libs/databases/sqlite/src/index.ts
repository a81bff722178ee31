export type { SqliteConfig } from './client.ts';
export { openSqliteMetadataStore } from './metadata-store.ts';
export { openSqliteWarehouse } from './warehouse.ts';
