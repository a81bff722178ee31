import type { PointsPhase } from '@dsf/ports';
import { apply } from './apply.ts';
import { compile, tables } from './compile.ts';
import { fold } from './fold.ts';
import type { PointsPlan } from './plan.ts';

export type { PointsPlan } from './plan.ts';

export const pointsPhase: PointsPhase<PointsPlan> = { compile, tables, apply, fold };
