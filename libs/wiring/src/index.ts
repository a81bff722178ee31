export { loadCustomMeasures } from './custom-measures.ts';
export { openInstallation, type Installation } from './installation.ts';
export { databaseMigrations } from './open-database.ts';
export { keepHeapLean } from './lean-heap.ts';
export { serviceContext } from './service-context.ts';
export { serviceMain } from './service-main.ts';
export { createReadings } from './readings.ts';
export { readStatus, type SourceStatus, type Status } from './status.ts';
export { createTurns } from '@dsf/database-sqlite';
