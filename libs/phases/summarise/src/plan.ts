import type { Measure } from '@dsf/ports';
import type { DriverInstance } from '@dsf/metadata';

export interface InstancePlan {
  readonly definition: DriverInstance;
  /** In the driver's order. */
  readonly measures: readonly Measure[];
}

export interface SummarisePlan {
  /** By instance name, in the catalog's order. */
  readonly instances: ReadonlyMap<string, InstancePlan>;
}
