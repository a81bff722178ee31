import type { Catalog } from '@dsf/metadata';
import type { Tools } from '@dsf/ports';
import type { IngestPlan } from './plan.ts';

export const compile = (catalog: Catalog, tools: Tools): IngestPlan => ({
  topics: new Map(catalog.sources.map(({ id, topic }) => [id, topic])),
  tools,
});
