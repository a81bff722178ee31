import { pathSegments, systemPath } from '@dsf/metadata';

/*
 * Paths that flatten itself adds to those of the message. The root table's is '', so the scalars that are root rows lie at `$value`;
 * `<list>.$n` is the length of a list in `_dsf_rest`; `<path>.$of.<parent table>` is the table of a path that has a second parent.
 */

const secondParent = '$of';

/** The column path of rows that are scalars, in the table whose members lie below `prefix`. */
export const valuePath = (prefix: string): string => (prefix === '' ? '$value' : prefix);

export const lengthPath = (path: string): string => systemPath(path, '$n');

export const alternativeTablePath = (path: string, parentTable: string): string => {
  const marked = systemPath(path, `$of`);
  return parentTable === '' ? marked : `${marked}.${parentTable}`;
};

/** A table's path as a place in the message. */
export const logicalPath = (tablePath: string): string => {
  const segments = pathSegments(tablePath);
  const end = segments.indexOf(secondParent);
  return end === -1 ? tablePath : segments.slice(0, end).join('.');
};
