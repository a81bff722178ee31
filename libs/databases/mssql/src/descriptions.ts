import type { FlatTable } from '@dsf/ports';
import { quoteName, quoteText, systemColumns } from './dialect.ts';
import type { SummaryLayout } from './summary-tables.ts';

/*
 * What tables and columns of rows are for, said in the catalog of the server (MS_Description), so that every tool shows it. Tables of definitions and
 * state are described by a migration. https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
 */

export interface Described {
  /** Schema, not quoted. */
  readonly schema: string;
  readonly kind: 'TABLE' | 'VIEW';
  readonly name: string;
  /** Null: the table or view itself. */
  readonly column: string | null;
}

/** A value has 7,500 bytes, of which the words of a long path take what they need. */
const wordsMax = 3_500;

export const describe = ({ schema, kind, name, column }: Described, words: string): string => {
  quoteName(name);
  const ofColumn = column === null ? '' : `, @level2type = N'COLUMN', @level2name = ${quoteText(column)}`;
  return `EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = ${quoteText(words.slice(0, wordsMax))}, @level0type = N'SCHEMA', @level0name = ${quoteText(schema)}, @level1type = N'${kind}', @level1name = ${quoteText(name)}${ofColumn}`;
};

const flatWords: Readonly<Record<string, string>> = {
  _dsf_src: 'Source of the record; its name is in the table name of the definitions',
  _dsf_part: 'Partition of the source',
  _dsf_off: 'Offset of the record in its partition',
  _dsf_row: 'Number of the row among those of this record in this table, in the order of the message',
  _dsf_version: 'Version of the definitions that made the row',
  _dsf_time_ms: 'Timestamp of the broker, UTC ms',
  _dsf_ingested_ms: 'When the message was stored, UTC ms',
  _dsf_time: '_dsf_time_ms as a moment; NULL outside the years 1 to 9999',
  _dsf_ingested_at: '_dsf_ingested_ms as a moment; NULL outside the years 1 to 9999',
  _dsf_parent_row: '_dsf_row of the row in the parent table',
  _dsf_list_idx: 'Place in the list, from 0; NULL: not in a list',
  _dsf_list_idx2: 'Place in the inner list, where lists hold lists',
  _dsf_shape: 'What the row was made of, where its columns do not tell: null, object or list',
};

/** The words for what DSF adds to a root or child table. */
export const systemWords = (table: Pick<FlatTable, 'parent'>): readonly (readonly [column: string, words: string])[] => {
  const computed = table.parent === null ? ['_dsf_time', '_dsf_ingested_at'] : [];
  return [...systemColumns(table), ...computed].map((column) => [column, flatWords[column] ?? ''] as const);
};

const groupWords: Readonly<Record<string, string>> = {
  _dsf_id: 'Number of the row; new groups append',
  _dsf_hash: 'SHA-256 of _dsf_group, by which a group is found',
  _dsf_group: 'Key and window as text',
  _dsf_lane: 'Lane of summarise that owns the group',
  _dsf_revision: 'Rises with each change of the group and never restarts',
  _dsf_status: 'live; failed: shows no number until it is computed again; gone: every row of it was corrected away',
  _dsf_reason: 'Why it changed last: update, late, correction, rebuild or retract',
  _dsf_version: 'Version of the definitions that changed it last',
  _dsf_updated_ms: 'When it changed last, UTC ms',
  _dsf_window_start_ms: 'Start of the window, UTC ms',
  _dsf_window_end_ms: 'End of the window, UTC ms; not in it any more',
  _dsf_key: 'Key, exactly, as JSON',
  _dsf_measures: 'Measures, exactly, as JSON',
  _dsf_states: 'What DSF goes on computing from, as JSON',
};

const visibleWords = ({ keys, measures }: SummaryLayout): readonly (readonly [column: string, words: string])[] => [
  ...keys.map((name) => [name, 'Part of the key of the group'] as const),
  ...measures.map(({ name }) => [name, 'Measure of the group'] as const),
];

/** One batch of statements for the table of a driver instance. */
export const describeSummaryTable = (schema: string, layout: SummaryLayout): string =>
  [
    describe(
      { schema, kind: 'TABLE', name: layout.table, column: null },
      `Groups of driver instance ${layout.instance}; read them through the view of the driver`,
    ),
    ...[...Object.entries(groupWords), ...visibleWords(layout)].map(([column, words]) =>
      describe({ schema, kind: 'TABLE', name: layout.table, column }, words),
    ),
  ].join(';\n');

/** For the view of a driver; its columns are described in the table beneath. */
export const describeSummaryView = (schema: string, name: string, layout: SummaryLayout): string =>
  describe(
    { schema, kind: 'VIEW', name, column: null },
    `One row per group of the driver ${layout.driver}; its columns are those of ${layout.table}`,
  );
