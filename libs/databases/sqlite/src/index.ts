export { openSqliteMetadataStore } from './metadata-store.ts';
export { openSqliteWarehouse } from './warehouse.ts';
export { createTurns } from './turns.ts';
