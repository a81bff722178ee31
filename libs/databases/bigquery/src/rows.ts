import { groupText, isNum, plainJson, type Header, type KeyPart, type SourcePartition, type Value as MeasureValue } from '@dsf/messages';
import type { ColumnType } from '@dsf/metadata';
import { Failure, type Cell, type FlatRow, type FlatTable, type GroupRow, type RawRow, type RowWrite } from '@dsf/ports';
import { requestBytesMax, type TableRows } from './appender.ts';
import { dayOf, encodeCell, microsOf, type Scale, type Value } from './cells.ts';
import { baseName, flatColumns, rawBase, rawColumns } from './dialect.ts';
import { summaryColumns, type SummaryShape } from './summary-tables.ts';

/*
 * Rows as they are appended.
 */

const encodeHeaders = (headers: readonly Header[]): string =>
  JSON.stringify(headers.map(([name, value]) => [name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')]));

const rawValues = (row: RawRow): readonly Value[] => [
  ...[row.source, row.partition, row.offset],
  ...[row.topic.toWellFormed(), row.time, microsOf(row.time), row.timeType, row.ingestedAt, microsOf(row.ingestedAt)],
  ...[row.key, encodeHeaders(row.headers), row.payload, row.payload?.byteLength ?? 0, row.sha256, dayOf(row.ingestedAt)],
];

export const rawRowsOf = (rows: readonly RawRow[]): TableRows => ({ table: rawBase, columns: rawColumns, rows: rows.map(rawValues) });

interface FlatContext extends SourcePartition {
  readonly table: FlatTable;
  readonly version: number;
  readonly generation: number;
  readonly scale: Scale;
  /** By offset. */
  readonly days: ReadonlyMap<number, number | null>;
}

const flatValues = ({ source, partition, table, version, generation, days, scale }: FlatContext, row: FlatRow): readonly Value[] => {
  const exact: [name: string, cell: Cell][] = [];
  const cells = table.columns.map(({ type, name }, index): Value => {
    const { value, exact: whole } = encodeCell(type, row.cells[index] ?? null, scale);
    if (whole !== undefined) exact.push([name, whole]);
    return value;
  });
  return [
    ...[source, partition, row.offset, row.row, version, generation],
    ...(table.parent === null ? [false, row.time, row.ingestedAt] : [row.parentRow]),
    ...[row.listIdx, row.listIdx2, row.shape],
    ...[exact.length === 0 ? null : JSON.stringify(Object.fromEntries(exact)), days.get(row.offset) ?? null],
    ...cells,
  ];
};

/** Children before their root rows: nobody is shown them before those are there. */
export const flatRowsOf = ({ rows, version, generation }: Extract<RowWrite, { kind: 'flat' }>, scale: Scale): readonly TableRows[] => {
  const { source, partition, tables } = rows;
  const roots = tables.filter(({ table }) => table.parent === null).flatMap((root) => root.rows);
  const days = new Map(roots.map(({ offset, ingestedAt }) => [offset, dayOf(ingestedAt)]));
  return tables
    .toSorted((a, b) => Number(a.table.parent === null) - Number(b.table.parent === null))
    .map(({ table, rows: own }) => ({
      table: baseName(table.name),
      columns: flatColumns(table),
      rows: own.map((row) => flatValues({ source, partition, table, version, generation, days, scale }, row)),
    }));
};

export const tombstoneOf = (root: FlatTable, { at, generation }: Extract<RowWrite, { kind: 'tombstone' }>): TableRows => {
  const values = new Map<string, Value>([
    ...([
      ['_dsf_src', at.source],
      ['_dsf_part', at.partition],
      ['_dsf_off', at.offset],
      ['_dsf_row', 0],
    ] as const),
    ...([
      ['_dsf_version', 0],
      ['_dsf_generation', generation],
      ['_dsf_tombstone', true],
    ] as const),
  ]);
  const columns = flatColumns(root);
  return { table: baseName(root.name), columns, rows: [columns.map(({ name }) => values.get(name) ?? null)] };
};

const integer = /^-?\d{1,19}$/;

const numberCell = (number: string, type: ColumnType): Cell => {
  if (type === 'double') return Number(number);
  if (type === 'bigint') return integer.test(number) && BigInt.asIntN(64, BigInt(number)) === BigInt(number) ? BigInt(number) : null;
  return number;
};

const visibleCell = (value: MeasureValue, type: ColumnType): Cell => {
  if (value === null) return null;
  if (type === 'json') return plainJson(value);
  if (typeof value === 'boolean')
    return type === 'boolean' ? value : type === 'bigint' ? Number(value) : type === 'double' ? null : String(value);
  if (typeof value === 'string') return type === 'boolean' || type === 'bigint' || type === 'double' ? null : value.toWellFormed();
  return isNum(value) ? numberCell(value.n, type) : plainJson(value);
};

const keyText = (part: KeyPart): Value => (part === null ? null : typeof part === 'string' ? part.toWellFormed() : plainJson(part));

export const groupRowsOf = (
  shape: SummaryShape,
  { lane, rows }: { readonly lane: number; readonly rows: readonly GroupRow[] },
  scale: Scale,
): TableRows => ({
  table: shape.base,
  columns: summaryColumns(shape),
  rows: rows.map((row): readonly Value[] => [
    ...[row.group.toWellFormed(), lane, row.revision, row.status, row.reason, row.version, microsOf(row.time)],
    ...[microsOf(row.window), microsOf(row.windowEnd), groupText(row.key, null), JSON.stringify(row.measures), dayOf(row.time)],
    ...shape.keys.map((_, index) => keyText(row.key[index] ?? null)),
    ...shape.measures.map(({ type }, index) => encodeCell(type, visibleCell(row.measures[index] ?? null, type), scale).value),
  ]),
});

const bytesOf = (values: readonly Value[]): number =>
  values.reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length * 3 : value instanceof Uint8Array ? value.byteLength : 10),
    0,
  );

/** @throws Failure `poison` `warehouse.data` for a row that no request can carry */
export const assertRowsFit = ({ table, rows }: TableRows): void => {
  for (const row of rows) {
    const bytes = bytesOf(row);
    if (bytes > requestBytesMax)
      throw new Failure(
        'poison',
        'warehouse.data',
        `a row of ${table} may have ${bytes} bytes, BigQuery takes ${requestBytesMax} at once`,
        { table, bytes },
      );
  }
};
