export * from './config-error.ts';
export { parseDatabase, type DatabaseConfig } from './database-settings.ts';
export * from './internal-settings.ts';
export * from './parse-config.ts';
export * from './reference.ts';
export * from './service-settings.ts';
export * from './setting.ts';
export * from './unknown-variables.ts';
