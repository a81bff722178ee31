export type { BigQueryConfig } from './config.ts';
export { openBigQueryRows } from './row-store.ts';
