export * from './fan-out.ts';
export * from './health-server.ts';
export * from './health.ts';
export * from './logger.ts';
export type { Lag } from './metrics.ts';
export * from './progress.ts';
export * from './registry.ts';
export * from './telemetry.ts';
