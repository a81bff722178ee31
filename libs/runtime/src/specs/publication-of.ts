import { buildCatalog, definitionsSchema, freshSnapshot, type CatalogPublication } from '@dsf/metadata';

/** As definitions come to it, with all their defaults. @param fields - of the publication beside its name */
export const publicationOf = (id: number, name: string, fields: Readonly<Record<string, unknown>> = {}): CatalogPublication => {
  const definitions = definitionsSchema.parse({
    connections: ['plant', 'abroad'].map((name) => ({ name, brokers: [`${name}:9092`] })),
    sources: [{ name: 'orders' }],
    drivers: [{ name: 'sales', inputs: [{ source: 'orders' }], key: {}, measures: { n: 'count' } }],
    publications: [{ name, driver: 'sales', transport: 'kafka', connection: 'plant', partitions: 1, ...fields }],
  });
  const { catalog, problems } = buildCatalog(freshSnapshot(null, definitions), 1);
  const [publication] = catalog?.publications ?? [];
  if (publication === undefined) throw new Error(JSON.stringify(problems));
  return { ...publication, id };
};
