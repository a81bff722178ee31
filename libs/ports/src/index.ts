export * from './clock.ts';
export * from './failure.ts';
export * from './metadata-store.ts';
export * from './phase.ts';
export * from './schema.ts';
export * from './telemetry.ts';
export * from './transport.ts';
export * from './warehouse.ts';
