import type { DriverInstance, InstanceInput } from '../catalog.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { DriverDefinition, DriverInput } from '../definitions.ts';
import { durationMs } from './duration.ts';
import { instanceName } from './instance-name.ts';
import { resolveMeasures } from './measures.ts';
import type { ResolvedMeasure } from './measures.ts';
import { whyNoTable, whyUnreadable } from './readable.ts';
import type { SourceView } from './readable.ts';
import { checkExpression } from './report.ts';
import type { At, Report } from './report.ts';

/** What drivers may refer to. */
export interface DriverContext {
  /** Sources by name, with their numbers. */
  readonly sources: ReadonlyMap<string, { readonly id: number; readonly view: SourceView }>;
  readonly customMeasures: ReadonlySet<string> | 'any';
}

/** Reads one expression of a driver for one of its inputs. */
interface Reading {
  readonly report: Report;
  readonly view: SourceView;
  readonly table: string;
}

const checkRead = (
  { report, view, table }: Reading,
  at: At,
  { text, shift = 0 }: { readonly text: string; readonly shift?: number },
): void => {
  const expression = checkExpression(report, at, { text, shift });
  for (const path of expression?.paths ?? []) {
    const reason = whyUnreadable(view, table, path);
    if (reason !== null) report.error(at, { ...reason, offset: shift + offsetOf(text, path) });
  }
};

/** Where the text names the path, as well as can be told without the tree: its first words. */
const offsetOf = (text: string, path: string): number => Math.max(0, text.indexOf(path));

const checkNames = (report: Report, at: At, driver: DriverDefinition): void => {
  const keys = new Map(Object.keys(driver.key).map((name) => [name.toLowerCase(), name]));
  const seen = new Set<string>();
  for (const name of Object.keys(driver.measures)) {
    const lower = name.toLowerCase();
    if (keys.has(lower) || seen.has(lower))
      report.error([...at, 'measures', name], {
        code: 'driver.column-collision',
        message: `the table of \`${driver.name}\` would have two columns \`${name}\``,
        hint: 'names of keys and measures are compared without case; rename one',
        target: 'key',
      });
    seen.add(lower);
  }
  if (keys.size < Object.keys(driver.key).length)
    report.error([...at, 'key'], {
      code: 'driver.column-collision',
      message: `two parts of the key of \`${driver.name}\` have the same name`,
      hint: 'names are compared without case; rename one',
    });
  if (seen.size === 0)
    report.error([...at, 'measures'], {
      code: 'driver.no-measures',
      message: `the driver \`${driver.name}\` has no measures`,
      hint: 'give it at least `orders: count`',
    });
};

const checkOverrides = (
  report: Report,
  at: At,
  { driver, input }: { readonly driver: DriverDefinition; readonly input: DriverInput },
): void => {
  for (const [name, text] of Object.entries(input.expressions)) {
    const place = [...at, 'expressions', name];
    if (Object.hasOwn(driver.key, name)) {
      if (text === null)
        report.error(place, {
          code: 'driver.key-null',
          message: `the key \`${name}\` cannot be left out of an input`,
          hint: 'give an expression; `"\'unknown\'"` is one',
        });
    } else if (!Object.hasOwn(driver.measures, name)) {
      report.error(place, {
        code: 'driver.expression-unknown',
        message: `\`${name}\` is neither a key nor a measure of \`${driver.name}\``,
        hint: didYouMean(name, [...Object.keys(driver.key), ...Object.keys(driver.measures)], 'key or measure'),
        target: 'key',
      });
    }
  }
};

/** What an input says instead of the driver; undefined when it says nothing. Own members only: `constructor` is a name like any other. */
const override = (input: DriverInput, name: string): string | null | undefined =>
  Object.hasOwn(input.expressions, name) ? input.expressions[name] : undefined;

type Amount = InstanceInput['amounts'][number];

