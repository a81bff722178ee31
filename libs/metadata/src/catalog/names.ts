import type { Snapshot } from '../catalog.ts';
import type { DriverDefinition, PublicationDefinition, SourceDefinition } from '../definitions.ts';
import type { At, Report } from './report.ts';

/*
 * Names of definitions, tables and topics. Databases compare names without case, so we do too.
 */

const sourceTable = (source: SourceDefinition): string => source.table ?? source.name.replaceAll('.', '_');
const driverTable = (driver: DriverDefinition): string => driver.name.replaceAll('.', '_');
export const topicOf = (definition: SourceDefinition | PublicationDefinition): string => definition.topic ?? definition.name;

export const reservedColumn = (name: string): boolean => /^_dsf_/i.test(name);

const kinds = ['sources', 'drivers', 'publications', 'connections'] as const;

export const checkUniqueNames = (report: Report, { definitions }: Snapshot): void => {
  for (const kind of kinds) {
    const first = new Map<string, string>();
    for (const [index, { name }] of definitions[kind].entries()) {
      const known = first.get(name.toLowerCase());
      if (known === undefined) first.set(name.toLowerCase(), name);
      else {
        const spelled = known === name ? '' : `, spelled \`${known}\``;
        report.error([kind, index, 'name'], {
          code: 'name.duplicate',
          message: `there is already a ${kind.slice(0, -1)} named \`${name}\`${spelled}`,
          hint: 'names are compared without case; rename one of the two',
        });
      }
    }
  }
};

/** Two tables of one name would mix the rows of two definitions. */
export const checkTables = (report: Report, { definitions, retiredSources }: Snapshot): void => {
  const owners = new Map<string, string>();
  const claim = (table: string, owner: string, at: At): void => {
    const known = owners.get(table.toLowerCase());
    if (/^(?:_?dsf|sqlite)_/i.test(table))
      report.error(at, {
        code: 'name.reserved',
        message: `the table \`${table}\` of ${owner} would be named like one of ${/^sqlite_/i.test(table) ? "SQLite's" : "DSF's"} own`,
        hint: 'tables that start with `dsf_`, `_dsf_` or `sqlite_` are reserved; choose another name',
      });
    if (known === undefined) owners.set(table.toLowerCase(), owner);
    else
      report.error(at, {
        code: 'name.table-collision',
        message: `${owner} and ${known} would both have the table \`${table}\``,
        hint: 'rename one of them, or give the source another `table`',
      });
  };
  for (const source of retiredSources)
    owners.set(sourceTable(source).toLowerCase(), `the removed source \`${source.name}\`, whose rows are still there,`);
  for (const [index, source] of definitions.sources.entries())
    claim(sourceTable(source), `the source \`${source.name}\``, ['sources', index, source.table === undefined ? 'name' : 'table']);
  for (const [index, driver] of definitions.drivers.entries())
    claim(driverTable(driver), `the driver \`${driver.name}\``, ['drivers', index, 'name']);
  checkChildTables(report, definitions.drivers, [...definitions.sources, ...retiredSources]);
};

/** Names that a message can give to a child table: what comes in must never meet a driver's table. */
const checkChildTables = (report: Report, drivers: readonly DriverDefinition[], sources: readonly SourceDefinition[]): void => {
  for (const [index, driver] of drivers.entries()) {
    const table = driverTable(driver).toLowerCase();
    const owner = sources.find(
      (source) =>
        table.startsWith(`${sourceTable(source).toLowerCase()}__`) ||
        Object.values(source.paths).some((rule) => typeof rule === 'object' && rule.name?.toLowerCase() === table),
    );
    if (owner === undefined) continue;
    report.error(['drivers', index, 'name'], {
      code: 'name.table-collision',
      message: `the table of the driver \`${driver.name}\` could be a child table of the source \`${owner.name}\``,
      hint: `choose a name that does not begin with \`${sourceTable(owner)}__\` and that no path rule gives`,
    });
  }
};

/** One topic has one number of partitions, whoever names it; DSF's own topics belong to no one else. */
export const checkTopics = (report: Report, { definitions }: Snapshot): void => {
  const partitions = new Map<string, { readonly count: number; readonly owner: string }>();
  for (const kind of ['sources', 'publications'] as const) {
    for (const [index, definition] of definitions[kind].entries()) {
      const topic = topicOf(definition);
      const owner = `the ${kind.slice(0, -1)} \`${definition.name}\``;
      const at: At = [kind, index, definition.topic === undefined ? 'name' : 'topic'];
      if (/^dsf\./i.test(topic))
        report.error(at, {
          code: 'name.reserved',
          message: `the topic \`${topic}\` of ${owner} is one of DSF's own`,
          hint: 'topics that start with `dsf.` are reserved; choose another',
        });
      // All partitions of a Kafka source are read, and the same name on another cluster is another topic.
      if (definition.transport !== 'local') continue;
      const known = partitions.get(topic);
      if (known === undefined) partitions.set(topic, { count: definition.partitions, owner });
      else if (known.count !== definition.partitions) {
        report.error([kind, index, 'partitions'], {
          code: 'topic.partitions',
          message: `the topic \`${topic}\` has ${definition.partitions} partitions here and ${known.count} in ${known.owner}`,
          hint: 'give both the same number',
        });
      }
    }
  }
};
