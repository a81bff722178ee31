import type { KeyPart, Value } from '@dsf/messages';
import type { GroupRow, SummariseInput } from '@dsf/ports';
import { Failure } from '@dsf/ports';
import { fitColumn } from './column-type.ts';
import type { InstancePlan } from './plan.ts';

/** The numbers to show; a group with a measure that has none to show (overflow, mixed types) fails as a whole, never shows a wrong one. */
export const lowerAll = (plan: InstancePlan, states: readonly Value[]): readonly Value[] | Failure => {
  try {
    return plan.definition.measures.map((spec, index) => fitColumn(plan.measures[index]?.lower(states[index] ?? null) ?? null, spec.type));
  } catch (error) {
    if (error instanceof Failure && error.kind === 'poison') return error;
    throw error;
  }
};

export interface GroupParts {
  readonly text: string;
  readonly key: readonly KeyPart[];
  readonly window: number | null;
  readonly states: readonly Value[];
  readonly lowered: readonly Value[] | Failure;
}

/** A group as it rests in the summary table. */
export const groupRow = (
  { definition }: InstancePlan,
  { text, key, window, states, lowered }: GroupParts,
  { revision, reason, now, version }: Omit<SummariseInput, 'points' | 'current'>,
): GroupRow => ({
  instance: definition.instance,
  key,
  window,
  windowEnd: window === null || definition.windowMs === null ? null : window + definition.windowMs,
  group: text,
  revision,
  reason,
  time: now,
  version,
  status: lowered instanceof Failure ? 'failed' : 'live',
  measures: lowered instanceof Failure ? [] : lowered,
  states,
});
