import type { Value } from '@dsf/messages';
import type { FlatRow } from '@dsf/ports';
import type { Place, Reading, Site } from './plan.ts';
import type { RecordRows } from './record-rows.ts';

/** The row that makes a point, with its ancestors. */
export interface RowView {
  /** The row, its parent, …, the root row; shorter when an ancestor is missing. */
  readonly lineage: readonly FlatRow[];
  /** The root row; undefined when it is missing. */
  readonly root: FlatRow | undefined;
  readonly record: RecordRows;
}

/** @param chain - table ids from the row's table up to the root */
export const viewRow = (row: FlatRow, chain: readonly number[], record: RecordRows): RowView => {
  const lineage = [row];
  let at: FlatRow | undefined = row;
  for (let up = 1; up < chain.length; up += 1) {
    at = at.parentRow === null ? undefined : record.row(chain[up] ?? -1, at.parentRow);
    if (at === undefined) break;
    lineage.push(at);
  }
  return { lineage, root: lineage.length === chain.length ? lineage.at(-1) : undefined, record };
};

const siteRow = ({ lineage, record }: RowView, site: Site): FlatRow | undefined => {
  let row = lineage[site.up];
  for (const table of site.down) row = row === undefined ? undefined : record.single(table, row.row);
  return row;
};

const timeText = (ms: number | null | undefined): Value => (ms === null || ms === undefined ? null : new Date(ms).toISOString());

const readPlace = (view: RowView, place: Place): Value => {
  if (place.kind === 'time') return timeText(view.root?.time);
  if (place.kind === 'ingested') return timeText(view.root?.ingestedAt);
  for (const site of place.sites) {
    const row = siteRow(view, site);
    if (row === undefined) continue;
    for (const reader of site.readers) {
      const value = reader(row);
      if (value !== null) return value;
    }
  }
  return null;
};

/** @throws ExpressionError when the expression cannot be computed for this row */
export const readValue = (view: RowView, reading: Reading): Value => {
  if (reading.place !== null) return readPlace(view, reading.place);
  return reading.expression.evaluate((path) => {
    const place = reading.places.get(path);
    return place === undefined ? null : readPlace(view, place);
  });
};
