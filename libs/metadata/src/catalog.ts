import type {
  ColumnType,
  ConnectionDefinition,
  Definitions,
  PathRule,
  PublicationDefinition,
  Settings,
  SourceDefinition,
} from './definitions.ts';

/** What a catalog version stores: the definitions, the numbers given to names, and sources that were removed but may still drain. */
export interface Snapshot {
  readonly definitions: Definitions;
  /** Name → number; a number is given once and never again. */
  readonly sourceIds: Readonly<Record<string, number>>;
  readonly publicationIds: Readonly<Record<string, number>>;
  /** Definitions of removed sources as they were last; flatten goes on with them, ingest does not. */
  readonly retiredSources: readonly SourceDefinition[];
}

export interface CatalogSource {
  readonly id: number;
  readonly definition: SourceDefinition;
  readonly topic: string;
  /** Where the topic is, if not in the local log. */
  readonly connection?: ConnectionDefinition;
  readonly retired: boolean;
  /** How long raw rows and flat rows are kept, ms; what is not there is kept for ever. */
  readonly keptMs?: { readonly raw?: number; readonly flat?: number };
  /** Path rules in long form; may hold `*` segments. */
  readonly rules: readonly { readonly path: string; readonly rule: PathRule }[];
}

/** One input of a driver with every expression resolved. */
export interface InstanceInput {
  readonly source: number;
  /** Path of the table; '' is the root table. */
  readonly table: string;
  readonly filter: string | null;
  readonly eventTime: string | null;
  /** One expression per key part. */
  readonly key: readonly string[];
  /** One per measure: its amount, null = `count` (no amount needed), undefined in JSON terms never occurs; 'none' = does not feed. */
  readonly amounts: readonly (
    { readonly kind: 'expression'; readonly text: string } | { readonly kind: 'row' } | { readonly kind: 'none' }
  )[];
}

export interface InstanceMeasure {
  readonly name: string;
  readonly function: string;
  readonly type: ColumnType;
  /** Items kept by `list`. */
  readonly max: number;
}

/**
 * A driver as one unchangeable computation. Its name is the driver's name and a hash of all that decides a state; a changed driver is a
 * new instance beside the old one (delivery rule 7).
 */
export interface DriverInstance {
  /** `<name>@<8 hex digits>` */
  readonly instance: string;
  readonly name: string;
  readonly inputs: readonly InstanceInput[];
  readonly key: readonly string[];
  /** Width of the tumbling window in ms; null = none. */
  readonly windowMs: number | null;
  readonly measures: readonly InstanceMeasure[];
}

export interface CatalogPublication {
  readonly id: number;
  readonly definition: PublicationDefinition;
  readonly topic: string;
  /** Where the topic is, if not in the local log. */
  readonly connection?: ConnectionDefinition;
  readonly driver: DriverInstance;
}

/** One immutable, versioned, cross-checked view of all definitions. Version 0 is the empty catalog. */
export interface Catalog {
  readonly version: number;
  readonly settings: Settings;
  readonly sources: readonly CatalogSource[];
  readonly drivers: readonly DriverInstance[];
  readonly publications: readonly CatalogPublication[];
}
