import { buildCatalog, type Catalog } from '@dsf/metadata';
import { Failure, type Clock, type MetadataStore } from '@dsf/ports';

/** Catalog versions as a service sees them: the newest, asked for between batches, and older ones by number. */
export interface Catalogs {
  /** The newest version known; asks the store at most every `pollMs`. */
  current(): Promise<Catalog>;
  /** A version of at least this number (delivery rule 7). @throws Failure `retry` `catalog.behind` when the store has none yet */
  atLeast(version: number): Promise<Catalog>;
  /** The newest version, asked for now. */
  newest(): Promise<Catalog>;
  /** Exactly this version. */
  at(version: number): Promise<Catalog>;
}

const unreadable: ReadonlySet<string> = new Set(['catalog.unreadable', 'metadata.version-unreadable']);

/** A version of the past, or null where this binary no longer accepts it: nobody needs to understand what is only looked back at. */
export const readableAt = async ({ at }: Pick<Catalogs, 'at'>, version: number): Promise<Catalog | null> => {
  try {
    return await at(version);
  } catch (error) {
    if (error instanceof Failure && unreadable.has(error.code)) return null;
    throw error;
  }
};

const emptyCatalog: Catalog = { version: 0, settings: { lanes: 4 }, sources: [], drivers: [], publications: [] };

/** Versions kept in memory; older ones are read again when a late range asks for them. */
const cachedVersionsMax = 32;

interface CatalogsOptions {
  readonly pollMs: number;
  /** Told when the newest version could not be asked for or loaded. */
  readonly onFailure?: (failure: Failure) => void;
}

export const createCatalogs = (metadata: MetadataStore, clock: Clock, { pollMs, onFailure }: CatalogsOptions): Catalogs => {
  const cache = new Map<number, Catalog>([[0, emptyCatalog]]);
  let newest = emptyCatalog;
  let askedAt = Number.NEGATIVE_INFINITY;

  const at = async (version: number): Promise<Catalog> => {
    const cached = cache.get(version);
    if (cached !== undefined) return cached;
    // Custom measures were checked when the version was activated; only the summariser needs to have them.
    const { catalog, problems } = buildCatalog(await metadata.loadVersion(version), version, { customMeasures: 'any' });
    if (catalog === null) {
      const [first] = problems;
      throw new Failure(
        'fatal',
        'catalog.unreadable',
        `catalog version ${version} is not accepted by this binary: ${first?.message ?? 'no reason given'}`,
        { version },
      );
    }
    const oldest = [...cache.keys()].find((key) => key !== 0);
    if (cache.size > cachedVersionsMax && oldest !== undefined) cache.delete(oldest);
    cache.set(version, catalog);
    return catalog;
  };

  const load = async (): Promise<Catalog> => {
    askedAt = clock.now();
    const version = await metadata.currentVersion();
    if (version === newest.version) return newest;
    const asked = await at(version);
    // Several lanes ask at once, and their answers may come out of order.
    if (asked.version > newest.version) newest = asked;
    return newest;
  };

  const ask = async (): Promise<Catalog> => {
    try {
      return await load();
    } catch (error) {
      if (error instanceof Failure) onFailure?.(error);
      throw error;
    }
  };

  return {
    at,
    newest: ask,
    current: async () => (Math.abs(clock.now() - askedAt) >= pollMs ? ask() : newest),
    async atLeast(version) {
      const catalog = newest.version >= version ? newest : await ask();
      if (catalog.version < version) {
        throw new Failure(
          'retry',
          'catalog.behind',
          `the range was made by catalog version ${version}, the metadata store has ${catalog.version}`,
          { version },
        );
      }
      return catalog;
    },
  };
};
