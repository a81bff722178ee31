import type { InstanceMeasure } from '../catalog.ts';
import { didYouMean } from '../did-you-mean.ts';
import { measureFunctions } from '../definitions.ts';
import type { DriverDefinition } from '../definitions.ts';
import { isMeasureFunction, listMaxDefault, measureTraits, parseMeasure } from '../measure-text.ts';
import type { ParsedMeasure } from '../measure-text.ts';
import type { At, Report } from './report.ts';

/** A measure in long form, and where the definitions say so. */
export interface ResolvedMeasure extends InstanceMeasure {
  readonly of: string | null;
  /** Where `of` begins in the text at `at(…)`. */
  readonly ofStart: number;
  readonly takesArgument: boolean;
  /** The place of its expression, given the driver's. */
  readonly at: (driver: At) => At;
}

const checkFunction = (
  report: Report,
  at: At,
  { name, custom }: { readonly name: string; readonly custom: ReadonlySet<string> | 'any' },
): boolean => {
  if (isMeasureFunction(name) || custom === 'any' || custom.has(name)) return true;
  report.error(at, {
    code: 'measure.unknown',
    message: `there is no measure \`${name}\``,
    hint: didYouMean(name, [...measureFunctions, ...custom], 'measure'),
  });
  return false;
};

const resolve = (
  report: Report,
  at: At,
  { name, measure, long }: { readonly name: string; readonly measure: ParsedMeasure; readonly long: boolean },
): ResolvedMeasure => {
  const { of, ofStart } = measure;
  const traits = isMeasureFunction(measure.function) ? measureTraits[measure.function] : null;
  const takesArgument = traits?.argument !== 'none';
  const takesMax = traits?.takesMax ?? true;
  if (!takesArgument && of !== undefined)
    report.error(long ? [...at, 'of'] : at, {
      code: 'measure.no-argument',
      message: `\`${measure.function}\` counts rows and takes no expression`,
      hint: `write \`${measure.function}\`, or \`count_if(…)\` for rows that meet a condition`,
      offset: ofStart,
    });
  if (!takesMax && measure.max !== undefined)
    report.error(long ? [...at, 'max'] : at, {
      code: 'measure.max',
      message: `\`${measure.function}\` keeps no items, so there is nothing to limit`,
      hint: 'only `list` takes how many items are kept',
    });
  return {
    name,
    function: measure.function,
    type: measure.type ?? traits?.type ?? 'decimal',
    max: takesMax ? (measure.max ?? listMaxDefault) : 0,
    of: of ?? null,
    ofStart,
    takesArgument,
    at: (driver) => [...driver, 'measures', name, ...(long && of !== undefined ? ['of'] : [])],
  };
};

/** The driver's measures in long form; those that are wrong are left out and reported. */
export const resolveMeasures = (
  report: Report,
  at: At,
  { driver, custom }: { readonly driver: DriverDefinition; readonly custom: ReadonlySet<string> | 'any' },
): readonly ResolvedMeasure[] => {
  const resolved: ResolvedMeasure[] = [];
  for (const [name, definition] of Object.entries(driver.measures)) {
    const place = [...at, 'measures', name];
    const long = typeof definition !== 'string';
    const measure = report.attempt(place, () => parseMeasure(definition));
    if (measure !== null && checkFunction(report, long ? [...place, 'function'] : place, { name: measure.function, custom }))
      resolved.push(resolve(report, place, { name, measure, long }));
  }
  return resolved;
};
