export * from './fan-out.ts';
export * from './health-server.ts';
export * from './health.ts';
export * from './logger.ts';
export * from './progress.ts';
export * from './observed-warehouse.ts';
export type { Reading, SourceReading } from './readings.ts';
export * from './registry.ts';
export * from './telemetry.ts';
