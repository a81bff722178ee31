export { defaultSettings, type RuntimeSettings } from './settings.ts';
export { createHandover, noHandover, type Handover } from './handover.ts';
export { topics } from './hops.ts';
export { runService, type ServiceContext, type ServiceDefinition } from './service.ts';
export { createIngestWork } from './ingest/work.ts';
export { createFlattenWork } from './flatten/work.ts';
export { createSummariseWork } from './summarise/work.ts';
export { createPublishWork } from './publish/work.ts';
