/*
 * A path names a place in the messages of one source, whatever list item or map entry it is found in: `items.discounts` is the list
 * `discounts` of every item of the list `items`. The root is the empty path. Paths are text; a `.` or `\` inside a member name is
 * escaped with `\`, and the empty member name is written `\e`. Members that start with `$` are DSF's own: `$key` (message key or map key), `$headers.<name>`, `$time`, `$ingested`,
 * `$item` (an inner list inside a list of lists).
 */

/** The path of `member` below `parent`. */
export const childPath = (parent: string, member: string): string => {
  const segment = /[.\\]/.test(member) ? member.replaceAll(/[.\\]/g, String.raw`\$&`) : member;
  // A lone backslash for the empty name would be read as the escape of the dot that follows it.
  const escaped = segment === '' ? String.raw`\e` : segment.startsWith('$') ? `\\${segment}` : segment;
  return parent === '' ? escaped : `${parent}.${escaped}`;
};

/** The path of something that DSF itself adds below `parent`, such as `$key`. */
export const systemPath = (parent: string, word: `$${string}`): string => (parent === '' ? word : `${parent}.${word}`);

/** Splits a path into its still escaped segments; the root has none. */
export const pathSegments = (path: string): readonly string[] => (path === '' ? [] : (path.match(/(?:\\.|[^.\\])+/g) ?? []));

/** A segment as the member name that it stands for. */
export const memberOf = (segment: string): string => (segment === String.raw`\e` ? '' : segment.replaceAll(/\\(.)/g, '$1'));

/** The path one level up; null for the root. */
export const parentPath = (path: string): string | null => {
  const segments = pathSegments(path);
  return segments.length === 0 ? null : segments.slice(0, -1).join('.');
};

/** True when `path` is `ancestor` or lies below it. */
export const isWithin = (path: string, ancestor: string): boolean =>
  ancestor === '' || path === ancestor || path.startsWith(`${ancestor}.`);
