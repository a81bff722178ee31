import { childPath, memberOf, pathSegments } from '@dsf/metadata';
import { logicalPath, valuePath } from './flat-paths.ts';
import { chosenName, joinedName } from './names.ts';
import type { SourcePlan } from './plan.ts';
import { matchPath } from './rules.ts';

/*
 * What a table or column would like to be called, before anybody looks whether the name is free.
 */

/** Tables that start with `dsf_` are the framework's own, those with `sqlite_` a database's. */
const tableName = (name: string): string => (/^(?:dsf|sqlite)_/i.test(name) ? chosenName(`x${name}`) : chosenName(name));

/** @param rootName - the name that the root table was given; null while it has none */
export const tableWish = (source: SourcePlan, tablePath: string, rootName: string | null): string => {
  const { name, table, names } = source.catalog.definition;
  const root = rootName ?? tableName(table ?? name.replaceAll('.', '_'));
  const path = logicalPath(tablePath);
  if (path === '') return root;
  const chosen = matchPath(source.rules, path).name;
  return chosen === null ? `${root}__${joinedName(pathSegments(path), names)}` : tableName(chosen);
};

/** Names of what the message's envelope brings to the root table; null for everything else. */
const envelopeWish = (source: SourcePlan, path: string): string | null => {
  const { key, headers } = source.catalog.definition;
  if (path === '$key') return key ?? 'key';
  const [first, header] = pathSegments(path);
  if (first !== '$headers' || header === undefined) return null;
  const name = memberOf(header);
  return Object.hasOwn(headers, name) && childPath('$headers', name) === path ? (headers[name] ?? name) : name;
};

/** @param path - of a value or a list that is stored in the table at `tablePath` */
export const columnWish = (source: SourcePlan, tablePath: string, path: string): string => {
  const envelope = tablePath === '' ? envelopeWish(source, path) : null;
  if (envelope !== null) return chosenName(envelope);
  const prefix = logicalPath(tablePath);
  if (path === valuePath(prefix)) return 'value';
  const chosen = matchPath(source.rules, path).name;
  if (chosen !== null) return chosenName(chosen);
  const segments = pathSegments(path).slice(pathSegments(prefix).length);
  // How many entries a map has is told by the map's own name.
  const named = segments.length > 1 && segments.at(-1) === '$key' ? segments.slice(0, -1) : segments;
  return joinedName(named, source.catalog.definition.names);
};
