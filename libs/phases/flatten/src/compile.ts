import { childPath, parseExpression } from '@dsf/metadata';
import type { Catalog, CatalogSource } from '@dsf/metadata';
import type { FlatSchema, FlatTable, WarehouseCapabilities } from '@dsf/ports';
import { makeRootTable, systemField } from './nodes.ts';
import type { FlattenPlan, SourceNodes, SourcePlan } from './plan.ts';
import { rootMatch } from './rules.ts';

const compileSource = (catalog: CatalogSource, tables: readonly FlatTable[], capabilities: WarehouseCapabilities): SourcePlan => {
  const { filter, headers } = catalog.definition;
  const nodes: SourceNodes = {
    catalog,
    capabilities,
    rules: rootMatch(catalog),
    physical: new Map(tables.filter(({ source }) => source === catalog.id).map((table) => [table.path, table])),
    tables: new Map(),
    fields: 0,
  };
  const root = makeRootTable(nodes);
  return {
    ...nodes,
    root,
    filter: filter === undefined ? null : parseExpression(filter),
    headers: Object.keys(headers).map((name) => ({ name, field: systemField(root, childPath('$headers', name)) })),
  };
};

/** A plan for all sources, the retired ones too: they drain by the definition that they had last. */
export const compile = (catalog: Catalog, schema: FlatSchema, capabilities: WarehouseCapabilities): FlattenPlan => ({
  version: catalog.version,
  sources: new Map(catalog.sources.map((source) => [source.id, compileSource(source, schema.tables, capabilities)])),
});
