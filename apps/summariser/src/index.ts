export { checkMeasures } from './check-measures.ts';
export { runSummariser, summariser } from './service.ts';
