import type { DriverInstance } from '@dsf/metadata';
import type { OwnMeasure } from './measure.ts';

export interface InstancePlan {
  readonly definition: DriverInstance;
  /** In the driver's order. */
  readonly measures: readonly OwnMeasure[];
}

export interface SummarisePlan {
  /** By instance name, in the catalog's order. */
  readonly instances: ReadonlyMap<string, InstancePlan>;
}
