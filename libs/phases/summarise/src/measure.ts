import { isNum, type Value } from '@dsf/messages';
import type { InstanceMeasure } from '@dsf/metadata';
import { Failure, type Measure } from '@dsf/ports';

/** A measure of ours. */
export interface OwnMeasure extends Measure {
  /** What `combine` comes to over all of these states (one at least), without a value for each step; absent where that gains nothing. */
  readonly combineAll?: (states: readonly Value[]) => Value;
}

/** Makes the measure for one column of a driver. */
export type MeasureFamily = (spec: InstanceMeasure) => OwnMeasure;

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

/** Texts of those states that are numbers. */
export const numbersIn = (states: readonly Value[]): readonly string[] => {
  const texts: string[] = [];
  for (const state of states) if (isNum(state)) texts.push(state.n);
  return texts;
};
