import { TYPES } from 'tedious';
import { Failure } from '@dsf/ports';
import type { FlatColumn, FlatRow, FlatTable } from '@dsf/ports';
import { codecOf, type Codec } from './cells.ts';
import type { BulkColumn } from './connection.ts';
import { quoteName } from './dialect.ts';
import { physicalOf, type Catalog, type PhysicalColumn, type PhysicalTable } from './schema-catalog.ts';
import { cellWriter, makeRoom, putBigInt, putInt, roomOf, type CellWriter, type Sink } from './wire-cells.ts';

/*
 * The columns of a root or child table in the order in which its rows are written: DSF's own, those of the paths, and the exact ones beside them.
 */

export interface Slot {
  readonly column: FlatColumn;
  readonly physical: PhysicalColumn;
  readonly codec: Codec;
  /** Place of the exact column among those of the table; -1 without one. */
  readonly exactAt: number;
}

/** What the rows of one table have in common. */
export interface RowsOf {
  readonly source: number;
  readonly partition: number;
  readonly version: number;
  readonly table: FlatTable;
}

export interface Layout {
  readonly table: string;
  readonly columns: readonly BulkColumn[];
  /** Of the columns behind DSF's own. */
  readonly writers: readonly CellWriter[];
  readonly slots: readonly Slot[];
  /** Exact columns come last; so many. */
  readonly exacts: number;
}

const integerColumn = (name: string, type: BulkColumn['type'], nullable: boolean): BulkColumn => ({ name, type, nullable });

const shapeColumn: BulkColumn = { name: '_dsf_shape', type: TYPES.VarChar, nullable: true, length: 6 };
const writeShape = cellWriter(shapeColumn);

const systemBulkColumns = ({ parent }: FlatTable): readonly BulkColumn[] => [
  integerColumn('_dsf_src', TYPES.Int, false),
  integerColumn('_dsf_part', TYPES.Int, false),
  integerColumn('_dsf_off', TYPES.BigInt, false),
  integerColumn('_dsf_row', TYPES.Int, false),
  integerColumn('_dsf_version', TYPES.Int, false),
  ...(parent === null
    ? [integerColumn('_dsf_time_ms', TYPES.BigInt, true), integerColumn('_dsf_ingested_ms', TYPES.BigInt, true)]
    : [integerColumn('_dsf_parent_row', TYPES.Int, false)]),
  integerColumn('_dsf_list_idx', TYPES.Int, true),
  integerColumn('_dsf_list_idx2', TYPES.Int, true),
  shapeColumn,
];

/** Bytes of DSF's own cells in one row, at most. */
const systemRoom = 6 * roomOf.int + 3 * roomOf.bigint + 8;

/** Writes DSF's own cells of the rows of one source partition and version, in the order of `systemBulkColumns`. */
export const systemWriter = ({ source, partition, version, table }: RowsOf): ((sink: Sink, row: FlatRow) => void) => {
  const isRoot = table.parent === null;
  return (sink, row) => {
    makeRoom(sink, systemRoom);
    putInt(sink, source);
    putInt(sink, partition);
    putBigInt(sink, row.offset);
    putInt(sink, row.row);
    putInt(sink, version);
    if (isRoot) {
      putBigInt(sink, row.time);
      putBigInt(sink, row.ingestedAt);
    } else putInt(sink, row.parentRow);
    putInt(sink, row.listIdx);
    putInt(sink, row.listIdx2);
    writeShape(sink, row.shape);
  };
};

const makeLayout = (table: FlatTable, own: PhysicalTable): Layout => {
  const system = systemBulkColumns(table);
  const columns: BulkColumn[] = [...system];
  const slots = table.columns.map((column, index): Slot => {
    const physical = own.columns[index];
    if (physical === undefined)
      throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again');
    const codec = codecOf(column.type, physical.sqlType);
    columns.push({
      name: physical.name,
      type: codec.wire,
      nullable: true,
      ...(codec.length === undefined ? {} : { length: codec.length }),
    });
    return { column, physical, codec, exactAt: physical.exact === null ? -1 : 0 };
  });
  let exacts = 0;
  const placed = slots.map((slot) => {
    if (slot.physical.exact === null) return slot;
    columns.push({ name: slot.physical.exact, type: TYPES.NVarChar, nullable: true, length: Number.POSITIVE_INFINITY });
    return { ...slot, exactAt: exacts++ };
  });
  return { table: quoteName(own.name), columns, writers: columns.slice(system.length).map(cellWriter), slots: placed, exacts };
};

/** By table as the catalog has it: a table that has changed is another object. */
const layouts = new WeakMap<PhysicalTable, Layout>();

export const layoutOf = (catalog: Catalog, table: FlatTable): Layout => {
  const own = physicalOf(catalog, table);
  const known = layouts.get(own);
  if (known !== undefined) return known;
  const current = catalog.schema.tables.find(({ id }) => id === table.id) ?? table;
  const layout = makeLayout(current, own);
  layouts.set(own, layout);
  return layout;
};
