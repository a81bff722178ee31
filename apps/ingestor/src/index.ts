export { ingestor, runIngestor } from './service.ts';
