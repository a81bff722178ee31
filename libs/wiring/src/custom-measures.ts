import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure, type CustomMeasures, type Measure } from '@dsf/ports';

const members = ['lift', 'combine', 'lower'] as const;

const isMeasure = (value: unknown): value is Measure =>
  typeof value === 'object' &&
  value !== null &&
  'zero' in value &&
  members.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

const importModule = async (path: string): Promise<unknown> => {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      'fatal',
      'measures.unreadable',
      `the module of custom measures ${path} cannot be loaded: ${reason}`,
      { path },
      { cause: error },
    );
  }
};

const exportedMeasures = (path: string, loaded: unknown): readonly (readonly [string, unknown])[] => {
  const measures = typeof loaded === 'object' && loaded !== null && 'measures' in loaded ? loaded.measures : null;
  if (typeof measures === 'object' && measures !== null) return Object.entries(measures);
  throw new Failure(
    'fatal',
    'measures.missing',
    `the module ${path} exports nothing called measures: export an object of measures by name`,
    { path },
  );
};

/**
 * Loads modules that export `measures`: an object of measures by name, each with `zero`, `lift`, `combine` and `lower` (see `Measure` in
 * the ports). Whether they keep the laws is checked when the summariser compiles a catalog.
 * @param modules - paths of the modules, separated by commas
 * @throws Failure `fatal` `measures.unreadable`, `measures.missing`, `measures.not-a-measure`, `measures.twice`
 */
export const loadCustomMeasures = async (modules: string | null): Promise<CustomMeasures> => {
  const paths = (modules ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  const custom = new Map<string, Measure>();
  for (const path of paths) {
    for (const [name, measure] of exportedMeasures(path, await importModule(path))) {
      const facts = { path, measure: name };
      if (!isMeasure(measure)) {
        throw new Failure(
          'fatal',
          'measures.not-a-measure',
          `${name} in ${path} is not a measure: it needs zero, lift, combine and lower`,
          facts,
        );
      }
      if (custom.has(name)) {
        throw new Failure('fatal', 'measures.twice', `the measure ${name} in ${path} exists already; give one of them another name`, facts);
      }
      custom.set(name, measure);
    }
  }
  return custom;
};
