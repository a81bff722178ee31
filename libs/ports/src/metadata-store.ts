import type { Catalog, Definitions, Problem, Snapshot } from '@dsf/metadata';

export interface VersionInfo {
  readonly version: number;
  readonly activatedAt: number;
  readonly comment: string;
}

/**
 * The config tables and their immutable versions. The tables are the authority: people may write them with plain SQL, and what they wrote
 * becomes a version when it is activated.
 */
export interface MetadataStore {
  /** Number of the version in force; 0 when nothing was ever activated. Cheap: services ask between batches. */
  currentVersion(): Promise<number>;
  /** @throws Failure `fatal` `metadata.version-missing` */
  loadVersion(version: number): Promise<Snapshot>;
  history(): Promise<readonly VersionInfo[]>;
  /** The config tables as they stand, activated or not; problems when the rows do not make definitions. */
  readTables(): Promise<{ readonly definitions: Definitions | null; readonly problems: readonly Problem[] }>;
  /** Replaces the config tables with `definitions` without activating them. */
  writeTables(definitions: Definitions): Promise<void>;
  /**
   * In one transaction: write the tables (when `definitions` is given), read them back, number new names, check the whole, store the
   * version. Nothing changes when a problem is found, and no new version is made when nothing differs. The version comes into force when no
   * transaction of the warehouse holds the one before (`LaneTransaction.holdVersion`).
   */
  activate(change: {
    readonly definitions?: Definitions;
    readonly comment: string;
    readonly now: number;
    /**
     * In place of `definitions`, and by a resize alone, which has moved what the lanes hold: the version in force with this number of lanes, though data
     * has flowed. Of the tables only the number is written; what else people have edited there and not activated stays so.
     */
    readonly lanes?: number;
    readonly check: (snapshot: Snapshot, version: number) => { readonly catalog: Catalog | null; readonly problems: readonly Problem[] };
  }): Promise<Activation>;
  /**
   * Carries out the activations that people have asked for with SQL, where the database has a place for that, and answers each in its tables. Services
   * call it as often as they ask for the version.
   * @returns how many there were
   */
  readonly activateAsked?: (change: Pick<Parameters<MetadataStore['activate']>[0], 'now' | 'check'>) => Promise<number>;
  close(): Promise<void>;
}

export type Activation =
  | { readonly kind: 'activated'; readonly version: number }
  | { readonly kind: 'unchanged'; readonly version: number }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };
