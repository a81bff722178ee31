export { checkMeasures } from './check-measures.ts';
export { planRebuild, type RebuildPlan } from './plan-rebuild.ts';
export { runSummariser, summariser } from './service.ts';
