import type { FlattenPhase } from '@dsf/ports';
import { apply } from './apply.ts';
import { compile } from './compile.ts';
import { evolve } from './evolve.ts';
import type { FlattenPlan } from './plan.ts';

/** Messages into root and child tables. */
export const flattenPhase: FlattenPhase<FlattenPlan> = { compile, apply, evolve };
