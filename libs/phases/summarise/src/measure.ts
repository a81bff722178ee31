import type { Value } from '@dsf/messages';
import type { InstanceMeasure } from '@dsf/metadata';
import { Failure, type Measure } from '@dsf/ports';

/** Makes the measure for one column of a driver. */
export type MeasureFamily = (spec: InstanceMeasure) => Measure;

export const refusePoint = (code: `summarise.${string}`, detail: string): never => {
  throw new Failure('poison', code, detail);
};

/** What a person calls the kind of a value. */
export const kindOf = (value: Value): 'null' | 'boolean' | 'number' | 'text' | 'list' | 'map' => {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'text';
  return 'n' in value ? 'number' : 'l' in value ? 'list' : 'map';
};
