export { summariser, runSummariser } from './service.ts';
