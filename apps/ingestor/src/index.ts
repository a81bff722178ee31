export { runIngestor } from './service.ts';
