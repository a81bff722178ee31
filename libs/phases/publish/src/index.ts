import type { PublishPhase } from '@dsf/ports';
import { apply } from './apply.ts';
import { compile } from './compile.ts';
import type { PublishPlan } from './plan.ts';

export type { PublishPlan } from './plan.ts';

export const publishPhase: PublishPhase<PublishPlan> = { compile, apply };
