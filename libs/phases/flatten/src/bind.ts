import type { Cell, MissingPath, WarehouseCapabilities } from '@dsf/ports';
import { placeOf } from './columns.ts';
import { lengthPath } from './flat-paths.ts';
import type { Scalar } from './json.ts';
import { fitsDecimal } from './number-text.ts';
import type { BoundPath, Field, OpenRow, SourcePlan, TableNode } from './plan.ts';
import { typed } from './typed.ts';
import type { Typed } from './typed.ts';

/*
 * From places in the message to cells: the value goes to its path's column, to a variant of it, or to `_dsf_rest`. What has no column yet
 * is gathered, once each.
 */

/** What one call of `apply` gathers. */
export interface Batch {
  readonly source: SourcePlan;
  /** In the order in which they were met: a table before its columns and its children. */
  readonly missing: Map<string, MissingPath>;
  /** Tables with rows, parents first. */
  readonly touched: TableNode[];
  /** Members of `_dsf_rest` by row, as JSON. */
  readonly rests: Map<OpenRow, { readonly index: number; readonly members: string[] }>;
}

export const newBatch = (source: SourcePlan): Batch => ({ source, missing: new Map(), touched: [], rests: new Map() });

/** Exactly what `typed` and `placeOf` come to for the values that most columns have, in one step; undefined for all others. */
const plainCell = (
  type: BoundPath['type'],
  value: Scalar,
  detect: boolean,
  decimal: WarehouseCapabilities['decimal'],
): Exclude<Cell, null> | undefined => {
  if (typeof value === 'string') return type === 'text' && !detect ? value : undefined;
  if (typeof value !== 'number') return undefined;
  // `+ 0` because -0 is an integer too, and no column knows it.
  if (Number.isSafeInteger(value)) return type === 'bigint' ? value + 0 : type === 'decimal' ? String(value + 0) : undefined;
  if (type !== 'decimal') return undefined;
  const text = String(value);
  return text.includes('e') || !fitsDecimal(text, decimal) ? undefined : text;
};

/** A scalar into the columns of its field. */
export const putScalar = (batch: Batch, row: OpenRow, field: Field, value: Scalar): void => {
  const { bound, declared } = field;
  const { catalog, capabilities } = batch.source;
  const { detect } = catalog.definition;
  const plain = declared === null ? plainCell(bound.type, value, detect, capabilities.decimal) : undefined;
  if (plain !== undefined) row.cells[bound.value] = plain;
  else putTyped(batch, row, field, typed(value, declared, detect, capabilities));
};

export const putTyped = (batch: Batch, row: OpenRow, field: Field, value: Typed): void => {
  const { bound, declared, table } = field;
  if (bound.type !== null) {
    const place = placeOf(bound.type, value.type, declared, batch.source.capabilities);
    if (place === 'own') {
      row.cells[bound.value] = bound.type === 'decimal' ? String(value.cell) : value.cell;
      return;
    }
    const index = place === 'variant' ? bound.variants.get(value.type) : undefined;
    if (index !== undefined) {
      row.cells[index] = value.cell;
      return;
    }
    if (place === 'widen') return missColumn(batch, field, value);
  }
  if (table.full) putRest(batch, row, field, restMember(field.path, value));
  else missColumn(batch, field, value);
};

/** The length of a list, or the number of entries of a map: -1 for null. */
export const putLength = (batch: Batch, row: OpenRow, field: Field, length: number): void => {
  const { bound, table, path } = field;
  if (bound.length !== -1) row.cells[bound.length] = length;
  else if (table.full) putRest(batch, row, field, `${JSON.stringify(lengthPath(path))}:${length}`);
  else miss(batch, { kind: 'column', source: batch.source.catalog.id, tablePath: table.path, path, role: 'length', type: 'bigint' });
};

const restMember = (path: string, { type, cell }: Typed): string => {
  const isRaw = typeof cell !== 'string' || type === 'json' || type === 'decimal' || type === 'number';
  return `${JSON.stringify(path)}:${isRaw ? String(cell) : JSON.stringify(cell)}`;
};

const putRest = (batch: Batch, row: OpenRow, field: Field, member: string): void => {
  const { table } = field;
  if (table.rest === -1) {
    miss(batch, { kind: 'column', source: batch.source.catalog.id, tablePath: table.path, path: '', role: 'rest', type: 'json' });
    return;
  }
  const known = batch.rests.get(row);
  if (known === undefined) batch.rests.set(row, { index: table.rest, members: [member] });
  else known.members.push(member);
};

/** Writes what was gathered for `_dsf_rest` into its cells. */
export const closeRests = (batch: Batch): void => {
  for (const [row, { index, members }] of batch.rests) row.cells[index] = `{${members.join(',')}}`;
};

const missColumn = (batch: Batch, { table, path }: Field, { type }: Typed): void => {
  const at = { kind: 'column', source: batch.source.catalog.id, tablePath: table.path, path, role: 'value' } as const;
  miss(batch, type === 'number' ? { ...at, type: 'text', exactNumber: true } : { ...at, type });
};

export const missTable = (batch: Batch, table: TableNode): void =>
  miss(batch, { kind: 'table', source: batch.source.catalog.id, path: table.path, parentPath: table.parent?.path ?? null });

const miss = (batch: Batch, missing: MissingPath): void => {
  const key =
    missing.kind === 'table'
      ? missing.path
      : `${missing.tablePath}\n${missing.path}\n${missing.role}\n${missing.type}\n${missing.exactNumber ?? false}`;
  if (!batch.missing.has(`${missing.kind}\n${key}`)) batch.missing.set(`${missing.kind}\n${key}`, missing);
};
