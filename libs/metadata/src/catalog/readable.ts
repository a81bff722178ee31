import { didYouMean } from '../did-you-mean.ts';
import type { PolicyKind, SourceDefinition } from '../definitions.ts';
import { isWithin, memberOf, parentPath, pathSegments } from '../path.ts';
import type { PathKind, SourcePaths } from './known-paths.ts';
import type { Finding } from './report.ts';

/*
 * Whether a driver that reads one table of a source can see a path: it must exist, be stored, and lie in that table or in one of those that
 * the table hangs from. What lies in another list has many values for one row.
 */

/** A source as drivers see it; `paths` is null when nothing is known about its messages. */
export interface SourceView {
  readonly source: SourceDefinition;
  readonly paths: SourcePaths | null;
}

/** The path and those above it, longest first, without the root. */
const upwards = (path: string): readonly string[] => {
  const above: string[] = [];
  for (let at: string | null = path; at !== null && at !== ''; at = parentPath(at)) above.push(at);
  return above;
};

const matches = (rule: readonly string[], path: readonly string[]): boolean =>
  rule.length === path.length && rule.every((segment, index) => segment === '*' || segment === path[index]);

/** The policy that rules give to exactly this path; a rule without `*` goes before one with. */
const ownPolicy = (source: SourceDefinition, path: string): PolicyKind | null => {
  const segments = pathSegments(path);
  let found: PolicyKind | null = null;
  for (const [pattern, rule] of Object.entries(source.paths)) {
    const policy = typeof rule === 'string' ? rule : rule.policy;
    if (policy === undefined || !matches(pathSegments(pattern), segments)) continue;
    if (pattern === path) return policy;
    found ??= policy;
  }
  return found;
};

/** How what is at `path` is stored, when it is of `kind`: by the longest rule, else by the source's defaults. */
const policyAt = (source: SourceDefinition, path: string, kind: PathKind): PolicyKind => {
  for (const at of upwards(path)) {
    const policy = ownPolicy(source, at);
    if (policy !== null) return policy;
  }
  return kind === 'list' ? source.lists : source.objects;
};

/** Policies that leave one column, or none. */
const closed: ReadonlySet<PolicyKind> = new Set<PolicyKind>(['json', 'join', 'count', 'drop']);

const hasTable = (policy: PolicyKind): boolean => policy === 'child' || policy === 'child_scalar' || policy === 'map';

const unreadableSystemPath = (source: SourceDefinition, segments: readonly string[]): Finding | null => {
  const [word = '', name = ''] = segments;
  if (word === '$time' || word === '$ingested') return null;
  if (word === '$key') {
    return source.key === undefined
      ? {
          code: 'driver.key-not-kept',
          message: `the message key of \`${source.name}\` is not kept in its tables`,
          hint: `add \`key: message_key\` to the source`,
        }
      : null;
  }
  const header = memberOf(name);
  if (word === '$headers' && segments.length === 2) {
    return Object.hasOwn(source.headers, header)
      ? null
      : {
          code: 'driver.header-not-kept',
          message: `the header \`${header}\` of \`${source.name}\` is not kept in its tables`,
          hint: `add \`headers: { ${JSON.stringify(header)}: column_name }\` to the source`,
        };
  }
  return {
    code: 'driver.path-unknown',
    message: `\`${segments.join('.')}\` is nothing that DSF knows about a message`,
    hint: 'there are dsf.key, dsf.time, dsf.ingested and dsf.headers["name"]',
  };
};

const unknownPath = (view: SourceView, path: string): Finding => ({
  code: 'driver.path-unknown',
  message: `\`${path}\` does not exist in the messages of \`${view.source.name}\``,
  hint: didYouMean(path, view.paths?.keys() ?? [], 'path'),
});

