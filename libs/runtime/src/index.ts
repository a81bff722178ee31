export { defaultSettings, type RuntimeSettings } from './settings.ts';
export { topics } from './work.ts';
export { runService, type ServiceContext, type ServiceDefinition } from './service.ts';
export { createIngestWork } from './ingest/work.ts';
export { createFlattenWork } from './flatten/work.ts';
export { createSummariseWork } from './summarise/work.ts';
export { createPublishWork } from './publish/work.ts';
