import type { Value } from '@dsf/messages';
import { groupText } from '@dsf/messages';
import { Failure, type FoldAggregate, type FoldedGroup, type FoldRefusal, type GroupRow, type SummariseInput } from '@dsf/ports';
import { groupRow, lowerAll } from './group-row.ts';
import type { InstancePlan, SummarisePlan } from './plan.ts';

/*
 * A fold that a database makes: what the measures ask of it, and the groups that its answer makes.
 */

const planOf = (plan: SummarisePlan, instance: string): InstancePlan => {
  const found = plan.instances.get(instance);
  if (found === undefined)
    throw new Failure('fatal', 'summarise.instance-unknown', `there is no driver instance ${instance}`, { instance });
  return found;
};

export const aggregates = (plan: SummarisePlan, instance: string): readonly FoldAggregate[] | FoldRefusal => {
  const { definition, measures } = planOf(plan, instance);
  const asked: FoldAggregate[] = [];
  for (const [index, { aggregate }] of measures.entries()) {
    const name = definition.measures[index]?.name ?? index;
    if (aggregate === undefined) return { why: `measure ${name}: a module` };
    asked.push(aggregate.asks);
  }
  return asked;
};

const stateOf = ({ measures }: InstancePlan, { amounts }: FoldedGroup): readonly Value[] =>
  measures.map(({ aggregate, zero }, index) => {
    const aggregated = amounts[index];
    return aggregate === undefined || aggregated === undefined ? zero : aggregate.state(aggregated);
  });

/**
 * Rows as `apply` makes them of the same points. One that has no number to show belongs to `apply`, which knows the point that made it fail.
 */
export const settle = (
  plan: SummarisePlan,
  instance: string,
  { groups, at }: { readonly groups: readonly FoldedGroup[]; readonly at: Omit<SummariseInput, 'points' | 'current'> },
): readonly GroupRow[] | FoldRefusal => {
  const mine = planOf(plan, instance);
  const rows: GroupRow[] = [];
  for (const group of groups) {
    const states = stateOf(mine, group);
    const lowered = lowerAll(mine, states);
    const text = groupText(group.key, group.window);
    if (lowered instanceof Failure) return { why: `group ${text}: ${lowered.message}` };
    rows.push(groupRow(mine, { text, key: group.key, window: group.window, states, lowered }, at));
  }
  return rows;
};
