import type { FlatSchema, FlatTable } from '@dsf/ports';
import { baseName, flatColumns, quoteName, quoteText, rawBase, rawColumns, rawView, viewName, type PhysicalColumn } from './dialect.ts';
import type { SummaryShape } from './summary-tables.ts';

/*
 * What people and DSF itself read: one copy of each row, of the generation that counts.
 */

const record = '_dsf_src, _dsf_part, _dsf_off';

const names = (columns: readonly PhysicalColumn[]): string => columns.map(({ name }) => quoteName(name)).join(', ');

const from = (dataset: string, table: string): string => `${quoteName(dataset)}.${quoteName(table)}`;

/** @param where - a condition on the coordinates, so that BigQuery reads no more blocks than it must; '' for all */
export const rawRows = (dataset: string, where = ''): string =>
  `SELECT ${names(rawColumns)} FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY ${record} ORDER BY ingested_ms) AS _dsf_copy FROM ${from(dataset, rawBase)} ${where}
) WHERE _dsf_copy = 1`;

/**
 * Rows of one table: the root rows of the newest generation decide, a tombstone among them says that there are none.
 * @param columns - those that are shown; all without it
 */
export const flatRows = (
  dataset: string,
  table: FlatTable,
  { root, where = '', columns }: { readonly root: FlatTable; readonly where?: string; readonly columns?: readonly string[] },
): string => {
  const newest = `SELECT ${record}, MAX(_dsf_generation) AS _dsf_newest FROM ${from(dataset, baseName(root.name))} ${where} GROUP BY ${record}`;
  const shown = columns?.map(quoteName).join(', ') ?? names(flatColumns(table));
  const alive = table.parent === null ? ' AND NOT _dsf_tombstone' : '';
  return `SELECT ${shown} FROM (
  SELECT own.*, roots._dsf_newest, ROW_NUMBER() OVER (PARTITION BY own._dsf_src, own._dsf_part, own._dsf_off, own._dsf_row, own._dsf_generation ORDER BY own._dsf_version) AS _dsf_copy
  FROM (SELECT * FROM ${from(dataset, baseName(table.name))} ${where}) AS own
  JOIN (${newest}) AS roots ON own._dsf_src = roots._dsf_src AND own._dsf_part = roots._dsf_part AND own._dsf_off = roots._dsf_off
) WHERE _dsf_generation = _dsf_newest AND _dsf_copy = 1${alive}`;
};

const createView = (dataset: string, name: string, { about, body }: { readonly about: string; readonly body: string }): string =>
  `CREATE OR REPLACE VIEW ${from(dataset, name)} OPTIONS(description=${quoteText(about)}) AS\n${body}`;

export const createRawView = (dataset: string): string =>
  createView(dataset, rawView, { about: 'Raw messages of all sources, each once', body: rawRows(dataset) });

export const rootOf = ({ tables }: FlatSchema, source: number): FlatTable | undefined =>
  tables.find((table) => table.source === source && table.parent === null);

export const createFlatView = (dataset: string, table: FlatTable, root: FlatTable): string =>
  createView(dataset, viewName(table), {
    about: `${table.path === '' ? 'One row per message' : `Rows of ${table.path} in messages`} of source ${table.source}, each once`,
    body: flatRows(dataset, table, { root }),
  });

/** Each group once, as it was when it last changed. */
const newestGroups = (dataset: string, table: string): string =>
  `SELECT * EXCEPT (_dsf_copy) FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY _dsf_group ORDER BY _dsf_revision DESC) AS _dsf_copy FROM ${from(dataset, table)}
) WHERE _dsf_copy = 1`;

export const createInstanceView = (dataset: string, { view, base, instance }: SummaryShape): string =>
  createView(dataset, view, { about: `Groups of ${instance}, each once, gone ones too`, body: newestGroups(dataset, base) });

/** What people read of a driver: the groups that have a number, of the instance that is complete. */
export const createDriverView = (dataset: string, name: string, shape: SummaryShape): string => {
  const shown = [...shape.keys, ...(shape.windowed ? ['window_start', 'window_end'] : []), ...shape.measures.map((one) => one.name)];
  return createView(dataset, name, {
    about: `Driver ${shape.driver}: one row per group, as of its newest revision`,
    body: `SELECT ${[...shown, '_dsf_revision', '_dsf_updated_at'].map(quoteName).join(', ')} FROM (${newestGroups(dataset, shape.base)}) WHERE _dsf_status = 'live'`,
  });
};
