import type { DriverInstance } from '@dsf/metadata';
import type { Measure } from './measure.ts';

export interface InstancePlan {
  readonly definition: DriverInstance;
  /** In the driver's order. */
  readonly measures: readonly Measure[];
}

export interface SummarisePlan {
  /** By instance name, in the catalog's order. */
  readonly instances: ReadonlyMap<string, InstancePlan>;
}
