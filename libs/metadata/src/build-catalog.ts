import type { Catalog, CatalogPublication, CatalogSource, Snapshot } from './catalog.ts';
import { checkConnections, connectionOf } from './catalog/connections.ts';
import { checkCycles } from './catalog/cycles.ts';
import { resolveDriver } from './catalog/drivers.ts';
import type { DriverContext } from './catalog/drivers.ts';
import { durationMs } from './catalog/duration.ts';
import { pathsOfSource } from './catalog/known-paths.ts';
import type { KnownPaths } from './catalog/known-paths.ts';
import { checkTables, checkTopics, checkUniqueNames, reservedColumn, topicOf } from './catalog/names.ts';
import { checkPathRules } from './catalog/path-rules.ts';
import { resolvePublication } from './catalog/publications.ts';
import type { ResolvedDrivers } from './catalog/publications.ts';
import { checkExpression, createReport } from './catalog/report.ts';
import type { At, Report } from './catalog/report.ts';
import type { ConnectionDefinition, PublicationDefinition, SourceDefinition } from './definitions.ts';
import type { Problem } from './problem.ts';

/** What is known beside the definitions. */
export interface CatalogFacts {
  /** What the messages of each source hold; without it, what drivers read is not checked and a warning says so. */
  readonly paths?: KnownPaths;
  /** Names of the measures that the installation has loaded beside the built-in ones. */
  readonly customMeasures?: ReadonlySet<string> | 'any';
}

export interface BuiltCatalog {
  /** Null when any problem is an error. */
  readonly catalog: Catalog | null;
  readonly problems: readonly Problem[];
}

const checkColumns = (report: Report, at: At, source: SourceDefinition): void => {
  const columns = new Map<string, string>();
  const claim = (column: string, place: At): void => {
    const known = columns.get(column.toLowerCase());
    if (reservedColumn(column))
      report.error(place, {
        code: 'name.reserved',
        message: `the column \`${column}\` would be named like one of DSF's own`,
        hint: 'columns that start with `_dsf_` are reserved; choose another name',
      });
    if (known !== undefined)
      report.error(place, {
        code: 'source.column-collision',
        message: `two of the source's columns are named \`${column}\``,
        hint: 'names are compared without case; rename one',
      });
    columns.set(column.toLowerCase(), column);
  };
  if (source.key !== undefined) claim(source.key, [...at, 'key']);
  for (const [header, column] of Object.entries(source.headers)) claim(column, [...at, 'headers', header]);
};

// Own members only: `constructor` is a name like any other.
const numberOf = (numbers: Readonly<Record<string, number>>, name: string): number | undefined =>
  Object.hasOwn(numbers, name) ? numbers[name] : undefined;

const via = ({ definitions }: Snapshot, user: SourceDefinition | PublicationDefinition): { readonly connection?: ConnectionDefinition } => {
  const connection = connectionOf(definitions, user);
  return connection === null ? {} : { connection };
};

const kept = ({ retention }: SourceDefinition): Pick<CatalogSource, 'keptMs'> =>
  retention === undefined
    ? {}
    : {
        keptMs: {
          ...(retention.raw === undefined ? {} : { raw: durationMs(retention.raw) }),
          ...(retention.rows === undefined ? {} : { flat: durationMs(retention.rows) }),
        },
      };

const sourceOf = (
  report: Report,
  snapshot: Snapshot,
  { definition, at }: { readonly definition: SourceDefinition; readonly at: At | null },
): CatalogSource => {
  const id = numberOf(snapshot.sourceIds, definition.name);
  // A retired source has passed all checks once and stands in no definition that a person could mend.
  const scratch = at === null ? createReport() : report;
  const place = at ?? [];
  if (id === undefined)
    report.error(place, {
      code: 'catalog.number-missing',
      message: `the source \`${definition.name}\` has no number`,
      hint: 'activate the definitions instead of writing versions by hand',
    });
  checkColumns(scratch, place, definition);
  if (definition.filter !== undefined) checkExpression(scratch, [...place, 'filter'], { text: definition.filter });
  return {
    id: id ?? 0,
    definition,
    topic: topicOf(definition),
    ...via(snapshot, definition),
    retired: at === null,
    ...kept(definition),
    rules: checkPathRules(scratch, place, definition),
  };
};

const publicationsOf = (report: Report, snapshot: Snapshot, drivers: ResolvedDrivers): readonly CatalogPublication[] => {
  const publications: CatalogPublication[] = [];
  for (const [index, definition] of snapshot.definitions.publications.entries()) {
    const driver = resolvePublication(report, drivers, { publication: definition, index });
    const id = numberOf(snapshot.publicationIds, definition.name);
    if (id === undefined)
      report.error(['publications', index], {
        code: 'catalog.number-missing',
        message: `the publication \`${definition.name}\` has no number`,
        hint: 'activate the definitions instead of writing versions by hand',
      });
    if (driver !== null && id !== undefined)
      publications.push({ id, definition, topic: topicOf(definition), ...via(snapshot, definition), driver });
  }
  return publications;
};

/**
 * Checks a snapshot as a whole and resolves it. Every problem is found in one go; `at` of each leads into `snapshot.definitions`.
 * Pure: the same snapshot and facts always give the same catalog, on every replica.
 */
export const buildCatalog = (snapshot: Snapshot, version: number, facts: CatalogFacts = {}): BuiltCatalog => {
  const { definitions } = snapshot;
  const report = createReport();
  checkUniqueNames(report, snapshot);
  checkTables(report, snapshot);
  checkTopics(report, snapshot);
  checkConnections(report, definitions);
  checkCycles(report, definitions);
  const active = definitions.sources.map((definition, index) => sourceOf(report, snapshot, { definition, at: ['sources', index] }));
  const retired = snapshot.retiredSources.map((definition) => sourceOf(report, snapshot, { definition, at: null }));
  const known = facts.paths ?? new Map();
  const context: DriverContext = {
    sources: new Map(
      active.map(({ id, definition }) => [definition.name, { id, view: { source: definition, paths: pathsOfSource(definition, known) } }]),
    ),
    customMeasures: facts.customMeasures ?? new Set(),
  };
  const drivers = definitions.drivers.map((definition, index) => ({
    definition,
    instance: resolveDriver(report, context, { driver: definition, index }),
  }));
  const publications = publicationsOf(report, snapshot, new Map(drivers.map((driver) => [driver.definition.name, driver])));
  const { problems } = report;
  if (problems.some((problem) => problem.severity === 'error')) return { catalog: null, problems };
  return {
    catalog: {
      version,
      settings: definitions.settings,
      sources: [...active, ...retired],
      drivers: drivers.map(({ instance }) => instance),
      publications,
    },
    problems,
  };
};
