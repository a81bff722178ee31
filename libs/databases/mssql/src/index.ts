export type { MssqlConfig, MssqlLogin } from './config.ts';
export { openMssqlMetadataStore } from './metadata-store.ts';
export { mssqlTraffic } from './database.ts';
export { mssqlMigrations } from './migrate-database.ts';
export { openMssqlWarehouse } from './warehouse.ts';
