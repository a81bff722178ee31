import type { Problem } from '../problem.ts';
import type { ConfigTableName, NameTable } from './config-tables.ts';
import type { Found } from './definitions-of-rows.ts';

/*
 * Where a place in the definitions stands in the config tables, in words for a person who has SQL before him.
 */

type Step = Problem['at'][number] | undefined;

/** Columns that are not named as the field that they hold. */
const columnOf: Readonly<Partial<Record<ConfigTableName, Readonly<Record<string, string>>>>> = {
  source: { table: 'table_name', key: 'key_column' },
  source_path: { name: 'column_name', type: 'column_type' },
  driver: { window: 'window_size' },
  driver_input: { table: 'table_path' },
  measure: { max: 'max_items', type: 'column_type' },
  publication: { type: 'event_type' },
};

/** A place in words. */
type Row = (table: ConfigTableName, key: string, field: Step) => string;

const rowIn =
  (nameTable: NameTable): Row =>
  (table, key, field) => {
    const column = field === undefined ? '' : `, column ${columnOf[table]?.[String(field)] ?? String(field)}`;
    return `table ${nameTable(table)}, row ${key}${column}`;
  };

const quoted = (value: unknown): string => `'${String(value)}'`;

const sourcePlace = (row: Row, name: unknown, [field, member, detail]: readonly Step[]): string => {
  if (field === 'headers' && member !== undefined) return row('source_header', `${quoted(name)}, ${quoted(member)}`, 'column_name');
  if (field === 'paths' && member !== undefined) return row('source_path', `${quoted(name)}, ${quoted(member)}`, detail ?? 'policy');
  return row('source', quoted(name), field);
};

const inputPlace = (row: Row, name: unknown, [input, field, member]: readonly Step[]): string => {
  if (input === undefined) return row('driver_input', quoted(name), undefined);
  // Inputs are told apart by their order, because their numbers may have gaps.
  const key = `${quoted(name)}, input ${Number(input) + 1} in order`;
  return field === 'expressions' && member !== undefined
    ? row('driver_expression', `${key}, ${quoted(member)}`, 'expression')
    : row('driver_input', key, field);
};

const driverPlace = (row: Row, name: unknown, [field, member, ...rest]: readonly Step[]): string => {
  if (field === 'inputs') return inputPlace(row, name, [member, ...rest]);
  if (field === 'key' && member !== undefined) return row('driver_key', `${quoted(name)}, ${quoted(member)}`, 'expression');
  if (field === 'measures' && member !== undefined) return row('measure', `${quoted(name)}, ${quoted(member)}`, rest[0]);
  return row('driver', quoted(name), field);
};

export const placeOf = (found: Found, [list, index, ...rest]: Problem['at'], nameTable: NameTable): string => {
  const row = rowIn(nameTable);
  const place = Number(index);
  if (list === 'sources') return sourcePlace(row, found.sources[place]?.name, rest);
  if (list === 'drivers') return driverPlace(row, found.drivers[place]?.name, rest);
  if (list === 'publications') return row('publication', quoted(found.publications[place]?.name), rest[0]);
  if (list === 'connections') return row('connection', quoted(found.connections[place]?.name), rest[1] ?? rest[0]);
  return row('setting', '1', index);
};