/** A path above `path` whose content is stored as one piece, or not at all. */
const unreadableOwner = ({ source, paths }: SourceView, path: string): Finding | null => {
  for (const owner of upwards(parentPath(path) ?? '')) {
    const kinds = paths?.get(owner);
    for (const kind of kinds ?? []) {
      const policy = policyAt(source, owner, kind);
      // Members of an object that is stored as JSON can be read; items of a list cannot.
      if (kind === 'value' || !closed.has(policy) || (policy === 'json' && kind !== 'list')) continue;
      return {
        code: 'driver.path-not-stored',
        message: `\`${path}\` has no column, because \`${owner}\` is stored with the policy \`${policy}\``,
        hint: `give \`${owner}\` another policy, for example \`child\` or \`columns\``,
      };
    }
  }
  return null;
};

/** The list that the path lies in, when the table does not hang from it. */
const listOutOfReach = ({ source, paths }: SourceView, table: string, path: string): string | null =>
  upwards(path).find(
    (owner) => paths?.get(owner)?.has('list') === true && !isWithin(table, owner) && hasTable(policyAt(source, owner, 'list')),
  ) ?? null;

const inMap = ({ source }: SourceView, path: string): boolean =>
  upwards(parentPath(path) ?? '').some((owner) => ownPolicy(source, owner) === 'map');

/** What is wrong with reading `path` from rows of `table`; null when nothing is, or nothing can be known. */
export const whyUnreadable = (view: SourceView, table: string, path: string): Finding | null => {
  const segments = pathSegments(path);
  if (segments[0]?.startsWith('$') === true) return unreadableSystemPath(view.source, segments);
  if (view.paths === null || inMap(view, path) || segments.some((segment) => segment.startsWith('$'))) return null;
  const stored = unreadableOwner(view, path);
  if (stored !== null) return stored;
  const kinds = view.paths.get(path);
  if (kinds === undefined) return unknownPath(view, path);
  const list = listOutOfReach(view, table, path);
  if (list !== null) {
    return {
      code: 'driver.path-in-list',
      message: `\`${path}\` has many values per row of ${table === '' ? 'the root table' : `\`${table}\``}, because \`${list}\` is a list`,
      hint: `read the list's table with \`table: ${list}\`, or give \`${list}\` the policy \`first\`, \`last\`, \`join\` or \`count\``,
    };
  }
  const [only] = kinds;
  const policy = only === undefined ? 'child' : policyAt(view.source, path, only);
  if (policy === 'drop')
    return {
      code: 'driver.path-not-stored',
      message: `\`${path}\` is dropped by the source`,
      hint: `take the policy \`drop\` from \`${path}\``,
    };
  if (kinds.has('value') || kinds.has('any') || !(hasTable(policy) || policy === 'columns')) return null;
  return {
    code: 'driver.path-not-a-value',
    message: `\`${path}\` is ${kinds.has('list') ? 'a list' : 'an object'}, not a single value`,
    hint: `read one of its members, as in \`${path}.name\``,
  };
};

/** What is wrong with `table` as the table that a driver reads. */
export const whyNoTable = (view: SourceView, table: string): Finding | null => {
  if (table === '' || view.paths === null || inMap(view, table)) return null;
  const kinds = view.paths.get(table);
  if (kinds === undefined) {
    const tables = [...view.paths].filter(([, found]) => found.has('list') || found.has('object')).map(([path]) => path);
    return {
      code: 'driver.path-unknown',
      message: `\`${table}\` does not exist in the messages of \`${view.source.name}\``,
      hint: didYouMean(table, tables, 'child table'),
    };
  }
  const nested = [...kinds].filter((kind) => kind !== 'value');
  if (nested.length === 0)
    return {
      code: 'driver.table-is-value',
      message: `\`${table}\` is a single value of each message, not a list or an object, and has no table`,
      hint: `leave \`table\` out to read the root table`,
    };
  const policies = nested.map((kind) => policyAt(view.source, table, kind));
  if (nested.includes('any') || policies.some(hasTable)) return unreadableOwner(view, table);
  return {
    code: 'driver.table-not-stored',
    message: `\`${table}\` has no table, because it is stored with the policy \`${policies.join('`, `')}\``,
    hint: `give \`${table}\` the policy \`child\` in the source's \`paths\``,
  };
};
