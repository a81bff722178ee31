import type { SummarisePhase } from '@dsf/ports';
import { apply, retract } from './apply.ts';
import { compile, instances } from './compile.ts';
import { groups } from './gather.ts';
import type { SummarisePlan } from './plan.ts';
import { aggregates, settle } from './settle.ts';

export type { SummarisePlan } from './plan.ts';

export const summarisePhase: SummarisePhase<SummarisePlan> = { compile, instances, groups, apply, retract, aggregates, settle };
