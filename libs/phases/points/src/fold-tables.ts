import type { ColumnType } from '@dsf/metadata';
import type { FlatColumn, FlatTable, FoldInput, FoldKind, FoldTable, FoldValue } from '@dsf/ports';
import { FoldRefused, nothing } from './fold-value.ts';
import { placeOf } from './places.ts';
import type { SourceTables } from './places.ts';
import type { Site } from './plan.ts';

const kinds: Readonly<Record<ColumnType, FoldKind | null>> = {
  boolean: 'boolean',
  bigint: 'number',
  decimal: 'number',
  text: 'text',
  date: 'text',
  timestamp: 'moment',
  // Its shortest decimal text is JavaScript's.
  double: null,
  json: null,
};

/** Tables that one input reads, as its expressions ask for paths. */
export interface InputTables {
  readonly cell: (path: string) => FoldValue;
  readonly read: () => Pick<FoldInput, 'tables' | 'root' | 'empty'>;
}

/** @param chain - the input's table and its ancestors up to the root */
export const createInputTables = (chain: readonly FlatTable[], tables: SourceTables): InputTables => {
  const read: FoldTable[] = chain.map((table, index) => ({ table, joined: index === 0 ? null : { to: index - 1, as: 'parent' } }));
  const empty = new Map<string, FoldInput['empty'][number]>();

  const single = (to: number, id: number): number => {
    const known = read.findIndex(({ table, joined }) => table.id === id && joined?.to === to && joined.as === 'single');
    const table = tables.byId.get(id);
    if (known !== -1 || table === undefined) return known;
    return read.push({ table, joined: { to, as: 'single' } }) - 1;
  };
  const tableOf = ({ up, down }: Site): number => down.reduce(single, up);

  /** The path's own column of the first place that has one; in all others, which are for values of other types, nothing may stand. */
  const cell = (path: string): FoldValue => {
    const place = placeOf(path, chain, tables);
    if (place.kind !== 'cells') throw new FoldRefused('the time of a message, as text');
    const found = place.sites.flatMap((site) => {
      const table = tableOf(site);
      return site.columns.map((column) => ({ table, column }));
    });
    if (found.length === 0) return nothing;
    const own = found.find(({ column }) => isOwn(column, path));
    if (own === undefined) throw new FoldRefused(`${path} stands in a JSON column`);
    const of = kinds[own.column.type];
    if (of === null) throw new FoldRefused(`${path} is a column of type ${own.column.type}`);
    for (const other of found) if (other !== own) empty.set(`${other.table}:${other.column.id}`, other);
    return { kind: 'cell', ...own, of };
  };

  return { cell, read: () => ({ tables: read, root: chain.length - 1, empty: [...empty.values()] }) };
};

const isOwn = ({ role, path: own }: FlatColumn, path: string): boolean => role === 'value' && own === path;