/** The amount that rows of an input bring to a measure. */
const amountOf = (
  reading: Reading,
  at: { readonly driver: At; readonly input: At },
  { measure, input }: { readonly measure: ResolvedMeasure; readonly input: DriverInput },
): Amount => {
  const { report } = reading;
  const own = override(input, measure.name);
  if (own === null) return { kind: 'none' };
  const place = own === undefined ? measure.at(at.driver) : [...at.input, 'expressions', measure.name];
  if (!measure.takesArgument) {
    if (own !== undefined)
      report.error(place, {
        code: 'measure.no-argument',
        message: `\`${measure.function}\` counts rows and takes no expression`,
        hint: 'remove it, or set it to null when this input must not count',
      });
    return { kind: 'row' };
  }
  const text = own ?? measure.of;
  if (text === null) {
    report.error(measure.at(at.driver), {
      code: 'measure.argument-missing',
      message: `\`${measure.function}\` needs to know what to work on`,
      hint: `write \`${measure.name}: ${measure.function}(path)\``,
    });
    // Reported; `none` would be reported once more, as a measure that nothing feeds.
    return { kind: 'row' };
  }
  checkRead(reading, place, { text, shift: own === undefined ? measure.ofStart : 0 });
  return { kind: 'expression', text };
};

const resolveInput = (
  report: Report,
  context: DriverContext,
  {
    driver,
    measures,
    at,
    index,
  }: { readonly driver: DriverDefinition; readonly measures: readonly ResolvedMeasure[]; readonly at: At; readonly index: number },
): InstanceInput | null => {
  const input = driver.inputs[index];
  if (input === undefined) return null;
  const inputAt = [...at, 'inputs', index];
  checkOverrides(report, inputAt, { driver, input });
  const found = context.sources.get(input.source);
  if (found === undefined) {
    report.error([...inputAt, 'source'], {
      code: 'driver.source-unknown',
      message: `there is no source \`${input.source}\``,
      hint: didYouMean(input.source, context.sources.keys(), 'source'),
    });
    return null;
  }
  const { id, view } = found;
  const table = input.table ?? '';
  const noTable = whyNoTable(view, table);
  if (noTable !== null) report.error([...inputAt, 'table'], noTable);
  // Paths of a table that is not there would only repeat the first problem.
  const reading: Reading = { report, view: noTable === null ? view : { ...view, paths: null }, table };
  if (view.paths === null) {
    report.warn([...inputAt, 'source'], {
      code: 'driver.paths-unchecked',
      message: `what \`${driver.name}\` reads was not checked, because no message of \`${input.source}\` is known yet`,
      hint: 'give the source a `sample` file',
    });
  }
  if (input.filter !== undefined) checkRead(reading, [...inputAt, 'filter'], { text: input.filter });
  const eventTime = input.event_time ?? driver.event_time ?? null;
  if (eventTime !== null)
    checkRead(reading, input.event_time === undefined ? [...at, 'event_time'] : [...inputAt, 'event_time'], { text: eventTime });
  const key = Object.entries(driver.key).map(([name, text]) => {
    const own = override(input, name);
    checkRead(reading, own === undefined || own === null ? [...at, 'key', name] : [...inputAt, 'expressions', name], { text: own ?? text });
    return own ?? text;
  });
  const amounts = measures.map((measure) => amountOf(reading, { driver: at, input: inputAt }, { measure, input }));
  return { source: id, table, filter: input.filter ?? null, eventTime, key, amounts };
};

/** The driver as one unchangeable computation. What is wrong goes into the report and is left out. */
export const resolveDriver = (
  report: Report,
  context: DriverContext,
  { driver, index }: { readonly driver: DriverDefinition; readonly index: number },
): DriverInstance => {
  const at: At = ['drivers', index];
  checkNames(report, at, driver);
  const measures = resolveMeasures(report, at, { driver, custom: context.customMeasures });
  const inputs: InstanceInput[] = [];
  for (const number of driver.inputs.keys()) {
    const input = resolveInput(report, context, { driver, measures, at, index: number });
    if (input !== null) inputs.push(input);
  }
  for (const [number, measure] of measures.entries()) {
    if (inputs.length > 0 && inputs.every((input) => input.amounts[number]?.kind === 'none')) {
      report.error(measure.at(at), {
        code: 'measure.not-fed',
        message: `no input feeds the measure \`${measure.name}\``,
        hint: 'give it an expression, or remove it',
      });
    }
  }
  const meaning = {
    inputs,
    key: Object.keys(driver.key),
    windowMs: driver.window === 'none' ? null : durationMs(driver.window.tumbling),
    measures: measures.map((measure) => ({ name: measure.name, function: measure.function, type: measure.type, max: measure.max })),
  };
  // By name: the numbers of sources differ between installations, the meaning does not.
  const named = { ...meaning, inputs: inputs.map((input, number) => ({ ...input, source: driver.inputs[number]?.source ?? '' })) };
  return { instance: instanceName(driver.name, named), name: driver.name, ...meaning };
};
