import type { InstanceMeasure } from '@dsf/metadata';
import { Failure, type Measure } from '@dsf/ports';
import { guarded } from './guarded.ts';
import type { MeasureFamily } from './measure.ts';
import { count, countIf } from './measure-count.ts';
import { distinct } from './measure-distinct.ts';
import { max, min } from './measure-extreme.ts';
import { checkMeasureLaws } from './measure-laws.ts';
import { list } from './measure-list.ts';
import { first, last } from './measure-moment.ts';
import { avg, sum } from './measure-sum.ts';

/** The built-in measures by the name that definitions use. */
export const measures: ReadonlyMap<string, MeasureFamily> = new Map<string, MeasureFamily>([
  ['count', count],
  ['count_if', countIf],
  ['sum', sum],
  ['avg', avg],
  ['min', min],
  ['max', max],
  ['first', first],
  ['last', last],
  ['list', list],
  ['distinct', () => distinct()],
]);

/** Any fixed number: the check must give the same verdict on every replica. */
const lawSeed = 20_260_101;

/** Plans are compiled anew for each lane that is taken, the trials are some thousand calls of the user's code, and their verdict is always the same. */
const verdicts = new WeakMap<Measure, readonly string[]>();

const brokenLaws = (measure: Measure): readonly string[] => {
  const broken = verdicts.get(measure) ?? checkMeasureLaws(measure, lawSeed);
  verdicts.set(measure, broken);
  return broken;
};

/**
 * Custom measures, checked and made safe to call. A built-in's name cannot be taken.
 * @throws Failure `fatal` `summarise.measure-laws`, `summarise.measure-name`
 */
export const admitCustom = (custom: ReadonlyMap<string, Measure>): ReadonlyMap<string, Measure> =>
  new Map(
    [...custom].map(([name, measure]) => {
      if (measures.has(name))
        throw new Failure('fatal', 'summarise.measure-name', `the measure ${name} is built in; give yours another name`, { measure: name });
      const broken = brokenLaws(measure);
      if (broken.length > 0)
        throw new Failure('fatal', 'summarise.measure-laws', `the measure ${name} ${broken.join('; ')}`, { measure: name });
      return [name, guarded(name, measure)] as const;
    }),
  );

/** @throws Failure `fatal` `summarise.measure-unknown` */
export const measureFor = (spec: InstanceMeasure, custom: ReadonlyMap<string, Measure>): Measure => {
  const measure = measures.get(spec.function)?.(spec) ?? custom.get(spec.function);
  if (measure === undefined) {
    throw new Failure('fatal', 'summarise.measure-unknown', `no measure is called ${spec.function}`, {
      measure: spec.name,
      function: spec.function,
    });
  }
  return measure;
};
