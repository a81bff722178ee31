import type { SummarisePhase } from '@dsf/ports';
import { apply, groups, retract } from './apply.ts';
import { compile, instances } from './compile.ts';
import type { SummarisePlan } from './plan.ts';

export type { CustomMeasure, Measure, Moment } from './measure.ts';
export { checkMeasureLaws } from './measure-laws.ts';
export { measures } from './measures.ts';
export type { SummarisePlan } from './plan.ts';
export { compile };

export const summarisePhase: SummarisePhase<SummarisePlan> = { compile, instances, groups, apply, retract };
