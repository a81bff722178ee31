import { buildCatalog, type Catalog } from '@dsf/metadata';
import { Failure, type MetadataStore } from '@dsf/ports';

/** Custom measures were checked when the version was activated. */
export const checks = { customMeasures: 'any' } as const;

/** @throws Failure `fatal` `operate.nothing-defined` */
export const catalogInForce = async (metadata: MetadataStore): Promise<Catalog> => {
  const version = await metadata.currentVersion();
  const { catalog } = version === 0 ? { catalog: null } : buildCatalog(await metadata.loadVersion(version), version, checks);
  if (catalog === null)
    throw new Failure('fatal', 'operate.nothing-defined', 'no version is in force that this binary understands: apply definitions first');
  return catalog;
};
