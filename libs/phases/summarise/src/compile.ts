import type { CustomMeasures } from '@dsf/ports';
import type { Catalog, DriverInstance } from '@dsf/metadata';
import { admitCustom, measureFor } from './measures.ts';
import type { SummarisePlan } from './plan.ts';

/**
 * @param custom - measures that users bring along, by name
 * @throws Failure `fatal` `summarise.measure-unknown`, `summarise.measure-name`, `summarise.measure-laws`
 */
export const compile = (catalog: Catalog, custom: CustomMeasures = new Map()): SummarisePlan => {
  const admitted = admitCustom(custom);
  return {
    instances: new Map(
      catalog.drivers.map((definition) => [
        definition.instance,
        { definition, measures: definition.measures.map((spec) => measureFor(spec, admitted)) },
      ]),
    ),
  };
};

export const instances = (plan: SummarisePlan): readonly DriverInstance[] =>
  [...plan.instances.values()].map(({ definition }) => definition);
