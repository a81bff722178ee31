import type { CatalogSource, ColumnType, Expression } from '@dsf/metadata';
import type { Cell, FlatRow, FlatTable, WarehouseCapabilities } from '@dsf/ports';
import type { ListMode, ObjectMode, RuleMatch, ScalarMode } from './rules.ts';

/*
 * A plan is a tree of nodes that grows as messages show new paths: what a path means is worked out once, and each later value only
 * follows its members' names. Growing is memory, not state: a plan without any nodes gives the same rows.
 */

export interface FlattenPlan {
  /** Catalog version. */
  readonly version: number;
  readonly sources: ReadonlyMap<number, SourcePlan>;
}

/** What the nodes of a source share. */
export interface SourceNodes {
  readonly catalog: CatalogSource;
  readonly capabilities: WarehouseCapabilities;
  readonly rules: RuleMatch;
  /** Tables that exist, by path. */
  readonly physical: ReadonlyMap<string, FlatTable>;
  /** Table nodes by path, existing or not. */
  readonly tables: Map<string, TableNode>;
  /** How many fields are kept; see `fieldsMax`. */
  fields: number;
}

export interface SourcePlan extends SourceNodes {
  readonly filter: Expression | null;
  readonly root: TableNode;
  readonly headers: readonly HeaderField[];
}

/** A message header that is kept, as a field of the root table. */
export interface HeaderField {
  readonly name: string;
  readonly field: Field;
}

/** What a value is called when it looks for a column. `number`: no decimal of the engine holds it. */
export type CellType = ColumnType | 'number';

/** Columns of one path in one table, as indexes into the cells; -1 = there is none. */
export interface BoundPath {
  readonly value: number;
  readonly type: ColumnType | null;
  readonly variants: ReadonlyMap<CellType, number>;
  readonly length: number;
}

/** A table that messages fill, whether it exists yet or not. */
export interface TableNode {
  readonly source: SourceNodes;
  /** Its path in the path catalog; '' is the root table. */
  readonly path: string;
  /** Path below which the members of its rows lie: `path` without DSF's own ending for a second parent. */
  readonly prefix: string;
  readonly parent: TableNode | null;
  readonly match: RuleMatch;
  readonly physical: FlatTable | null;
  readonly bound: ReadonlyMap<string, BoundPath>;
  /** No room for another column; then values go to `_dsf_rest`, whose index is `rest`. */
  readonly full: boolean;
  readonly rest: number;
  /** Cells of a row that has no value yet. */
  readonly blank: readonly null[];
  readonly members: Map<string, Field>;
  /** A row that is a scalar, the key of a map entry, and a list within a list of lists; made when first met. */
  value: Field | null;
  key: Field | null;
  item: Field | null;
  /** Rows of the batch so far, and the number of the record's next row. */
  rows: OpenRow[];
  nextRow: number;
}

/** A place in the messages whose values go to one row of one table. */
export interface Field {
  readonly table: TableNode;
  readonly path: string;
  readonly match: RuleMatch;
  readonly object: ObjectMode;
  readonly list: ListMode;
  readonly scalar: ScalarMode;
  readonly declared: ColumnType | null;
  readonly bound: BoundPath;
  /** Members of an object that is stored as columns of `table`. */
  readonly members: Map<string, Field>;
  child: TableNode | null;
  /** Where the number of entries of a map is kept. */
  entries: Field | null;
}

/** A row while its cells are being filled. */
export interface OpenRow extends FlatRow {
  readonly cells: Cell[];
  shape: FlatRow['shape'];
}
