import type { IngestPhase } from '@dsf/ports';
import { apply } from './apply.ts';
import { compile } from './compile.ts';
import type { IngestPlan } from './plan.ts';

export type { IngestPlan } from './plan.ts';
export const ingestPhase: IngestPhase<IngestPlan> = { compile, apply };
