import type { Problem } from '@dsf/metadata';
import type { Found } from './config-definitions.ts';

/*
 * Where a place in the definitions stands in the config tables, in words for a person who has SQL before him.
 */

type Step = Problem['at'][number] | undefined;

/** Columns that are not named as the field that they hold. */
const columnOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dsf_source: { table: 'table_name', key: 'key_column' },
  dsf_source_path: { name: 'column_name', type: 'column_type' },
  dsf_driver: { window: 'window_size' },
  dsf_driver_input: { table: 'table_path' },
  dsf_measure: { max: 'max_items', type: 'column_type' },
  dsf_publication: { type: 'event_type' },
};

const row = (table: string, key: string, field: Step): string => {
  const column = field === undefined ? '' : `, column ${columnOf[table]?.[String(field)] ?? String(field)}`;
  return `table ${table}, row ${key}${column}`;
};

const quoted = (value: unknown): string => `'${String(value)}'`;

const sourcePlace = (name: unknown, [field, member, detail]: readonly Step[]): string => {
  if (field === 'headers' && member !== undefined) return row('dsf_source_header', `${quoted(name)}, ${quoted(member)}`, 'column_name');
  if (field === 'paths' && member !== undefined) return row('dsf_source_path', `${quoted(name)}, ${quoted(member)}`, detail ?? 'policy');
  return row('dsf_source', quoted(name), field);
};

const inputPlace = (name: unknown, [input, field, member]: readonly Step[]): string => {
  if (input === undefined) return `table dsf_driver_input, rows of ${quoted(name)}`;
  // Inputs are told apart by their order, because their numbers may have gaps.
  const key = `${quoted(name)}, input ${Number(input) + 1} in order`;
  return field === 'expressions' && member !== undefined
    ? row('dsf_driver_expression', `${key}, ${quoted(member)}`, 'expression')
    : row('dsf_driver_input', key, field);
};

const driverPlace = (name: unknown, [field, member, ...rest]: readonly Step[]): string => {
  if (field === 'inputs') return inputPlace(name, [member, ...rest]);
  if (field === 'key' && member !== undefined) return row('dsf_driver_key', `${quoted(name)}, ${quoted(member)}`, 'expression');
  if (field === 'measures' && member !== undefined) return row('dsf_measure', `${quoted(name)}, ${quoted(member)}`, rest[0]);
  return row('dsf_driver', quoted(name), field);
};

export const placeOf = (found: Found, [list, index, ...rest]: Problem['at']): string => {
  const place = Number(index);
  if (list === 'sources') return sourcePlace(found.sources[place]?.name, rest);
  if (list === 'drivers') return driverPlace(found.drivers[place]?.name, rest);
  if (list === 'publications') return row('dsf_publication', quoted(found.publications[place]?.name), rest[0]);
  if (list === 'connections') return row('dsf_connection', quoted(found.connections[place]?.name), rest[1] ?? rest[0]);
  return row('dsf_setting', '1', index);
};
