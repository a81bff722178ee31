import type { Catalog, CatalogPublication, CatalogSource, DriverInstance } from './catalog.ts';

/** One difference between two catalogs, in words. */
export interface Change {
  readonly subject: 'settings' | 'source' | 'driver' | 'publication';
  readonly name: string;
  readonly action: 'add' | 'change' | 'remove';
  /** What it comes to. */
  readonly effect: string;
  /** Names of the fields that differ, for `change`. */
  readonly fields: readonly string[];
}

const fieldsThatDiffer = (a: object, b: object): readonly string[] => {
  const [before, after] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)),
  );
};

/** The same name may lead elsewhere now, or with another login. */
const connectionDiffers = (old: CatalogSource | CatalogPublication, now: CatalogSource | CatalogPublication): boolean =>
  JSON.stringify(old.connection) !== JSON.stringify(now.connection);

const startNames: Readonly<Record<string, string>> = { earliest: 'from its beginning', latest: 'from its end' };

const sourceEffect = (source: CatalogSource, fields: readonly string[]): string => {
  if (fields.includes('topic') || fields.includes('transport') || fields.includes('connection'))
    return 'reads another topic under the same number; its positions belong to the old one, so give the source a new name instead if the old data matters';
  if (fields.includes('start')) return 'partitions that were read before stay where they are; only new ones start there';
  return `records flattened from now on follow the new definition; rows that are there stay as they are${source.retired ? ', and the source drains' : ''}`;
};

const planSources = (previous: Catalog | null, next: Catalog): readonly Change[] => {
  const before = new Map((previous?.sources ?? []).map((source) => [source.definition.name, source]));
  const changes: Change[] = [];
  for (const source of next.sources) {
    const old = before.get(source.definition.name);
    const base = { subject: 'source', name: source.definition.name } as const;
    if (source.retired) {
      if (old?.retired === false)
        changes.push({
          ...base,
          action: 'remove',
          effect: 'is not read any more; what was ingested is still flattened, and its tables stay',
          fields: [],
        });
    } else if (old === undefined) {
      const { start } = source.definition;
      changes.push({
        ...base,
        action: 'add',
        effect: `reads the topic \`${source.topic}\` ${startNames[start] ?? `from ${start}`}`,
        fields: [],
      });
    } else if (old.retired) changes.push({ ...base, action: 'add', effect: 'returns and goes on where it stopped', fields: [] });
    else {
      const fields = fieldsThatDiffer(old.definition, source.definition);
      if (fields.length > 0) changes.push({ ...base, action: 'change', effect: sourceEffect(source, fields), fields });
      else if (connectionDiffers(old, source)) {
        const effect = 'is reached through the connection as it is now, once the ingestor has been started again';
        changes.push({ ...base, action: 'change', effect, fields: ['connection'] });
      }
    }
  }
  return changes;
};

const planDrivers = (previous: Catalog | null, next: Catalog): readonly Change[] => {
  const before = new Map((previous?.drivers ?? []).map((driver) => [driver.name, driver]));
  const changes: Change[] = [];
  for (const driver of next.drivers) {
    const old = before.get(driver.name);
    before.delete(driver.name);
    const base = { subject: 'driver', name: driver.name } as const;
    if (old === undefined)
      changes.push({
        ...base,
        action: 'add',
        effect: `\`${driver.instance}\` is folded from all flat rows, then kept up to date`,
        fields: [],
      });
    else if (old.instance !== driver.instance) {
      changes.push({
        ...base,
        action: 'change',
        effect: `new instance \`${driver.instance}\` beside \`${old.instance}\`; it will be folded again from all flat rows`,
        fields: driverFields(old, driver),
      });
    }
  }
  return [
    ...changes,
    ...[...before.keys()].map((name): Change => ({
      subject: 'driver',
      name,
      action: 'remove',
      effect: 'is not kept up to date any more; its table stays',
      fields: [],
    })),
  ];
};

const driverFields = (old: DriverInstance, driver: DriverInstance): readonly string[] =>
  fieldsThatDiffer(old, driver).filter((field) => field !== 'instance');

const publicationEffect = (old: CatalogPublication, publication: CatalogPublication): string => {
  if (old.topic !== publication.topic) return `publishes to \`${publication.topic}\` instead of \`${old.topic}\``;
  return old.driver.instance === publication.driver.instance
    ? 'documents published from now on follow the new definition'
    : `publishes \`${publication.driver.instance}\`; every group is sent again as it is folded`;
};

const planPublications = (previous: Catalog | null, next: Catalog): readonly Change[] => {
  const before = new Map((previous?.publications ?? []).map((publication) => [publication.definition.name, publication]));
  const changes: Change[] = [];
  for (const publication of next.publications) {
    const { name } = publication.definition;
    const old = before.get(name);
    before.delete(name);
    if (old === undefined)
      changes.push({
        subject: 'publication',
        name,
        action: 'add',
        effect: `sends every group of \`${publication.driver.name}\` to \`${publication.topic}\`, then each change`,
        fields: [],
      });
    else {
      const fields = [
        ...fieldsThatDiffer(old.definition, publication.definition),
        ...(old.driver.instance === publication.driver.instance ? [] : ['driver']),
        ...(connectionDiffers(old, publication) ? ['connection'] : []),
      ];
      if (fields.length > 0)
        changes.push({
          subject: 'publication',
          name,
          action: 'change',
          effect: publicationEffect(old, publication),
          fields: [...new Set(fields)],
        });
    }
  }
  return [
    ...changes,
    ...[...before.keys()].map((name): Change => ({
      subject: 'publication',
      name,
      action: 'remove',
      effect: 'stops; what was published stays in its topic',
      fields: [],
    })),
  ];
};

/** What activating `next` would change, sources first; empty when nothing differs. `previous` is null before the first activation. */
export const planChanges = (previous: Catalog | null, next: Catalog): readonly Change[] => {
  const fields = previous === null ? [] : fieldsThatDiffer(previous.settings, next.settings);
  const settings: readonly Change[] =
    fields.length === 0
      ? []
      : [
          {
            subject: 'settings',
            name: 'settings',
            action: 'change',
            effect: 'lanes are fixed once data has flowed; services refuse to start on another number',
            fields,
          },
        ];
  return [...settings, ...planSources(previous, next), ...planDrivers(previous, next), ...planPublications(previous, next)];
};

const signs = { add: '+', change: '~', remove: '-' } as const;

/** `~ driver revenue (measures): new instance …` */
export const formatChange = ({ subject, name, action, effect, fields }: Change): string =>
  `${signs[action]} ${subject === 'settings' ? subject : `${subject} ${name}`}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}: ${effect}`;
