export { runSummariser } from './service.ts';
