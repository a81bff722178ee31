import type { DriverInstance } from '@dsf/metadata';
import type { FlatFold, FlatSchema, FoldRefusal, PointsPhase, SummarisePhase } from '@dsf/ports';

/** A driver's fold as one statement of a database; or why it goes page by page through the services. */
export const planStatement = <Plan, PointsPlan>(
  { points, summarise }: { readonly points: PointsPhase<PointsPlan>; readonly summarise: SummarisePhase<Plan> },
  { plan, instance, schema }: { readonly plan: Plan; readonly instance: DriverInstance; readonly schema: FlatSchema },
): FlatFold | FoldRefusal => {
  const asked = summarise.aggregates(plan, instance.instance);
  return 'why' in asked ? asked : points.fold(schema, instance, asked);
};
