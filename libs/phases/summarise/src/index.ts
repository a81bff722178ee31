import type { SummarisePhase } from '@dsf/ports';
import { apply, groups, retract } from './apply.ts';
import { compile, instances } from './compile.ts';
import type { SummarisePlan } from './plan.ts';

export type { CustomMeasure } from './measure.ts';
export type { SummarisePlan } from './plan.ts';
export { compile };

export const summarisePhase: SummarisePhase<SummarisePlan> = { compile, instances, groups, apply, retract };
